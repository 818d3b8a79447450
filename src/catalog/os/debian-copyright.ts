const FORMAT = /^\s*Format:\s*https?:\/\/www\.debian\.org\/doc\/packaging-manuals\/copyright-format\//i;
const COMMON_LICENSE = /\/usr\/share\/common-licenses\/([A-Za-z0-9][A-Za-z0-9.+-]{0,63})/g;
const GNU = /^(?:L?GPL|GFDL)-\d/;
const LATER = /\b(?:any|or)\s+later\b/i;
const MAX_VALUE_CHARS = 1000;

/**
 * Licences that a Debian copyright file names, as it names them, sorted and each once. Machine-readable files (by their Format line): the License field of each
 * Files stanza, else of the header. Others: the texts in /usr/share/common-licenses they refer to; a GNU one gets a `+` where the
 * file grants later versions and refers to no other GNU licence. What can only be guessed from prose is left out. Hostile input: never throws, linear.
 * @see https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
 */
export function debianLicenses(bytes: Uint8Array): readonly string[] {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const text = raw.includes('\r') ? raw.replaceAll('\r\n', '\n') : raw;
  const values = FORMAT.test(text) ? machineReadable(text) : undefined;
  return [...(values === undefined || values.size === 0 ? references(text) : values)].toSorted();
}

function machineReadable(text: string): ReadonlySet<string> {
  const inFiles = new Set<string>();
  let inHeader: string | undefined;
  for (let start = 0, first = true; start < text.length; first = false) {
    const blank = text.indexOf('\n\n', start);
    const end = blank === -1 ? text.length : blank;
    const license = fieldValue(text, 'License', start, end);
    if (license !== undefined && license !== '') {
      if (fieldValue(text, 'Files', start, end) !== undefined) inFiles.add(license);
      else if (first) inHeader = license;
    }
    start = end + 1;
    while (text.charCodeAt(start) === 10) start++;
  }
  return inFiles.size > 0 || inHeader === undefined ? inFiles : new Set([inHeader]);
}

/** First line of a field between two offsets; undefined when the field is not there. */
function fieldValue(text: string, name: string, start: number, end: number): string | undefined {
  for (let at = start; at < end;) {
    const newline = text.indexOf('\n', at);
    const lineEnd = newline === -1 || newline > end ? end : newline;
    if (startsWithField(text, at, name)) {
      const value = text.slice(at + name.length + 1, Math.min(lineEnd, at + MAX_VALUE_CHARS));
      return decodeUtf8(value).trim().replaceAll(/\s+/g, ' ');
    }
    at = lineEnd + 1;
  }
  return undefined;
}

function startsWithField(text: string, at: number, name: string): boolean {
  // field names are compared without case; the first character decides nearly always
  const code = text.charCodeAt(at) | 0x20;
  if (code !== (name.charCodeAt(0) | 0x20) || text[at + name.length] !== ':') return false;
  return text.slice(at, at + name.length).toLowerCase() === name.toLowerCase();
}

function references(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const match of text.matchAll(COMMON_LICENSE)) names.add(match[1]!.replace(/[.+-]+$/, ''));
  const gnu = [...names].filter((name) => GNU.test(name));
  if (gnu.length === 0 || !LATER.test(text)) return names;
  const [only] = gnu;
  for (const name of gnu) names.delete(name);
  // with several, nothing says which of them may be replaced by a later version
  if (gnu.length === 1) names.add(`${only}+`);
  else for (const name of gnu) names.add(`/usr/share/common-licenses/${name}`);
  return names;
}

/** The text was split as single bytes, for speed; only what is kept is decoded. */
function decodeUtf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
