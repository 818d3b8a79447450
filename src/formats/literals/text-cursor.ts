/** A place in a text that is being read. */
export interface TextCursor {
  readonly text: string;
  at: number;
}

/** Moves over what a sticky pattern matches here; undefined, and no move, when it does not. */
export function take(cursor: TextCursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.text);
  if (match === null) return undefined;
  cursor.at += match[0].length;
  return match;
}

/** How a language writes comments; `open` matches (sticky) the start of one that ends with what `close` makes of the match. */
export interface CommentSyntax {
  readonly line: string;
  readonly open?: RegExp;
  readonly close?: (match: RegExpExecArray) => string;
}

const SPACE = /\s*/y;

/** Moves over white space and comments. A comment that is not closed reaches to the end of the text, so that each character is looked at once. */
export function skipSpace(cursor: TextCursor, { line, open, close }: CommentSyntax): void {
  const { text } = cursor;
  for (;;) {
    take(cursor, SPACE);
    const opened = open === undefined ? undefined : take(cursor, open);
    if (opened !== undefined) cursor.at = after(text, close?.(opened) ?? '\n', cursor.at);
    else if (text.startsWith(line, cursor.at)) cursor.at = after(text, '\n', cursor.at);
    else return;
  }
}

function after(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  return at === -1 ? text.length : at + end.length;
}
