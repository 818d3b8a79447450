import { isAppError } from '../core/index.ts';
import { compileIdentity } from '../verification/index.ts';
import { compileRegexp } from './file/regexp.ts';
import type { PolicyProblem } from './file/problem.ts';
import { positionOf, sayAs, type Say } from './file/say.ts';
import { extensionName, identityRule } from './signers/signers.ts';
import type { SourcePosition } from './file/source-tree.ts';
import type { Policy, PolicyIdentity } from './file/types.ts';

/** Warnings: unpinned locks, names nobody uses. */
export function advice(policy: Policy, positions: ReadonlyMap<string, SourcePosition>): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const say = sayAs('warning', problems, positions);
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

/** Expressions that are no RE2, and identities that anybody meets: errors. */
export async function regexpProblems(
  policy: Policy,
  positions: ReadonlyMap<string, SourcePosition>,
): Promise<readonly PolicyProblem[]> {
  const problems: PolicyProblem[] = [];
  for (const [name, identity] of policy.identities ?? []) {
    const problem = (await regexpProblem(name, identity)) ?? (await identityProblem(name, identity));
    if (problem === undefined) continue;
    const { path, message } = problem;
    problems.push({
      severity: 'error',
      ...positionOf(positions, path),
      ...problem,
      message: `${path}: ${message}`,
    });
  }
  return problems;
}

type FoundProblem = Pick<PolicyProblem, 'code' | 'path' | 'message' | 'hint'>;

async function regexpProblem(name: string, identity: PolicyIdentity): Promise<FoundProblem | undefined> {
  if (identity.subjectRegexp === undefined) return undefined;
  const compiled = await compileRegexp(identity.subjectRegexp);
  if (!('problem' in compiled)) return undefined;
  return {
    code: 'POLICY_BAD_REGEXP',
    path: `identities.${name}.subjectRegexp`,
    message: compiled.problem,
    hint: 'RE2 syntax, always anchored at both ends',
  };
}

/** What verifying would refuse of a keyless identity that lacks nothing. */
async function identityProblem(name: string, identity: PolicyIdentity): Promise<FoundProblem | undefined> {
  const { key, issuer, subject, subjectRegexp, extensions } = identity;
  const isWhole =
    key === undefined && issuer !== undefined && (subject === undefined) !== (subjectRegexp === undefined);
  const isKnown = [...(extensions?.keys() ?? [])].every((extension) => extensionName(extension) !== undefined);
  if (!isWhole || !isKnown) return undefined;
  try {
    await compileIdentity(identityRule(name, identity));
    return undefined;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { code: 'POLICY_BAD_VALUE', path: `identities.${name}`, message: error.message };
  }
}
