/** A JSON object of a hostile document. */
export type JsonRecord = Readonly<Record<string, unknown>>;

const MAX_TEXT_CHARS = 8192;

export function recordOf(value: unknown): JsonRecord | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : undefined;
}

/** The objects of an array; nothing for what is none. */
export function recordsOf(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? value.map(recordOf).filter((record) => record !== undefined) : [];
}

/** Trimmed text; undefined for what is none, empty, or too long to be what a field is for. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_TEXT_CHARS) return undefined;
  const text = value.trim();
  return text === '' ? undefined : text;
}
