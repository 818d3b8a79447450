import { safeText } from '../core/index.ts';
import type { InitPolicyResult, LintPolicyResult } from '../app/index.ts';
import { githubAnnotation } from './github-annotations.ts';

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

const LEVELS = { error: 'error', warning: 'warning', info: 'notice' } as const;

/** The problems as commands that GitHub's runner turns into annotations of the file; '' when there are none. */
export function renderLintForGithub(result: LintPolicyResult): string {
  return result.problems
    .map(({ severity, code, line, column, message, hint }) =>
      githubAnnotation({
        level: LEVELS[severity],
        file: result.file,
        line,
        column,
        title: code,
        message: hint === undefined ? message : `${message} (${hint})`,
      }),
    )
    .join('\n');
}

/** The file that was written, with its digest, and what its own lint says. */
export function renderInit(result: InitPolicyResult): string {
  const { file, digest, problems } = result;
  return renderLint({ file, valid: digest !== null, digest, problems });
}

/** Commands to go on with, each with its reason. */
export function renderNextSteps({ nextSteps }: InitPolicyResult): string {
  return ['next:', ...nextSteps.map(({ command, why }) => `  ${safeText(command)}\n      ${safeText(why)}`)].join('\n');
}
