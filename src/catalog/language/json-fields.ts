/** A JSON object as it comes from `JSON.parse`. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Longest text kept of any one field; longer ones are not believed to be what the field is for. */
const MAX_FIELD_CHARS = 8192;

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** Trimmed text; undefined for any other type, for nothing but white space, and for text longer than 8,192 characters. */
export function asText(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_FIELD_CHARS) return undefined;
  const text = value.trim();
  return text === '' ? undefined : text;
}

/** Own keys whose value is a string (a dependency map), or the strings of an array. */
export function dependencyNames(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.filter((item): item is string => typeof item === 'string');
  const object = asObject(value);
  return object === undefined ? [] : Object.keys(object);
}

/**
 * An address fit for a document: absolute, of a scheme that names a place, without user information (a token left in a URL is a secret).
 * undefined for anything else.
 */
export function publicUrl(value: string | undefined): string | undefined {
  if (value === undefined || !/^(?:https?|git|ssh|ftp|git\+[a-z]+):\/\//i.test(value) || !URL.canParse(value))
    return undefined;
  const url = new URL(value);
  if (url.username === '' && url.password === '') return value;
  // `git@host` is the name everybody uses, not a credential
  if (url.password === '' && url.username === 'git') return value;
  url.username = '';
  url.password = '';
  return url.href;
}

/** UTF-8 text, invalid bytes as U+FFFD, without a byte-order mark. */
export function decodeText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
