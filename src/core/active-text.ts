/**
 * What JSON and XML may hold as it is although a terminal may act on it: DEL, C1 controls, line and paragraph separators, bidirectional and zero-width
 * controls, byte-order marks, tag characters.
 */
const ACTIVE =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** What CI runners obey anywhere in a line of a log; see `safeText`. */
const COMMAND = /#(?=#(?:\[|vso\[|teamcity\[))/gi;

/** JSON text in which what a terminal or a CI runner acts on is spelled as escapes: the same value for every parser. */
export function inertJson(json: string): string {
  return json.replace(ACTIVE, jsonEscape).replace(COMMAND, jsonEscape);
}

function jsonEscape(char: string): string {
  return Array.from(
    { length: char.length },
    (_, index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');
}

function xmlEscape(char: string): string {
  return `&#x${(char.codePointAt(0) ?? 0).toString(16)};`;
}

/** The same for text and attribute values of XML. */
export function inertXml(text: string): string {
  return text.replace(ACTIVE, xmlEscape).replace(COMMAND, xmlEscape);
}
