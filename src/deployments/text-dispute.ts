/** Where tools that deploy manifests may see other lines or documents than the YAML that is read here. */
export interface TextDispute {
  /** UTF-16 code units from the start of the text. */
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

/**
 * Line breaks that only YAML 1.1 has (Go's parser knows them: what is a comment here goes on as content there), other control characters, and lines that begin with three
 * dashes without being a separator (kubectl ends a document there and drops the line).
 */
const DISPUTED =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0085\u2028\u2029\ufeff]|\r(?!\n)|^---(?![ \t]*\r?$|[ \t]+#)/m;

/** The first disputed place of a text; linear in its length. @see https://yaml.org/spec/1.2.2/#54-line-break-characters */
export function findTextDispute(text: string): TextDispute | undefined {
  const match = DISPUTED.exec(text);
  if (match === null) return undefined;
  if (match[0] === '---') {
    const message = 'a line that begins with --- and goes on: tools disagree about where documents end';
    return { offset: match.index, message, hint: 'let documents be separated by a line of --- alone' };
  }
  const code = match[0].charCodeAt(0).toString(16).padStart(4, '0').toUpperCase();
  const message = `the character U+${code}: tools disagree about whether it ends a line`;
  return { offset: match.index, message, hint: 'remove it, or write it as an escape in double quotes' };
}
