import { safeText } from '../core/index.ts';

/** What a workflow command says about a place of a file. */
export interface GithubAnnotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  readonly title: string;
  readonly message: string;
}

/**
 * One workflow command that GitHub's runner turns into an annotation. Text of unknown origin can neither end the command nor begin another.
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function githubAnnotation(annotation: GithubAnnotation): string {
  const { level, file, line, column, title, message } = annotation;
  const properties = Object.entries({ file, line, col: column, title }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${property(String(value))}`],
  );
  return `::${level} ${properties.join(',')}::${data(message)}`;
}

function data(text: string): string {
  return safeText(text, 8192).replaceAll('%', '%25');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
