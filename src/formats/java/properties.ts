const MAX_CHARS = 64 * 1024;
const ESCAPES: Readonly<Record<string, string>> = { __proto__: null as never, t: '\t', n: '\n', r: '\r', f: '\f' };

/**
 * Reads a `.properties` file: `key=value`, `key: value` or `key value`, comments, escapes, lines continued by a backslash. Hostile input: never throws,
 * linear time, reads at most 64 KiB.
 * @returns of two with the same key the last counts
 * @see https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Properties.html
 */
export function parseProperties(bytes: Uint8Array): ReadonlyMap<string, string> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MAX_CHARS)).toString('utf8');
  const properties = new Map<string, string>();
  let pending = '';
  for (const raw of text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    const line = raw.trimStart();
    if (pending === '' && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    if (endsWithEscape(line)) {
      pending += line.slice(0, -1);
      continue;
    }
    addPair(properties, pending + line);
    pending = '';
  }
  if (pending !== '') addPair(properties, pending);
  return properties;
}

/** An odd number of backslashes at the end. */
function endsWithEscape(line: string): boolean {
  let count = 0;
  for (let at = line.length - 1; at >= 0 && line[at] === '\\'; at -= 1) count += 1;
  return count % 2 === 1;
}

function addPair(properties: Map<string, string>, line: string): void {
  let end = 0;
  while (end < line.length && !/[=:\s]/.test(line[end]!)) end += line[end] === '\\' ? 2 : 1;
  const rest = line.slice(end).trimStart();
  const value = rest.startsWith('=') || rest.startsWith(':') ? rest.slice(1).trimStart() : rest;
  properties.set(unescape(line.slice(0, end)), unescape(value).trimEnd());
}

function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code, char) =>
    typeof code === 'string' ? String.fromCharCode(Number.parseInt(code, 16)) : (ESCAPES[String(char)] ?? String(char)),
  );
}
