/** Brackets within brackets that no document has. */
const MAX_BRACKETS = 1000;

/**
 * Whether YAML or JSON text nests so deeply that a recursive parser takes long to refuse it, or dies of it. Found by one scan, quotes ignored; people's documents never
 * come near.
 * @param text hostile
 */
export function isAbsurdlyNested(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x5b || code === 0x7b) depth += 1;
    else if (code === 0x5d || code === 0x7d) depth -= 1;
    if (depth > MAX_BRACKETS) return true;
  }
  return /(?:[-?:][ \t]+){64}/.test(text);
}
