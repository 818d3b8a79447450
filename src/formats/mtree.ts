import { gunzipSync } from 'node:zlib';
import { decodeName } from './tar/name.ts';

/** One line of a manifest with the settings in force at it. */
export interface MtreeEntry {
  /** As written, escapes resolved: `./usr/bin/x`. */
  readonly path: string;
  /** `type=`; `file` when nothing says otherwise. */
  readonly type: string;
  readonly md5?: string;
  readonly sha256?: string;
  /** Of a link, as written, escapes resolved. */
  readonly target?: string;
}

export interface Mtree {
  readonly entries: readonly MtreeEntry[];
  /** Why it was not read, or not to its end. */
  readonly problem?: string;
  /** Of the text, unpacked; the most that was allowed where it was longer. */
  readonly sizeBytes: number;
}

const MAX_TEXT_BYTES = 128 * 1024 * 1024;
const MAX_ENTRIES = 500_000;
/** No byte of deflate unpacks to more. */
const MAX_EXPANSION = 1032;
const MAX_LINE_CHARS = 64 * 1024;
const MD5 = /^[0-9a-f]{32}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Parses an mtree manifest with full paths, plain or compressed by gzip: `/set` and `/unset` lines, `path key=value ...`. Hostile input: never throws, linear,
 * at most 128 MiB of text.
 * @param maxBytes most bytes of text when it shall be less
 * @see https://man.freebsd.org/cgi/man.cgi?query=mtree&sektion=5
 */
export function parseMtree(bytes: Uint8Array, maxBytes = MAX_TEXT_BYTES): Mtree {
  const limit = Math.min(maxBytes, MAX_TEXT_BYTES);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (limit < 1 || (!isGzip && bytes.length > limit))
    return { entries: [], problem: `it has more than the ${limit} bytes that may be read`, sizeBytes: 0 };
  let plain: Uint8Array;
  try {
    plain = isGzip ? gunzipSync(bytes, { maxOutputLength: limit }) : bytes;
  } catch (error) {
    const problem = `gzip: ${error instanceof Error ? error.message : String(error)}`;
    return { entries: [], problem, sizeBytes: Math.min(limit, bytes.length * MAX_EXPANSION) };
  }
  return { ...readEntries(decodeName(plain)), sizeBytes: plain.length };
}

function readEntries(text: string): Pick<Mtree, 'entries' | 'problem'> {
  const entries: MtreeEntry[] = [];
  const settings = new Map<string, string>();
  for (const line of text.split('\n', 2 * MAX_ENTRIES)) {
    if (line.length > MAX_LINE_CHARS || line.startsWith('#')) continue;
    const [first = '', ...words] = line.split(' ');
    if (first === '') continue;
    if (first === '/set') for (const [key, value] of pairs(words)) settings.set(key, value);
    else if (first === '/unset') for (const key of words) settings.delete(key);
    else if (first !== '..') {
      if (entries.length >= MAX_ENTRIES) return { entries, problem: 'it has more entries than any real package' };
      entries.push(entryOf(first, new Map(pairs(words)), settings));
    }
  }
  return { entries };
}

function entryOf(name: string, keys: ReadonlyMap<string, string>, settings: ReadonlyMap<string, string>): MtreeEntry {
  const md5 = keys.get('md5digest') ?? keys.get('md5') ?? '';
  const sha256 = keys.get('sha256digest') ?? keys.get('sha256') ?? '';
  const target = keys.get('link');
  return {
    path: unescapePath(name),
    type: keys.get('type') ?? settings.get('type') ?? 'file',
    ...(MD5.test(md5) ? { md5 } : {}),
    ...(SHA256.test(sha256) ? { sha256 } : {}),
    ...(target === undefined ? {} : { target: unescapePath(target) }),
  };
}

function pairs(words: readonly string[]): readonly (readonly [string, string])[] {
  return words.flatMap((word) => {
    const equals = word.indexOf('=');
    return equals <= 0 ? [] : [[word.slice(0, equals), word.slice(equals + 1)] as const];
  });
}

/** `\040` is a space: bytes in octal, as vis(3) writes them. */
function unescapePath(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes: Buffer[] = [];
  let start = 0;
  for (const match of text.matchAll(/\\([0-3][0-7]{2})/g)) {
    bytes.push(Buffer.from(text.slice(start, match.index)), Buffer.of(Number.parseInt(match[1] ?? '0', 8)));
    start = match.index + match[0].length;
  }
  return decodeName(Buffer.concat([...bytes, Buffer.from(text.slice(start))]));
}
