/** What JSON.stringify leaves as it is although a terminal may act on it: DEL, C1 controls, bidirectional and other invisible controls. */
const ACTIVE =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** What CI runners obey anywhere in a line of a log; see `safeText`. */
const COMMAND = /#(?=#(?:\[|vso\[|teamcity\[))/gi;

/** A result as indented JSON: the same value for every parser, and nothing in it that a terminal acts on. */
export function resultJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(ACTIVE, escaped).replace(COMMAND, escaped);
}

function escaped(char: string): string {
  return Array.from(
    { length: char.length },
    (_, index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');
}
