import { safeText } from '../core/index.ts';
import type { LintPolicyResult } from '../app/index.ts';

/** One line per problem as compilers write them: file:line:column: severity: message [code]. */
export function renderLint(result: LintPolicyResult): string {
  const file = safeText(result.file);
  const lines = result.problems.flatMap((problem) => [
    `${file}:${problem.line}:${problem.column}: ${problem.severity}: ${safeText(problem.message)} [${problem.code}]`,
    ...(problem.hint === undefined ? [] : [`  hint: ${safeText(problem.hint)}`]),
  ]);
  return [
    ...lines,
    result.digest === null ? `${file}: not a valid policy` : `${file}: valid, digest ${result.digest}`,
  ].join('\n');
}
