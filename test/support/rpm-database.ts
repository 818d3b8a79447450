import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { RPM_TAGS } from '../../src/formats/index.ts';

export type RpmTagName = keyof typeof RPM_TAGS;

/** Values by the name of their tag: a string, strings, or 32-bit numbers (bytes for file states). */
export type RpmValues = { readonly [T in RpmTagName]?: string | readonly string[] | readonly number[] };

/** A header blob as rpm's databases hold it: without region, tags in the order given. */
export function rpmHeader(values: RpmValues): Buffer {
  const index: Buffer[] = [];
  const data: Buffer[] = [];
  let size = 0;
  const add = (bytes: Buffer): void => {
    data.push(bytes);
    size += bytes.length;
  };
  for (const [name, value] of Object.entries(values)) {
    const isText = typeof value === 'string';
    const isBytes = name === 'fileStates';
    const isNumbers = !isText && typeof value[0] === 'number';
    if (isNumbers && !isBytes) add(Buffer.alloc((4 - (size % 4)) % 4));
    const entry = Buffer.alloc(16);
    entry.writeUInt32BE(RPM_TAGS[name as RpmTagName], 0);
    entry.writeUInt32BE(isText ? 6 : isBytes ? 1 : isNumbers ? 4 : 8, 4);
    entry.writeUInt32BE(size, 8);
    entry.writeUInt32BE(isText ? 1 : value.length, 12);
    index.push(entry);
    if (isText) add(Buffer.from(`${value}\0`));
    else for (const item of value) add(isBytes ? Buffer.from([Number(item)]) : bytesOf(item));
  }
  const preamble = Buffer.alloc(8);
  preamble.writeUInt32BE(index.length, 0);
  preamble.writeUInt32BE(size, 4);
  return Buffer.concat([preamble, ...index, ...data]);
}

function bytesOf(item: string | number): Buffer {
  if (typeof item === 'string') return Buffer.from(`${item}\0`);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(item);
  return bytes;
}

/** A complete header of a usual package; `values` add and replace. */
export function rpmPackage(name: string, values: RpmValues = {}): Buffer {
  return rpmHeader({ name, version: '1.0', release: '1.el9', architecture: 'x86_64', license: 'MIT', ...values });
}

/** `Packages.db`: one page of slots, one blob for each header. */
export function ndbDatabase(headers: readonly Uint8Array[]): Buffer {
  const slots = Buffer.alloc(4096);
  slots.write('RpmP', 0, 'latin1');
  slots.writeUInt32LE(1, 12);
  for (let at = 32; at < slots.length; at += 16) slots.write('Slot', at, 'latin1');
  const parts: Buffer[] = [slots];
  let block = slots.length / 16;
  for (const [index, header] of headers.entries()) {
    const blocks = Math.ceil((16 + header.length + 12) / 16);
    const blob = Buffer.alloc(blocks * 16);
    blob.write('BlbS', 0, 'latin1');
    blob.writeUInt32LE(index + 1, 4);
    blob.writeUInt32LE(header.length, 12);
    blob.set(header, 16);
    blob.writeUInt32LE(adler32(blob.subarray(0, -12)), blob.length - 12);
    blob.writeUInt32LE(header.length, blob.length - 8);
    blob.write('BlbE', blob.length - 4, 'latin1');
    const at = 32 + 16 * index;
    slots.writeUInt32LE(index + 1, at + 4);
    slots.writeUInt32LE(block, at + 8);
    slots.writeUInt32LE(blocks, at + 12);
    parts.push(blob);
    block += blocks;
  }
  return Buffer.concat(parts);
}

function adler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return high * 65_536 + low;
}

export interface BerkeleyOptions {
  readonly bigEndian?: boolean;
  readonly pageBytes?: number;
  /** Type of the hash pages: 13, or 2 as versions before 4.6 wrote them. */
  readonly pageType?: number;
}

/** `Packages` as a hash of Berkeley DB: metadata, one bucket with the counter and every header, overflow pages. */
export function berkeleyDatabase(headers: readonly Uint8Array[], options: BerkeleyOptions = {}): Buffer {
  const { bigEndian = false, pageBytes = 4096, pageType = 13 } = options;
  const u16 = (page: Buffer, value: number, at: number): unknown =>
    bigEndian ? page.writeUInt16BE(value, at) : page.writeUInt16LE(value, at);
  const u32 = (page: Buffer, value: number, at: number): unknown =>
    bigEndian ? page.writeUInt32BE(value, at) : page.writeUInt32LE(value, at);
  const newPage = (number: number, type: number): Buffer => {
    const page = Buffer.alloc(pageBytes);
    u32(page, number, 8);
    page[25] = type;
    return page;
  };
  const bucket = newPage(1, pageType);
  const pages = [newPage(0, 8), bucket];
  let free = pageBytes;
  let entries = 0;
  const put = (item: Buffer): void => {
    free -= item.length;
    bucket.set(item, free);
    u16(bucket, free, 26 + 2 * entries);
    entries += 1;
  };
  const inline = (value: number): Buffer => {
    const item = Buffer.alloc(5);
    item[0] = 1;
    u32(item, value, 1);
    return item;
  };
  put(inline(0));
  put(inline(headers.length));
  for (const [index, header] of headers.entries()) {
    put(inline(index + 1));
    const item = Buffer.alloc(12);
    item[0] = 3;
    u32(item, pages.length, 4);
    u32(item, header.length, 8);
    put(item);
    for (let at = 0; at < header.length; at += pageBytes - 26) {
      const part = header.subarray(at, at + pageBytes - 26);
      const page = newPage(pages.length, 7);
      page.set(part, 26);
      u16(page, part.length, 22);
      if (at + part.length < header.length) u32(page, pages.length + 1, 16);
      pages.push(page);
    }
  }
  u16(bucket, entries, 20);
  u16(bucket, free, 22);
  const meta = pages[0]!;
  u32(meta, 0x061561, 12);
  u32(meta, 9, 16);
  u32(meta, pageBytes, 20);
  u32(meta, pages.length - 1, 32);
  return Buffer.concat(pages);
}

/** Runs SQL on a new database in a folder of its own and gives what `read` makes of its path while it is still open. */
export function withSqlite<T>(fill: (database: DatabaseSync) => void, read: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-rpm-'));
  const path = join(folder, 'rpmdb.sqlite');
  const database = new DatabaseSync(path);
  try {
    // nothing here must outlive a crash
    database.exec('PRAGMA synchronous = OFF');
    fill(database);
    return read(path);
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

/** The table as rpm makes it. */
export const RPM_SCHEMA =
  "CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)";

/** `rpmdb.sqlite`, written by SQLite itself. */
export function sqliteDatabase(headers: readonly Uint8Array[]): Buffer {
  return withSqlite(
    (database) => {
      database.exec(RPM_SCHEMA);
      const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
      for (const header of headers) insert.run(header);
    },
    (path) => readFileSync(path),
  );
}
