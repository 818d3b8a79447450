import type { ComparableComponent } from '../../evidence/index.ts';
import { noScan } from '../signers/check-attestations.ts';
import { basisOf, namesOf, undecided } from '../signers/check-signatures.ts';
import { coveringSubjects, type RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { matchesAny } from '../../core/index.ts';
import { osPackages, packageText, plainPurl } from './os-packages.ts';
import { failed, passed, shortList } from '../outcome.ts';
import { signaturesBy } from '../provenance/trusted-provenance.ts';
import type { BaseEntry } from '../file/types.ts';

const MAX_NOTES = 100;

/**
 * Whether an image without base layers was made of an allowed repository's packages (apko, Wolfi, Chainguard): every package of an operating system that our own
 * scan finds is one of the entry's, and one of its signers signed the image. The installed database names packages and is the image's own word, so this is a
 * signed claim, never content.
 */
export function checkPackages(context: RuleContext, entry: BaseEntry): CheckResult {
  const { scan } = context.platform.evidence;
  if (scan === null) return noScan(context, 'base', 'allow');
  const found = osPackages(scan);
  // a package without a package URL is nobody's
  const isOurs = ({ purl }: ComparableComponent): boolean =>
    purl !== undefined && matchesAny(entry.purls ?? [], plainPurl(purl));
  const foreign = found.filter((component) => !isOurs(component)).map(packageText);
  if (found.length === 0) {
    return failed({
      check: 'base',
      item: 'allow',
      code: 'BASE_PACKAGES_NONE',
      reason: `the image has no packages of an operating system, so none of ${entry.name}`,
      remedy: `build the image of ${entry.name}'s packages`,
    });
  }
  if (foreign.length > 0) {
    return failed({
      check: 'base',
      item: 'allow',
      code: 'BASE_PACKAGES_FOREIGN',
      reason: `${foreign.length} of the ${found.length} packages are not ${entry.name}'s: ${shortList(foreign, 3)}`,
      basis: { notes: [...foreign.slice(0, MAX_NOTES), ...trustNotes(context)] },
      remedy: `build the image of ${entry.name}'s packages only, or allow the others in its purls`,
    });
  }
  const signers = entry.signedBy ?? [];
  const signatures = signaturesBy(context, signers);
  if (signatures.length === 0) {
    return (
      undecided(context, 'base', signers, 'allow') ??
      failed({
        check: 'base',
        item: 'allow',
        code: 'BASE_PACKAGES_UNSIGNED',
        reason: `all ${found.length} packages are ${entry.name}'s by name, but none of ${shortList(signers)} signed the image`,
        basis: { digests: coveringSubjects(context), notes: trustNotes(context) },
        remedy: `have one of ${shortList(signers)} sign the image`,
      })
    );
  }
  return passed({
    check: 'base',
    item: 'allow',
    code: 'BASE_PACKAGES',
    reason: `all ${found.length} packages of the operating system are ${entry.name}'s, signed for by ${shortList(namesOf(signatures, signers))}`,
    basis: { ...basisOf(signatures, signers), notes: trustNotes(context) },
  });
}

/** Whose packages the image would take: where known. */
function trustNotes(context: RuleContext): readonly string[] {
  const { keyrings = [], repositories = [] } = context.platform.evidence.traces ?? {};
  return [
    ...keyrings.map((path) => `packages are trusted by the key /${path}`),
    ...repositories.map((line) => `packages come from ${line}`),
  ];
}
