import { advice, regexpProblems } from '../advice.ts';
import { policyError } from '../errors.ts';
import type { Place } from './fields.ts';
import { lintBases } from '../lint/lint-bases.ts';
import { lintDays } from '../lint/lint-days.ts';
import { lintIdentities } from '../lint/lint-identities.ts';
import { lintReach } from '../lint/lint-reach.ts';
import { sortProblems, type PolicyProblem } from './problem.ts';
import { sayInto } from './say.ts';
import { semanticProblems } from './semantics.ts';
import { policyField } from './shape.ts';
import { parseSourceTree, type SourcePosition } from './source-tree.ts';
import type { Policy } from './types.ts';

/** A policy's text and how to name it in messages. */
export interface PolicySource {
  readonly bytes: Uint8Array;
  readonly name: string;
}

export interface PolicyLint {
  /** By line and column. */
  readonly problems: readonly PolicyProblem[];
  /** Undefined when there are errors. */
  readonly policy: Policy | undefined;
  /** Where the values of the document stand, by path. */
  readonly positions: ReadonlyMap<string, SourcePosition>;
}

/**
 * Reads and checks a policy's text: shape, names, patterns, thresholds; warnings for what is allowed but unwise or not supported yet.
 * @param source hostile (a file of a pull request); YAML or JSON, at most 1 MiB
 * @param options.now finds exceptions that have lapsed or soon will, and rules whose day has come
 */
export async function lintPolicy(source: PolicySource, options: { readonly now?: Date } = {}): Promise<PolicyLint> {
  const tree = await parseSourceTree(source.bytes);
  if (tree.root === undefined)
    return { problems: sortProblems(tree.problems), policy: undefined, positions: new Map() };
  const problems: PolicyProblem[] = [];
  const positions = new Map<string, SourcePosition>();
  const place: Place = { path: '', problems, positions };
  const policy = policyField(tree.root, place);
  if (policy !== undefined) {
    problems.push(...semanticProblems(policy, positions));
    problems.push(...(await regexpProblems(policy, positions)));
    problems.push(...advice(policy, positions));
    // advice about what is wrong anyway would only repeat it
    if (!hasErrors(problems)) {
      const say = sayInto(problems, positions);
      lintIdentities(policy, say);
      lintReach(policy, say);
      lintBases(policy, say);
      if (options.now !== undefined) lintDays(policy, options.now, say);
    }
  }
  return { problems: sortProblems(problems), policy: hasErrors(problems) ? undefined : policy, positions };
}

function hasErrors(problems: readonly PolicyProblem[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}

/**
 * Reads a policy or refuses it.
 * @throws AppError POLICY_INVALID with every problem in `details.problems`
 */
export async function parsePolicy(
  source: PolicySource,
): Promise<{ readonly policy: Policy; readonly problems: readonly PolicyProblem[] }> {
  const { policy, problems } = await lintPolicy(source);
  if (policy === undefined) throw invalidPolicy(source.name, problems);
  return { policy, problems };
}

function invalidPolicy(name: string, problems: readonly PolicyProblem[]): Error {
  const errors = problems.filter((problem) => problem.severity === 'error');
  const first = errors[0];
  const where = first === undefined ? '' : `:${first.line}:${first.column}: ${first.message}`;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return policyError('POLICY_INVALID', `${name}${where}${more}`, {
    hint: first?.hint ?? 'waybill policy lint lists every problem with its line and column',
    details: { problems },
  });
}
