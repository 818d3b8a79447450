/** Shorter texts cannot make values of more than some megabytes. */
const MIN_COUNTED = 1024 * 1024;
const MAX_CONTAINERS = 1_500_000;
const MAX_VALUES = 4_000_000;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/**
 * As `JSON.parse`, for hostile text: three characters (`{},`) become an object of more than fifty bytes, so that sixty megabytes would take gigabytes. Counts
 * values before parsing; no document that anybody writes has so many.
 * @throws SyntaxError when it is no JSON, or has more than 1.5 million objects and arrays, or 4 million values
 */
export function parseBoundedJson(text: string): unknown {
  if (hasTooManyValues(text)) throw new SyntaxError('more values than any real document has');
  return JSON.parse(text) as unknown;
}

/** Whether parsing would make more than 1.5 million objects and arrays, or 4 million values. One pass, no memory. */
export function hasTooManyValues(text: string): boolean {
  if (text.length < MIN_COUNTED) return false;
  let [containers, values] = [0, 0];
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    if (code === COMMA) values += 1;
    else if (code === 0x5b || code === 0x7b) {
      containers += 1;
      if (containers > MAX_CONTAINERS) return true;
    }
    at += 1;
  }
  return containers + values > MAX_VALUES;
}

/** Where the JSON string that starts at `start` ends: behind its first quote with an even number of backslashes before it; the text's end without one. */
export function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1) {
    let before = quote - 1;
    while (before > start && text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((quote - before) % 2 === 1) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}
