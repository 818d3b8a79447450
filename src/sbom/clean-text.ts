/** What XML 1.0 cannot hold, however it is written: C0 controls but tab and line ends, lone surrogates, the two non-characters. */
// eslint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff]/gu;

/** The common case, kept fast. */
const PLAIN = /^[\u0020-\u007e]*$/;

/** Replaces characters that not every format can hold by U+FFFD. */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(NOT_XML, '\ufffd');
}

/** White space that is more than single blanks between words. */
const UNEVEN = /[^\S ]|^ | $| {2}/;

/** The same on one line, white space collapsed, cut. */
export function cleanLine(text: string, maxChars = 1000): string {
  const clean = cleanText(text);
  const line = UNEVEN.test(clean) ? clean.replaceAll(/\s+/g, ' ').trim() : clean;
  return line.length > maxChars ? `${cleanText(line.slice(0, maxChars - 1))}…` : line;
}

/** Printable ASCII without what RFC 3986 does not allow. */
const URL_TEXT =
  /^(?:https?|git|ssh|git\+https?|git\+ssh|ftp):\/\/(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=#]|%[0-9A-Fa-f]{2})+$/;

/** An address that every schema accepts, or undefined. */
export function cleanUrl(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 2000) return undefined;
  const url = text.trim();
  if (!URL_TEXT.test(url) || !URL.canParse(url) || url.indexOf('#') !== url.lastIndexOf('#')) return undefined;
  return url;
}

const EMAIL =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/;

/** An e-mail address that every schema accepts, or undefined. */
export function cleanEmail(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= 254 && EMAIL.test(text) ? text : undefined;
}
