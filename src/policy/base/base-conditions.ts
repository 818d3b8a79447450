import { tamperFindings, type TamperFinding } from '../../provenance/index.ts';
import { checkAttested } from './base-attested.ts';
import { matchBasis, matchText, type BaseFacts } from './base-facts.ts';
import { trustMissing } from '../signers/check-signatures.ts';
import { authenticatedKey, type RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { matchesAny } from '../../core/index.ts';
import { byStrictness, failed, notCollected, passed, shortList } from '../outcome.ts';
import { anyNeedsTrust } from '../signers/trust.ts';
import type { Strictness } from '../file/types.ts';

/** Of a line of the history, which may be a script. */
const MAX_COMMAND = 200;

/** `authenticated` and `attested`, where the rule requires them. */
export function checkFlags(context: RuleContext, facts: BaseFacts): readonly CheckResult[] {
  return (facts.check.require ?? []).map((flag) =>
    flag === 'authenticated' ? checkAuthenticated(context, facts) : checkAttested(context, facts),
  );
}

function checkAuthenticated(context: RuleContext, facts: BaseFacts): CheckResult {
  const item = 'authenticated';
  for (const { match } of facts.standing.allowed) {
    const signer = context.lock.authenticated.get(authenticatedKey(match.record.sequence, match.platform.manifest));
    if (signer === undefined) continue;
    const reason = `the base's own signature is by ${signer}`;
    return passed({
      check: 'base',
      item,
      code: 'BASE_AUTHENTICATED',
      reason,
      basis: { digests: [match.record.digest, match.platform.manifest], identities: [signer] },
    });
  }
  const signers = facts.standing.allowed.flatMap(({ entry }) => entry?.signedBy ?? []);
  const { missingTrust } = context.lock;
  if (missingTrust !== undefined && anyNeedsTrust(context.loaded.policy, signers))
    return trustMissing(missingTrust, 'base', item);
  const reason =
    signers.length === 0
      ? 'the entry names nobody in signedBy, so no base can be authenticated'
      : `no signature of the matched base by ${shortList(signers)} is in the lock`;
  return failed({
    check: 'base',
    item,
    code: 'BASE_NOT_AUTHENTICATED',
    reason,
    basis: matchBasis(facts),
    remedy:
      signers.length === 0
        ? 'add signedBy to the entry'
        : `have ${shortList(signers)} sign the base, then run waybill base lock`,
  });
}

/** What upper layers did to the matched base. */
export function checkTamper(context: RuleContext, facts: BaseFacts): readonly CheckResult[] {
  const { check, standing } = facts;
  const { match, entry } = standing.allowed[0]!;
  const tamper = check.tamper ?? 'deny';
  const upgrades = entry?.upgrades ?? 'warn';
  if (tamper === 'allow' && upgrades === 'allow') return [];
  const comparison =
    facts.proof?.containment.comparison ??
    context.platform.evidence.comparisons.find((item) => item.layerCount === match.layerCount);
  if (comparison === undefined) return [noComparison(context, match.layerCount)];
  const findings = tamperFindings(comparison).filter((finding) => !matchesAny(check.tamperAllow ?? [], finding.path));
  const critical = findings.filter((finding) => finding.critical);
  const upgraded = findings.filter((finding) => !finding.critical && finding.class === 'upgrade');
  const rest = findings.filter((finding) => !finding.critical && finding.class !== 'upgrade');
  const results = [
    ...tamperResult(context, { item: 'tamper', code: 'BASE_TAMPERED', findings: critical, strictness: tamper }),
    ...tamperResult(context, { item: 'upgrades', code: 'BASE_UPGRADED', findings: upgraded, strictness: upgrades }),
    ...tamperResult(context, {
      item: 'changes',
      code: 'BASE_CHANGED',
      findings: rest,
      strictness: tamper === 'allow' ? 'allow' : 'warn',
    }),
  ];
  if (critical.length === 0) {
    const reason = `no critical file of ${matchText(standing.allowed[0]!)} was changed`;
    results.unshift(passed({ check: 'base', item: 'tamper', code: 'BASE_INTACT', reason }));
  }
  return results;
}

interface Tampering {
  readonly item: 'tamper' | 'upgrades' | 'changes';
  readonly code: string;
  readonly findings: readonly TamperFinding[];
  readonly strictness: Strictness;
}

function tamperResult(context: RuleContext, { item, code, findings, strictness }: Tampering): CheckResult[] {
  if (findings.length === 0) return [];
  const words = {
    tamper: 'critical files of the base were changed',
    upgrades: 'base packages were upgraded',
    changes: changesWords(findings),
  };
  const shown = findings.slice(0, 100);
  return [
    byStrictness(strictness, {
      check: 'base',
      item,
      code,
      reason: `${words[item]}: ${shortList(
        findings.map((finding) => finding.path),
        3,
      )}`,
      basis: {
        paths: shown.map((finding) => finding.path),
        layers: shown.flatMap(({ layer }) => layer ?? []),
        notes: tamperNotes(context, shown),
      },
      remedy:
        item === 'upgrades'
          ? 'rebuild on a newer base that has these versions'
          : item === 'changes' && isAddedOnly(findings)
            ? 'leave the packages out that bring these files; if they are meant, add the paths to tamperAllow'
            : 'leave these files as the base has them; if a change is meant, add its path to tamperAllow',
    }),
  ];
}

/** What was done to each file and in which layer, `in layer 2 (COPY . /app)`; the line of the history, which is only what the image says, once for a layer. */
function tamperNotes({ platform }: RuleContext, findings: readonly TamperFinding[]): readonly string[] {
  const told = new Set<number>();
  return findings.map(({ path, class: kind, message, layer }) => {
    const note = `${path} [${kind}]: ${message}`;
    if (layer === undefined) return note;
    const command = told.has(layer) ? undefined : platform.layers[layer]?.createdBy;
    told.add(layer);
    return `${note}, in layer ${layer}${command === undefined ? '' : ` (${command.slice(0, MAX_COMMAND)})`}`;
  });
}

/** Whether no file of the base was touched: packages brought files of a critical kind. */
function isAddedOnly(findings: readonly TamperFinding[]): boolean {
  return findings.every((finding) => finding.class !== 'changed' && finding.class !== 'deleted');
}

/** What is not critical: changes of base files, and files of a critical kind that packages brought. */
function changesWords(findings: readonly TamperFinding[]): string {
  if (isAddedOnly(findings)) return 'packages added files of a critical kind';
  const changed = findings.filter((finding) => finding.class === 'changed' || finding.class === 'deleted').length;
  return changed === findings.length
    ? 'files of the base were changed'
    : 'files of the base were changed, and packages added files of a critical kind';
}

function noComparison(context: RuleContext, layerCount: number): CheckResult {
  return notCollected(context, ['layers', 'comparison'], {
    check: 'base',
    item: 'tamper',
    code: 'COMPARISON_MISSING',
    reason: `the evidence holds no comparison with the bottom ${layerCount} layers`,
    remedy: 'collect the evidence again with this policy and its lock',
  });
}
