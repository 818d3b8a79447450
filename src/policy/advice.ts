import { compileRegexp } from './regexp.ts';
import type { PolicyProblem, PolicyProblemCode } from './problem.ts';
import { positionOf } from './semantics.ts';
import type { SourcePosition } from './source-tree.ts';
import type { Policy, PolicyIdentity, PolicyRule } from './types.ts';

type Say = (path: string, code: PolicyProblemCode, message: string, hint?: string) => void;

const NOT_YET = 'the check ends in the error CHECK_NOT_SUPPORTED, never in a pass';

/** Warnings: words that this version reads but cannot evaluate, unpinned locks, names nobody uses. */
export function advice(
  policy: Policy,
  positions: ReadonlyMap<string, SourcePosition>,
): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const say: Say = (path, code, message, hint) => {
    problems.push({
      severity: 'warning',
      code,
      path,
      ...positionOf(positions, path),
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  };
  for (const [index, rule] of policy.rules.entries()) unsupportedRule(`rules[${index}]`, rule, say);
  unsupportedElsewhere(policy, say);
  if (
    policy.bases?.lock !== undefined &&
    policy.bases.lockHead === undefined &&
    policy.bases.lockSignedBy === undefined
  ) {
    say(
      'bases.lock',
      'POLICY_LOCK_UNPINNED',
      'the lock is neither signed nor pinned: it is trusted like the policy itself',
      'add lockHead or lockSignedBy',
    );
  }
  unused(policy, say);
  return problems;
}

function unsupportedRule(path: string, rule: PolicyRule, say: Say): void {
  const words: (keyof PolicyRule)[] = ['buildInputs', 'files', 'rego', 'vsa'];
  for (const word of words) {
    if (rule[word] !== undefined)
      say(`${path}.${word}`, 'POLICY_NOT_SUPPORTED', `"${word}" cannot be evaluated by this version: ${NOT_YET}`);
  }
  for (const [name, mode] of rule.image?.checks ?? []) {
    if (mode !== 'off')
      say(
        `${path}.image.checks.${name}`,
        'POLICY_NOT_SUPPORTED',
        `check ${name} cannot be evaluated by this version: ${NOT_YET}`,
      );
  }
  if (rule.base?.require?.includes('attested')) {
    say(
      `${path}.base.require`,
      'POLICY_NOT_SUPPORTED',
      `the flag "attested" cannot be established by this version: ${NOT_YET}`,
    );
  }
}

function unsupportedElsewhere(policy: Policy, say: Say): void {
  for (const [name, identity] of policy.identities ?? []) {
    if (identity.key === undefined) {
      say(
        `identities.${name}`,
        'POLICY_NOT_SUPPORTED',
        `keyless identity "${name}" cannot be verified by this version: a check that only it could satisfy ends in the error CHECK_NOT_SUPPORTED`,
      );
    } else if (identity.requireTransparencyLog) {
      say(
        `identities.${name}.requireTransparencyLog`,
        'POLICY_NOT_SUPPORTED',
        `log entries of key "${name}" cannot be verified by this version: ${NOT_YET}`,
      );
    }
  }
  if (policy.trust !== undefined) {
    const message = 'trust roots serve keyless identities and log entries, which this version cannot verify';
    say('trust', 'POLICY_NOT_SUPPORTED', message);
  }
}

function unused(policy: Policy, say: Say): void {
  const identities = new Set([
    ...(policy.bases?.lockSignedBy ?? []),
    ...(policy.bases?.entries ?? []).flatMap((entry) => [...(entry.signedBy ?? []), ...(entry.builtBy ?? [])]),
    ...policy.rules.flatMap((rule) => [
      ...(rule.signatures?.by ?? []),
      ...(rule.attestations ?? []).flatMap((attestation) => attestation.by),
      ...(rule.vsa?.by ?? []),
    ]),
  ]);
  for (const name of policy.identities?.keys() ?? []) {
    if (!identities.has(name)) say(`identities.${name}`, 'POLICY_UNUSED', `identity "${name}" is not used`);
  }
  const bases = new Set(
    policy.rules.flatMap((rule) => [...(rule.base?.allow ?? []), ...(rule.buildInputs?.allow ?? [])]),
  );
  for (const [index, entry] of (policy.bases?.entries ?? []).entries()) {
    if (!bases.has(entry.name))
      say(`bases.entries[${index}]`, 'POLICY_UNUSED', `base "${entry.name}" is allowed by no rule`);
  }
}

/** Expressions that are no RE2: errors. */
export async function regexpProblems(
  policy: Policy,
  positions: ReadonlyMap<string, SourcePosition>,
): Promise<readonly PolicyProblem[]> {
  const problems: PolicyProblem[] = [];
  for (const [name, identity] of policy.identities ?? []) {
    const problem = await regexpProblem(identity);
    if (problem === undefined) continue;
    const path = `identities.${name}.subjectRegexp`;
    problems.push({
      severity: 'error',
      code: 'POLICY_BAD_REGEXP',
      path,
      ...positionOf(positions, path),
      message: `${path}: ${problem}`,
      hint: 'RE2 syntax, always anchored at both ends',
    });
  }
  return problems;
}

async function regexpProblem(identity: PolicyIdentity): Promise<string | undefined> {
  if (identity.subjectRegexp === undefined) return undefined;
  const compiled = await compileRegexp(identity.subjectRegexp);
  return 'problem' in compiled ? compiled.problem : undefined;
}
