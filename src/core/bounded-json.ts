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
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) inString = !inString;
    else if (inString) at += code === BACKSLASH ? 1 : 0;
    else if (code === COMMA) values += 1;
    else if (code === 0x5b || code === 0x7b) {
      containers += 1;
      if (containers > MAX_CONTAINERS) return true;
    }
  }
  return containers + values > MAX_VALUES;
}
