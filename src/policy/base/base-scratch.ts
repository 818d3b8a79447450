import { ExitCode } from '../../core/index.ts';
import type { LedgerFacts } from '../../evidence/index.ts';
import type { BaseFacts } from './base-facts.ts';
import { noScan } from '../signers/check-attestations.ts';
import { basisOf, isBy, namesOf, undecided } from '../signers/check-signatures.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { osPackages, packageText } from './os-packages.ts';
import { errored, failed, notCollected, passed, shortList } from '../outcome.ts';
import { isProvenanceType } from '../signers/predicate-types.ts';
import type { BaseEntry } from '../file/types.ts';

const MAX_PATHS = 100;

/**
 * Whether an image stands on nothing: no package database, no dynamic loader, no shell, no executable that nothing accounts for, and provenance by whoever may
 * build such images. All of it is looked for by us; the provenance is what says that somebody meant it so.
 */
export function checkScratch(context: RuleContext, facts: BaseFacts, entry: BaseEntry): CheckResult {
  const { scan, traces, files } = context.platform.evidence;
  if (scan === null) return noScan(context, 'base', 'allow');
  const packages = osPackages(scan).map(packageText);
  if (packages.length > 0) {
    const reason = `the image is not built from scratch: it has ${packages.length} packages of an operating system, ${shortList(packages, 3)}`;
    return failed({
      check: 'base',
      item: 'allow',
      code: 'BASE_NOT_SCRATCH',
      reason,
      basis: { notes: packages.slice(0, MAX_PATHS) },
      remedy: `build on one of ${shortList(facts.check.allow)}`,
    });
  }
  if (traces === undefined || files === undefined) return noFacts(context, traces === undefined ? 'traces' : 'files');
  const rests = [
    ...traces.databases.map((path) => [path, 'package database'] as const),
    ...traces.loaders.map((path) => [path, 'dynamic loader'] as const),
    ...traces.shells.map((path) => [path, 'shell'] as const),
  ];
  if (rests.length > 0) {
    return failed({
      check: 'base',
      item: 'allow',
      code: 'BASE_NOT_SCRATCH',
      reason: `the image is not built from scratch: it has ${shortList(
        rests.map(([path, what]) => `the ${what} /${path}`),
        3,
      )}`,
      basis: { paths: rests.slice(0, MAX_PATHS).map(([path]) => `/${path}`) },
      remedy: `put static programs only into images from scratch, or build on one of ${shortList(facts.check.allow)}`,
    });
  }
  if (files.stripped.count > 0) {
    const paths = files.stripped.items.map(({ path }) => path);
    return failed({
      check: 'base',
      item: 'allow',
      code: 'BASE_NOT_SCRATCH',
      reason: `the image is not built from scratch: what its layers deleted was of packages, ${shortList(paths, 3)}`,
      basis: { paths },
      remedy: `build from scratch without files of a system, or on one of ${shortList(facts.check.allow)}`,
    });
  }
  const unread = unreadParts(files);
  if (unread.length > 0) {
    return errored(
      {
        check: 'base',
        item: 'allow',
        code: 'FILE_FACTS_INCOMPLETE',
        reason: `parts of the image could not be read, so what accounts for its executables is not known: ${shortList(unread, 3)}`,
        basis: { notes: unread },
        remedy: 'mend or remove what cannot be read',
      },
      ExitCode.Input,
    );
  }
  const dark = files.unaccountedExecutables;
  if (dark.count > 0) {
    return failed({
      check: 'base',
      item: 'allow',
      code: 'BASE_SCRATCH_UNACCOUNTED',
      reason: `nothing accounts for ${dark.count} executable(s): ${shortList(
        dark.files.map(({ path }) => path),
        3,
      )}`,
      basis: {
        paths: dark.files.slice(0, MAX_PATHS).map(({ path }) => path),
        layers: dark.files.slice(0, MAX_PATHS).map(({ layer }) => layer),
      },
      remedy:
        'build with what tells its parts (Go and Rust build information), or ship the package’s metadata beside it',
    });
  }
  return checkBuilder(context, entry);
}

/** What may hide an executable. Records and packages that cannot be read account for nothing. */
function unreadParts({ unreadLayers }: LedgerFacts): readonly string[] {
  return unreadLayers.items.map(({ code, path }) => `${code}${path === undefined ? '' : ` ${path}`}`);
}

function checkBuilder(context: RuleContext, entry: BaseEntry): CheckResult {
  const builders = entry.builtBy ?? [];
  const built = context.statements.verified.filter(
    (statement) =>
      isProvenanceType(statement.predicateType) &&
      statement.subject === context.platform.manifest &&
      isBy(statement, builders),
  );
  if (built.length > 0) {
    return passed({
      check: 'base',
      item: 'allow',
      code: 'BASE_SCRATCH',
      reason: `the image stands on nothing (entry ${entry.name}): no package database, loader, shell or unaccounted executable, and provenance by ${shortList(namesOf(built, builders))}`,
      basis: basisOf(built, builders),
    });
  }
  return (
    undecided(context, 'base', builders, 'allow') ??
    failed({
      check: 'base',
      item: 'allow',
      code: 'BASE_SCRATCH_UNPROVEN',
      reason: `the image may stand on nothing, but no provenance of ${context.platform.manifest} by ${shortList(builders)} says who built it so`,
      basis: { digests: [context.platform.manifest] },
      remedy: `have ${shortList(builders)} attest provenance of the platform's manifest: waybill attest --type slsaprovenance1`,
    })
  );
}

function noFacts(context: RuleContext, what: 'traces' | 'files'): CheckResult {
  const words = { traces: 'what of an operating system is in', files: 'what accounts for the files of' };
  return notCollected(context, ['resolve', 'manifest', 'layers', 'files'], {
    check: 'base',
    item: 'allow',
    code: 'FILE_FACTS_MISSING',
    reason: `the evidence does not say ${words[what]} ${context.platform.manifest}`,
    remedy: 'collect the evidence again with this policy',
  });
}
