import { canonicalJson, LIMITS, parseStrictJson, sha256Digest, type Digest, type JsonValue } from '../core/index.ts';
import { provenanceError } from './errors.ts';
import { checkRecordBlobs } from './lock-blobs.ts';
import { readLockRecord } from './lock-record.ts';
import type { Lock, LockRecord } from './types.ts';

/** A record before it has its place in the chain. */
export type LockRecordDraft = Omit<LockRecord, 'sequence' | 'previous'>;

/** Longest line of a lock: one record with its blobs. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

export const EMPTY_LOCK: Lock = { records: [], head: null };

/**
 * Reads a lock: JSON lines, each naming the SHA-256 of the line before it. The chain is checked, every blob re-hashed, and every platform's config
 * digest and diffIDs are read again from the stored manifests and configs.
 * @param bytes hostile; capped at LIMITS.lockBytes
 * @throws AppError LOCK_MALFORMED, LOCK_CHAIN_BROKEN, LOCK_BLOB_MISMATCH, LOCK_BLOB_MISSING, LOCK_PLATFORM_MISMATCH
 */
export function parseLock(bytes: Uint8Array): Lock {
  if (bytes.byteLength > LIMITS.lockBytes) {
    throw provenanceError(
      'LOCK_MALFORMED',
      `the lock is ${bytes.byteLength} bytes, more than the ${LIMITS.lockBytes} allowed`,
    );
  }
  const records: LockRecord[] = [];
  const known = new Map<string, string>();
  let head: Digest | null = null;
  for (const line of lines(bytes)) {
    const where = `lock line ${records.length + 1}`;
    const record = readLockRecord(parseStrictJson(line, where, { maxBytes: MAX_LINE_BYTES }), where);
    if (record.sequence !== records.length || record.previous !== head) {
      throw provenanceError('LOCK_CHAIN_BROKEN', `${where} does not follow the line before it`, {
        hint: 'the lock was edited, cut or merged by hand; restore it from version control',
        details: { sequence: record.sequence, previous: record.previous, expected: head },
      });
    }
    const complete = withKnownBlobs(record, known);
    checkRecordBlobs(complete, where, known);
    remember(known, record);
    records.push(complete);
    head = sha256Digest(line);
  }
  return { records, head };
}

/**
 * Gives drafts their places after the lock's head, in their order; returns the longer lock and the lines to append (newlines included). Bytes that an earlier
 * record keeps are not written again.
 * @throws AppError LOCK_TOO_LARGE, and those of `parseLock` for a draft that does not keep what it names
 */
export function appendLockRecords(
  lock: Lock,
  drafts: readonly LockRecordDraft[],
): { readonly lock: Lock; readonly lines: string } {
  const known = new Map<string, string>();
  for (const record of lock.records) remember(known, record);
  const records = [...lock.records];
  let { head } = lock;
  let lines = '';
  for (const draft of drafts) {
    const record: LockRecord = { ...draft, sequence: records.length, previous: head };
    checkRecordBlobs(record, `lock record ${record.sequence}`, known);
    const blobs = Object.fromEntries(Object.entries(draft.blobs).filter(([digest]) => !known.has(digest)));
    const line = canonicalJson({ ...record, blobs } as unknown as JsonValue);
    if (Buffer.byteLength(line) > MAX_LINE_BYTES) {
      // written, it could not be read any more
      const what = `the record of ${record.entry}${record.tag === null ? '' : `:${record.tag}`}`;
      throw provenanceError('LOCK_TOO_LARGE', `${what} has more than the ${MAX_LINE_BYTES} bytes allowed`);
    }
    remember(known, record);
    records.push(record);
    head = sha256Digest(line);
    lines += `${line}\n`;
  }
  return { lock: { records, head }, lines };
}

/** Keeps in mind what a checked record keeps, for those after it. */
function remember(known: Map<string, string>, { blobs }: LockRecord): void {
  for (const [digest, encoded] of Object.entries(blobs)) known.set(digest, encoded);
}

/** Adds the blobs that earlier records keep for it. */
function withKnownBlobs(record: LockRecord, known: ReadonlyMap<string, string>): LockRecord {
  const blobs: Record<string, string> = { ...record.blobs };
  const needed = [
    record.digest,
    ...record.platforms.flatMap(({ manifest, config, fileList }) => [
      manifest,
      config,
      ...(fileList ? [fileList] : []),
    ]),
    ...record.bundles.map((bundle) => bundle.digest),
  ];
  for (const digest of needed) {
    const encoded = blobs[digest] ?? known.get(digest);
    if (encoded !== undefined) blobs[digest] = encoded;
  }
  return { ...record, blobs };
}

/** Bytes of a stored bundle, manifest or config. @throws AppError LOCK_BLOB_MISSING */
export function lockBlob(record: LockRecord, digest: Digest): Uint8Array {
  const encoded = record.blobs[digest];
  if (encoded === undefined)
    throw provenanceError('LOCK_BLOB_MISSING', `lock record ${record.sequence} has no blob ${digest}`);
  return Buffer.from(encoded, 'base64');
}

function* lines(bytes: Uint8Array): Iterable<Uint8Array> {
  let start = 0;
  while (start < bytes.byteLength) {
    const end = bytes.indexOf(0x0a, start);
    if (end === -1) {
      throw provenanceError('LOCK_MALFORMED', 'the last line of the lock has no newline: it was cut off', {
        hint: 'restore the lock from version control',
      });
    }
    yield bytes.subarray(start, end);
    start = end + 1;
  }
}
