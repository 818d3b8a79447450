import { HOSTILE_TEXTS, hostileValue } from './hostile-text.ts';
import type { Random } from './random.ts';

/** Larger results are cut: what is looked for are faults of logic, not of size. */
const MAX_BYTES = 512 * 1024;
const WILD_NUMBERS = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
/** What text formats are made of. */
const SEPARATORS = /(?<=[:=,;|\s"'<>{}[\]()@/])/;

type Mutation = (bytes: Buffer, random: Random) => Uint8Array;

/** The bytes with one to four changes, of which each kind is as likely: as bytes, as numbers, as lines, as JSON. */
export function mutate(input: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(input);
  for (let rounds = 1 + random.int(4); rounds > 0; rounds -= 1) {
    const mutation = random.pick(mutationsFor(bytes));
    bytes = Buffer.from(mutation(bytes, random)).subarray(0, MAX_BYTES);
  }
  return bytes;
}

function mutationsFor(bytes: Buffer): readonly Mutation[] {
  if (bytes[0] === 0x7b || bytes[0] === 0x5b) return [...ALL, json, json, json, json, json];
  return bytes.subarray(0, 256).includes(0)
    ? [...ALL, wildNumber, wildNumber, wildNumber]
    : [...ALL, words, words, words];
}

function flipBits(bytes: Buffer, random: Random): Uint8Array {
  for (let count = 1 + random.int(8); count > 0 && bytes.length > 0; count -= 1) {
    const at = random.int(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8));
  }
  return bytes;
}

function cutOff(bytes: Buffer, random: Random): Uint8Array {
  return bytes.subarray(0, random.int(bytes.length + 1));
}

/** A number of two, four or eight bytes, of either order, becomes an extreme one, or one near to what it was or to the file's size. */
function wildNumber(bytes: Buffer, random: Random): Uint8Array {
  const width = random.pick([2, 4, 4, 8]);
  if (bytes.length < width) return bytes;
  // structure lies at the beginning and at the end
  const span = random.oneIn(2) ? Math.min(bytes.length, 512) : bytes.length;
  const place = random.int(span - width + 1);
  const at = random.oneIn(3) ? bytes.length - width - place : place;
  const near = [bytes.length, bytes.length - 1, bytes.length + 1, at, place, bytes.length - at];
  const value = random.pick([...WILD_NUMBERS, ...near]);
  const isLittle = !random.oneIn(3);
  const half = Math.min(width, 4);
  const bounded = half === 2 ? value & 0xffff : value >>> 0;
  if (isLittle) bytes.writeUIntLE(bounded, at, half);
  else bytes.writeUIntBE(bounded, at + width - half, half);
  if (width === 8) bytes.fill(random.oneIn(4) ? 0xff : 0, isLittle ? at + 4 : at, isLittle ? at + 8 : at + 4);
  return bytes;
}

function duplicateChunk(bytes: Buffer, random: Random): Uint8Array {
  const from = random.int(bytes.length);
  const chunk = bytes.subarray(from, from + 1 + random.int(Math.min(4096, bytes.length)));
  const at = random.int(bytes.length + 1);
  const times = random.oneIn(8) ? 200 : 1 + random.int(3);
  const copies: Uint8Array[] = Array.from({ length: times }, () => chunk);
  return Buffer.concat([bytes.subarray(0, at), ...copies, bytes.subarray(at)]);
}

function removeChunk(bytes: Buffer, random: Random): Uint8Array {
  const from = random.int(bytes.length);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + random.int(64))]);
}

function overwriteChunk(bytes: Buffer, random: Random): Uint8Array {
  const from = random.int(bytes.length);
  const length = Math.min(1 + random.int(256), bytes.length - from);
  if (random.oneIn(2)) bytes.fill(random.pick([0, 0xff, 0x41, 0x80]), from, from + length);
  else bytes.copyWithin(from, random.int(bytes.length), random.int(bytes.length));
  return bytes;
}

function insertText(bytes: Buffer, random: Random): Uint8Array {
  const at = random.int(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(HOSTILE_TEXTS)), bytes.subarray(at)]);
}

/** One bracket or quote many times: what recursive readers fear. */
function deepen(bytes: Buffer, random: Random): Uint8Array {
  const text = random.pick([
    '[',
    '{',
    '(',
    '<a>',
    '{"a":',
    '[[',
    '"',
    '{a,',
    '<<',
    'a:1:{i:0;',
    '[=[',
    '/*',
    '&a [*a,',
    '  ',
  ]);
  const at = random.int(bytes.length + 1);
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from(text.repeat(random.pick([3, 50, 5000, 20_000]))),
    bytes.subarray(at),
  ]);
}

/** Lines and words of a text in another order, doubled, dropped, replaced. */
function words(bytes: Buffer, random: Random): Uint8Array {
  const parts = bytes.toString('latin1').split(random.oneIn(2) ? /(?<=\n)/ : SEPARATORS);
  const at = random.int(parts.length);
  const hostile = Buffer.from(random.pick(HOSTILE_TEXTS)).toString('latin1');
  const part = parts[at] ?? '';
  const other = parts[random.int(parts.length)] ?? '';
  const changed = random.pick([
    [],
    [part, part],
    [hostile],
    [hostile, part.slice(-1)],
    [other],
    [part, hostile, other],
    [part.slice(0, 4096).replace(/\d+/, random.pick(['0', '99999999999999999999', '-1', '1'.repeat(400)]))],
    [part.slice(0, 4096).replace(/[:=].*/, (found) => found.slice(0, 2) + hostile)],
  ]);
  parts.splice(at, 1, ...changed);
  return Buffer.from(parts.join(''), 'latin1');
}

/** A member of a JSON document gets another value or another name, or the document is put into itself. */
function json(bytes: Buffer, random: Random): Uint8Array {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString('utf8'));
  } catch {
    return words(bytes, random);
  }
  const places = placesOf(document);
  if (places.length === 0) return bytes;
  const { holder, key } = random.pick(places);
  // a copy: the document must not hold itself
  const value = random.oneIn(3) ? structuredClone(random.pick(places).value) : hostileValue(random);
  if (random.oneIn(4)) define(holder, random.pick(HOSTILE_TEXTS), value);
  else define(holder, key, value);
  try {
    return Buffer.from(JSON.stringify(document));
  } catch {
    // too deep for the writer
    return bytes;
  }
}

interface Place {
  readonly holder: object;
  readonly key: string;
  readonly value: unknown;
}

function placesOf(document: unknown): Place[] {
  const places: Place[] = [];
  const pending = [document];
  for (let holder = pending.pop(); holder !== undefined && places.length < 5000; holder = pending.pop()) {
    if (typeof holder !== 'object' || holder === null) continue;
    for (const [key, value] of Object.entries(holder)) {
      places.push({ holder, key, value });
      pending.push(value);
    }
  }
  return places;
}

function define(holder: object, key: string, value: unknown): void {
  if (Array.isArray(holder) && !/^\d+$/.test(key)) holder.push(value);
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

const ALL: readonly Mutation[] = [
  flipBits,
  cutOff,
  wildNumber,
  duplicateChunk,
  removeChunk,
  overwriteChunk,
  insertText,
  deepen,
  words,
];
