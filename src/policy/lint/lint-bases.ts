import { wantsProvenance } from '../signers/predicate-types.ts';
import type { SayAt } from '../file/say.ts';
import type { BaseCheck, BaseEntry, Policy, PolicyRule } from '../file/types.ts';

/** What rules demand of bases that cannot be met, contradicts itself, or excuses everything. */
export function lintBases(policy: Policy, say: SayAt): void {
  for (const [index, entry] of (policy.bases?.entries ?? []).entries()) {
    for (const [at, { pattern }] of (entry.purls ?? []).entries()) {
      if (/^pkg:[a-z][a-z0-9.+-]*\/[^*/]+\/./.test(pattern)) continue;
      say(`bases.entries[${index}].purls[${at}]`, {
        code: 'POLICY_OPEN_PATTERN',
        message: `"${pattern}" leaves open whose packages they are`,
        hint: 'name type and namespace, such as pkg:apk/wolfi/*',
      });
    }
  }
  for (const [index, rule] of policy.rules.entries()) {
    lintInputs(`rules[${index}]`, rule, say);
    if (rule.base === undefined) continue;
    const entries = (policy.bases?.entries ?? []).filter((entry) => rule.base?.allow.includes(entry.name));
    lintCheck(`rules[${index}].base`, rule.base, { rule, entries, say });
  }
}

interface BaseScope {
  readonly rule: PolicyRule;
  /** Those that the rule allows. */
  readonly entries: readonly BaseEntry[];
  readonly say: SayAt;
}

function lintCheck(path: string, check: BaseCheck, { rule, entries, say }: BaseScope): void {
  const { evidence = 'content' } = check;
  for (const word of ['tamper', 'unexplained'] as const) {
    if (evidence === 'content' || check[word] !== 'deny') continue;
    say(`${path}.${word}`, {
      code: 'POLICY_CONTRADICTION',
      message: `"${word}: deny" can be judged only where layers prove the base: "evidence: ${evidence}" is then never enough`,
      hint: `use evidence: content, or leave ${word} out`,
    });
  }
  for (const word of contentWords(check)) {
    if (evidence === 'content') break;
    say(`${path}.${word}`, {
      code: 'POLICY_CONTRADICTION',
      message: `"${word}" can be met only where layers prove the base: "evidence: ${evidence}" is then never enough`,
      hint: `use evidence: content, or leave ${word} out`,
    });
  }
  if (evidence === 'signed-claim' && rule.signatures === undefined) {
    say(`${path}.evidence`, {
      code: 'POLICY_CONTRADICTION',
      message: 'a claim is signed by the signers of the rule, and the rule has no "signatures": only content is enough',
      hint: 'add signatures to the rule',
    });
  }
  const images = entries.filter((entry) => (entry.kind ?? 'image') === 'image');
  if (check.require?.includes('authenticated') && images.every((entry) => entry.signedBy === undefined)) {
    say(`${path}.require`, {
      code: 'POLICY_UNREACHABLE',
      message: 'no base that the rule allows names anybody in "signedBy": none can be authenticated',
      hint: 'add signedBy to the entries',
    });
  }
  if (check.require?.includes('attested') && !asksForProvenance(rule)) {
    say(`${path}.require`, {
      code: 'POLICY_UNREACHABLE',
      message: 'the rule names nobody whose provenance it trusts: no base can be attested',
      hint: 'add an attestation of type slsaprovenance1 to the rule',
    });
  }
  for (const [index, { pattern }] of (check.tamperAllow ?? []).entries()) {
    if (!/^\/(?:\*|\*\*)(?:\/|$)/.test(pattern)) continue;
    say(`${path}.tamperAllow[${index}]`, {
      code: 'POLICY_OPEN_PATTERN',
      message: `"${pattern}" excuses changes to files of every folder`,
      hint: 'name the folder whose changes are meant',
    });
  }
}

/** Build inputs are listed by provenance that the rule trusts, or in an index that its signers signed. */
function lintInputs(path: string, rule: PolicyRule, say: SayAt): void {
  if (rule.buildInputs === undefined || rule.signatures !== undefined || asksForProvenance(rule)) return;
  say(`${path}.buildInputs`, {
    code: 'POLICY_UNREACHABLE',
    message: 'nobody vouches for what went into the build: the rule has neither provenance attestations nor signatures',
    hint: 'add an attestation of type slsaprovenance1 to the rule',
  });
}

function asksForProvenance({ attestations = [] }: PolicyRule): boolean {
  return attestations.some(({ type }) => wantsProvenance(type));
}

function contentWords(check: BaseCheck): readonly ('require' | 'freshness')[] {
  return [
    ...((check.require ?? []).length > 0 ? (['require'] as const) : []),
    ...(check.freshness === undefined ? [] : (['freshness'] as const)),
  ];
}
