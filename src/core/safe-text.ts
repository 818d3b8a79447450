/**
 * Characters that must never reach a terminal or a log from input: C0 and C1 controls (escape sequences), line and paragraph
 * separators, bidirectional controls, zero-width characters, byte-order marks, tag characters, lone surrogates.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udfff]/gu;

/**
 * What CI runners take for commands in a log: `::name::` at the start of a line (text is wrapped at blanks, so after any blank), `##[` and its kin anywhere.
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
const COMMAND = /(?<=^|\s):(?=:)|#(?=#(?:\[|vso\[|teamcity\[))/gi;

/** Makes text from input safe for one line of a terminal or a log: unsafe characters, and what a CI runner would obey, become visible `\u{…}` escapes. */
export function safeText(text: string, maxChars = 4096): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
  return cut.replace(UNSAFE, escaped).replace(COMMAND, escaped);
}

function escaped(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}
