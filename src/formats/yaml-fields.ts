/** What a YAML document says at its top level in the plainest of forms. */
export type YamlFields = ReadonlyMap<string, string | readonly string[]>;

const MAX_LINES = 200_000;
const MAX_LINE_CHARS = 64 * 1024;
const FIELD = /^([A-Za-z_][\w.-]{0,255}):(?:[ \t]+(.*))?$/;

/**
 * Reads scalars and lists of scalars at the top level of a YAML file that a program wrote: `key: value`, `key: [a, b]`, and lines of `- item`. Mappings, anchors,
 * block texts and whatever else is deeper is left out, not misread; the first of a key counts. Hostile input: never throws, linear.
 * @see https://yaml.org/spec/1.2.2/
 */
export function parseYamlFields(text: string): YamlFields {
  const fields = new Map<string, string | readonly string[]>();
  let items: string[] | undefined;
  for (const raw of text.split('\n', MAX_LINES)) {
    const line = raw.trimEnd();
    if (line === '' || line.length > MAX_LINE_CHARS || line.startsWith('#')) continue;
    if (line === '...' || (line === '---' && fields.size > 0)) break;
    const item = /^ {0,8}- (.*)$/.exec(line)?.[1];
    if (item !== undefined) {
      const value = scalar(item);
      if (value !== undefined) items?.push(value);
      continue;
    }
    if (line.startsWith(' ') || line.startsWith('\t')) continue;
    items = undefined;
    const match = FIELD.exec(line);
    const [, key = '', rest = ''] = match ?? [];
    if (match === null || fields.has(key)) continue;
    if (rest === '' || rest.startsWith('#')) {
      items = [];
      fields.set(key, items);
    } else {
      const value = rest.startsWith('[') ? flowList(rest) : scalar(rest);
      if (value !== undefined) fields.set(key, value);
    }
  }
  return fields;
}

function flowList(text: string): readonly string[] | undefined {
  const inner = /^\[([^[\]{}]*)\]/.exec(text)?.[1];
  return inner?.split(',').flatMap((part) => scalar(part.trim()) ?? []);
}

/** A plain or quoted scalar on one line; undefined for anything richer. */
function scalar(text: string): string | undefined {
  const first = text[0] ?? '';
  if (first === "'") return /^'((?:[^']|'')*)'/.exec(text)?.[1]?.replaceAll("''", "'");
  if (first === '"') {
    const quoted = /^"(?:[^"\\]|\\.)*"/.exec(text)?.[0];
    try {
      const value: unknown = quoted === undefined ? undefined : JSON.parse(quoted);
      return typeof value === 'string' ? value : undefined;
    } catch {
      return undefined;
    }
  }
  if (first === '' || '|>&*!%@`{}[],?'.includes(first)) return undefined;
  const comment = text.indexOf(' #');
  const plain = (comment === -1 ? text : text.slice(0, comment)).trim();
  return plain.includes(': ') || plain.endsWith(':') ? undefined : plain;
}
