import { zstdDecompressSync } from 'node:zlib';

/** A JSON object of a wall; any own key may be there. */
export type WallRecord = Readonly<Record<string, unknown>>;

export interface JsonWall {
  /** One for each line after the header that is an object. */
  readonly records: readonly WallRecord[];
  /** For people: what of it cannot be read; at most 100. */
  readonly problems: readonly string[];
  /** There were more lines than any real wall has, or fewer than its header promises. */
  readonly incomplete: boolean;
}

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const MAX_LINE_CHARS = 1024 * 1024;
const MAX_RECORDS = 1_000_000;
const MAX_PROBLEMS = 100;
const ZSTD_MAGIC = 0xfd2fb528;

/**
 * Parses a jsonwall: lines of JSON after a header line `{"jsonwall":"1.0",...}`, plain or compressed by zstd as one file. Hostile input: never throws, at
 * most 256 MiB of text.
 * @returns undefined when it is none, with the reason
 * @see https://github.com/canonical/chisel/blob/main/public/jsonwall/jsonwall.go
 */
export function parseJsonWall(bytes: Uint8Array): JsonWall | { readonly unreadable: string } {
  const text = wallText(bytes);
  if (typeof text !== 'string') return text;
  const records: WallRecord[] = [];
  const problems: string[] = [];
  let header: WallRecord | undefined;
  let dropped = 0;
  let number = 0;
  for (let start = 0; start < text.length && records.length < MAX_RECORDS; number += 1) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const record = end - start > MAX_LINE_CHARS ? undefined : parseLine(text.slice(start, end));
    const isBlank = end === start;
    start = end + 1;
    if (number === 0) {
      if (typeof record?.['jsonwall'] !== 'string') return { unreadable: 'its first line is no header of a jsonwall' };
      header = record;
    } else if (record !== undefined) records.push(record);
    else if (!isBlank) {
      dropped += 1;
      if (problems.length < MAX_PROBLEMS) problems.push(`line ${number + 1} is no JSON object`);
    }
  }
  if (header === undefined) return { unreadable: 'it is empty' };
  const count = header['count'];
  // the count includes the header
  const isShort = typeof count === 'number' && Number.isSafeInteger(count) && count > records.length + dropped + 1;
  return { records, problems, incomplete: isShort || records.length >= MAX_RECORDS };
}

function wallText(bytes: Uint8Array): string | { readonly unreadable: string } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 4 || buffer.readUInt32LE(0) !== ZSTD_MAGIC) return buffer.toString('utf8');
  // Node before 22.15
  if (typeof zstdDecompressSync !== 'function') return { unreadable: 'this version of Node cannot decompress zstd' };
  try {
    return zstdDecompressSync(buffer, { maxOutputLength: MAX_OUTPUT_BYTES }).toString('utf8');
  } catch (error) {
    return { unreadable: `zstd: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function parseLine(line: string): WallRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as WallRecord) : undefined;
  } catch {
    return undefined;
  }
}
