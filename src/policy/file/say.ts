import type { PolicyProblem, PolicyProblemCode } from './problem.ts';
import { positionOf } from './semantics.ts';
import type { SourcePosition } from './source-tree.ts';

/** What is said about one place of a policy. */
export interface Remark {
  /** `warning` unless given. */
  readonly severity?: PolicyProblem['severity'];
  readonly code: PolicyProblemCode;
  readonly message: string;
  readonly hint?: string;
}

/** Notes a remark at a path of the document. */
export type SayAt = (path: string, remark: Remark) => void;

/** Notes remarks with the line and column of what they are about. */
export function sayInto(problems: PolicyProblem[], positions: ReadonlyMap<string, SourcePosition>): SayAt {
  return (path, { severity = 'warning', ...remark }) => {
    problems.push({ severity, path, ...positionOf(positions, path), ...remark });
  };
}
