import type { PolicyProblem, PolicyProblemCode } from './problem.ts';
import type { SourcePosition } from './source-tree.ts';

/** Says what is wrong at a path of the document. */
export type Say = (path: string, code: PolicyProblemCode, message: string, hint?: string) => void;

/** Notes problems of one severity with the line and column of what they are about. */
export function sayAs(
  severity: PolicyProblem['severity'],
  problems: PolicyProblem[],
  positions: ReadonlyMap<string, SourcePosition>,
): Say {
  return (path, code, message, hint) => {
    const at = positionOf(positions, path);
    problems.push({ severity, code, path, ...at, message, ...(hint === undefined ? {} : { hint }) });
  };
}

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

/** The position of a path, or of the nearest thing around it. */
export function positionOf(positions: ReadonlyMap<string, SourcePosition>, path: string): SourcePosition {
  for (let part = path; part !== ''; part = parentPath(part)) {
    const position = positions.get(part) ?? positions.get(`${part}#key`);
    if (position !== undefined) return position;
  }
  return { line: 1, column: 1 };
}

/** The path around a path; always shorter, whatever odd names it is made of. */
function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.'), path.lastIndexOf('[')));
}
