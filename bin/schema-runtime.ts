// What compiled validators need at run time. `compile-schemas.ts` writes these functions, types stripped, into each generated file: they must
// refer to nothing outside themselves and to each other by name only. All are linear in the size of their input.

/** Length in code points, as JSON Schema counts. */
export function codePointLength(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length - 1; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0xd800 || code > 0xdbff) continue;
    const next = text.charCodeAt(index + 1);
    if (next < 0xdc00 || next > 0xdfff) continue;
    length -= 1;
    index += 1;
  }
  return length;
}

/** Equality of JSON values. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) && deepEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

/** JSON with sorted keys: equal values, equal texts. */
export function stableText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map((item) => stableText(item)).join(',')}]`;
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${stableText(member)}`);
  }
  return `{${members.join(',')}}`;
}

/** A text that equal items share; cheap, and different for most items that differ. */
export function roughText(item: unknown): string {
  if (typeof item !== 'object' || item === null) return `${typeof item} ${String(item)}`;
  const { 'bom-ref': bomRef, ref, name, url } = item as Record<string, unknown>;
  const parts = [bomRef, ref, name, url].map((part) => (typeof part === 'string' ? `${part.length}:${part}` : '-'));
  return `object ${parts.join(' ')}`;
}

export function uniqueArray(items: readonly unknown[]): boolean {
  if (items.length < 2) return true;
  const rough = items.map((item) => roughText(item));
  if (new Set(rough).size === items.length) return true;
  const counts = new Map<string, number>();
  for (const text of rough) counts.set(text, (counts.get(text) ?? 0) + 1);
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (counts.get(rough[index]!) === 1) continue;
    const text = stableText(item);
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

export function isDateTime(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|[+-](\d\d):?(\d\d))$/.exec(text);
  if (match === null) return false;
  const [year, month, day, hour, minute, second, zoneHour, zoneMinute] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const leap = year! % 4 === 0 && (year! % 100 !== 0 || year! % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month! - 1];
  if (days === undefined || day! < 1 || day! > days) return false;
  return hour! <= 23 && minute! <= 59 && second! <= 60 && zoneHour! <= 23 && zoneMinute! <= 59;
}

/** RFC 3987 in its characters: no white space, controls, or the delimiters it leaves out; `%` with two hex digits; one `#`. */
export function isIriReference(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0020<>"{}|\\^`\u007f]/.test(text) || /%(?![0-9A-Fa-f]{2})/.test(text)) return false;
  return text.indexOf('#') === text.lastIndexOf('#');
}

export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  return at > 0 && at < text.length - 1 && text.length <= 320 && !/\s/.test(text);
}
