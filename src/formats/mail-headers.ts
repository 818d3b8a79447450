/** Header fields by lower-case name; a field that stands several times has several values, in order. */
export type MailHeaders = ReadonlyMap<string, readonly string[]>;

/** Headers longer than this are cut: what follows is prose. */
const MAX_HEADER_BYTES = 4 * 1024 * 1024;
const MAX_FIELDS = 50_000;

/**
 * Reads the header of an RFC 822 style document (Python's METADATA and PKG-INFO) up to its first empty line. Hostile input: lines that are
 * no fields are passed over, invalid UTF-8 becomes U+FFFD, time is linear, and it never throws.
 * @returns values trimmed; continuation lines are joined by `\n` without their indentation
 * @see https://packaging.python.org/en/latest/specifications/core-metadata/
 */
export function parseMailHeaders(bytes: Uint8Array): MailHeaders {
  const headers = new Map<string, string[]>();
  let values: string[] | undefined;
  let fields = 0;
  for (const line of headerText(bytes).split(/\r?\n/)) {
    if (line === '') break;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      continueField(values, line.trim());
      continue;
    }
    const colon = line.indexOf(':');
    const name = colon === -1 ? '' : line.slice(0, colon).toLowerCase();
    if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) {
      values = undefined;
      continue;
    }
    fields += 1;
    if (fields > MAX_FIELDS) break;
    values = headers.get(name) ?? [];
    headers.set(name, values);
    values.push(line.slice(colon + 1).trim());
  }
  return headers;
}

function continueField(values: string[] | undefined, text: string): void {
  const last = values?.at(-1);
  if (values === undefined || last === undefined) return;
  // strings are ropes until they are looked at: appending many lines stays linear
  values[values.length - 1] = last === '' ? text : `${last}\n${text}`;
}

function headerText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MAX_HEADER_BYTES));
  const ends = ['\n\n', '\n\r\n'].map((mark) => buffer.indexOf(mark, 0, 'latin1')).filter((at) => at !== -1);
  const end = ends.length === 0 ? buffer.byteLength : Math.min(...ends);
  return new TextDecoder().decode(buffer.subarray(0, end));
}
