/**
 * Characters that must never reach a terminal or a log from input: C0 and C1 controls (escape sequences), line and paragraph
 * separators, bidirectional controls, zero-width characters, byte-order marks, tag characters, lone surrogates.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udfff]/gu;

/** Makes text from input safe for one line of a terminal or a log: unsafe characters become visible `\u{…}` escapes. */
export function safeText(text: string, maxChars = 4096): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
  return cut.replace(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
