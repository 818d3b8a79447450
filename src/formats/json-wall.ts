import { zstdDecompressSync } from 'node:zlib';

/** The fields asked for of a line of a wall, as own properties: text, or the texts of a list. Values of other types are left out. */
export type WallRecord = Readonly<Record<string, string | readonly string[]>>;

export interface JsonWall {
  /** One for each line after the header that is an object. */
  readonly records: readonly WallRecord[];
  /** For people: what of it cannot be read; at most 100. */
  readonly problems: readonly string[];
  /** There were more lines or values than any real wall has, or fewer lines than its header promises. */
  readonly incomplete: boolean;
  /** Of the text that was read, unpacked. */
  readonly sizeBytes: number;
}

export interface JsonWallOptions {
  /** Names of the fields to keep. */
  readonly fields: readonly string[];
  /** Most bytes of text; 256 MiB unless told. */
  readonly maxBytes?: number;
}

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const MAX_LINE_CHARS = 64 * 1024;
const MAX_RECORDS = 1_000_000;
/** Texts in lists, of all lines together: some bytes of a list become a value of a hundred. */
const MAX_LISTED = 4_000_000;
const MAX_PROBLEMS = 100;
const ZSTD_MAGIC = 0xfd2fb528;
const MAX_BLOCK_BYTES = 128 * 1024;

/**
 * Parses a jsonwall: lines of JSON after a header line `{"jsonwall":"1.0",...}`, plain or compressed by zstd as one file. Hostile input: never throws, at
 * most 256 MiB of text, lines of 64 KiB, a million records with four million texts in lists; of a line only the fields asked for stay in memory.
 * @returns when it is none, the reason, and how many bytes were unpacked at most to know that
 * @see https://github.com/canonical/chisel/blob/main/public/jsonwall/jsonwall.go
 */
export function parseJsonWall(
  bytes: Uint8Array,
  options: JsonWallOptions,
): JsonWall | { readonly unreadable: string; readonly sizeBytes: number } {
  const { fields, maxBytes = MAX_OUTPUT_BYTES } = options;
  const { text, sizeBytes, problem } = wallText(bytes, Math.min(maxBytes, MAX_OUTPUT_BYTES));
  if (text === undefined) return { unreadable: problem, sizeBytes };
  const records: WallRecord[] = [];
  const problems: string[] = [];
  let header: Readonly<Record<string, unknown>> | undefined;
  let dropped = 0;
  let number = 0;
  let listed = 0;
  for (let start = 0; start < text.length && records.length < MAX_RECORDS && listed <= MAX_LISTED; number += 1) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const object = end - start > MAX_LINE_CHARS ? undefined : parseLine(text.slice(start, end));
    const isBlank = end === start;
    start = end + 1;
    if (number === 0) {
      if (typeof object?.['jsonwall'] !== 'string')
        return { unreadable: 'its first line is no header of a jsonwall', sizeBytes };
      header = object;
    } else if (object !== undefined) {
      const record = pick(object, fields);
      for (const value of Object.values(record)) if (typeof value !== 'string') listed += value.length;
      records.push(record);
    } else if (!isBlank) {
      dropped += 1;
      if (problems.length < MAX_PROBLEMS) problems.push(`line ${number + 1} is no JSON object`);
    }
  }
  if (header === undefined) return { unreadable: 'it is empty', sizeBytes };
  const count = header['count'];
  // the count includes the header
  const isShort = typeof count === 'number' && Number.isSafeInteger(count) && count > records.length + dropped + 1;
  const isCut = records.length >= MAX_RECORDS || listed > MAX_LISTED;
  return { records, problems, incomplete: isShort || isCut, sizeBytes };
}

function pick(object: Readonly<Record<string, unknown>>, fields: readonly string[]): WallRecord {
  const kept: [string, string | readonly string[]][] = [];
  for (const name of fields) {
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    if (typeof value === 'string') kept.push([name, value]);
    else if (Array.isArray(value)) {
      kept.push([name, (value as readonly unknown[]).filter((item): item is string => typeof item === 'string')]);
    }
  }
  return Object.fromEntries(kept);
}

interface WallText {
  readonly text?: string;
  readonly sizeBytes: number;
  readonly problem: string;
}

function wallText(bytes: Uint8Array, maxBytes: number): WallText {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isPlain = buffer.length < 4 || buffer.readUInt32LE(0) !== ZSTD_MAGIC;
  if (isPlain && buffer.length > maxBytes)
    return { sizeBytes: 0, problem: `its ${buffer.length} bytes are more than the ${maxBytes} that may be read` };
  if (isPlain) return { text: buffer.toString('utf8'), sizeBytes: buffer.length, problem: '' };
  // Node before 22.15
  if (typeof zstdDecompressSync !== 'function')
    return { sizeBytes: 0, problem: 'this version of Node cannot decompress zstd' };
  try {
    const plain = zstdDecompressSync(buffer, { maxOutputLength: maxBytes });
    return { text: plain.toString('utf8'), sizeBytes: plain.length, problem: '' };
  } catch (error) {
    // no block is shorter than four bytes, nor unpacks to more than 128 KiB
    const sizeBytes = Math.min(maxBytes, Math.ceil(buffer.length / 4) * MAX_BLOCK_BYTES);
    return { sizeBytes, problem: `zstd: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
