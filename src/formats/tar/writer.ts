import { compareCodeUnits } from '../../core/index.ts';
import { tarError } from './errors.ts';
import { encodeName } from './name.ts';

export const TAR_BLOCK_BYTES = 512;

export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'character-device' | 'block-device' | 'directory' | 'fifo';

/** One entry to be written. Everything is explicit: the writer reads no clock and no user database. */
export interface TarEntryHeader {
  /** Written as given, without leading slash; directories get a trailing slash. */
  readonly path: string;
  readonly type: TarEntryType;
  /** 07777. */
  readonly mode: number;
  /** 0 unless given. */
  readonly uid?: number;
  readonly gid?: number;
  readonly userName?: string;
  readonly groupName?: string;
  /** Seconds since the epoch; 0 unless given. Fractions go into a pax record. */
  readonly mtime?: number;
  /** Content bytes that follow; must be 0 for all but files. */
  readonly sizeBytes?: number;
  /** Symbolic link target as written, or path of the entry that a hard link shares content with. */
  readonly linkTarget?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Extended attributes (`security.capability`): raw values. */
  readonly xattrs?: Readonly<Record<string, Uint8Array>>;
}

/** An entry with its content, for `createTar`. */
export interface TarInput {
  readonly header: TarEntryHeader;
  /** Exactly `sizeBytes` bytes; may be left out when that is 0. A `Uint8Array` sets `sizeBytes` by itself. */
  readonly content?: Uint8Array | AsyncIterable<Uint8Array>;
}

const TYPE_FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
};

const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;

/**
 * The header blocks of one entry: ustar, preceded by a pax extended header when the values do not fit (long or non-ASCII names, large numbers,
 * fractional times, extended attributes). Deterministic. Content and `tarPadding` follow.
 * @throws AppError TAR_UNWRITABLE for negative sizes or ids, or content on an entry that has none
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13
 */
export function tarHeader(entry: TarEntryHeader): Uint8Array {
  checkEntry(entry);
  const path = entry.type === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path;
  const pax = new Map<string, Uint8Array>();
  const name = splitPath(path, pax);
  const link = entry.linkTarget === undefined ? '' : fit('linkpath', entry.linkTarget, 100, pax);
  const mtime = entry.mtime ?? 0;
  if (!Number.isInteger(mtime) || mtime < 0 || mtime > MAX_OCTAL_11) pax.set('mtime', encodeName(String(mtime)));
  const size = fitNumber('size', entry.sizeBytes ?? 0, MAX_OCTAL_11, pax);
  const uid = fitNumber('uid', entry.uid ?? 0, MAX_OCTAL_7, pax);
  const gid = fitNumber('gid', entry.gid ?? 0, MAX_OCTAL_7, pax);
  for (const key of Object.keys(entry.xattrs ?? {})) {
    pax.set(`SCHILY.xattr.${key}`, entry.xattrs?.[key] ?? new Uint8Array());
  }
  const main = block({
    name: name.name,
    prefix: name.prefix,
    mode: entry.mode & 0o7777,
    uid,
    gid,
    size,
    mtime: Math.min(Math.max(0, Math.floor(mtime)), MAX_OCTAL_11),
    flag: TYPE_FLAGS[entry.type],
    link,
    userName: entry.userName ?? '',
    groupName: entry.groupName ?? '',
    major: entry.device?.major ?? 0,
    minor: entry.device?.minor ?? 0,
  });
  return pax.size === 0 ? main : Buffer.concat([paxBlocks(name.name, pax), main]);
}

/** Zero bytes that round `sizeBytes` of content up to a whole block. */
export function tarPadding(sizeBytes: number): Uint8Array {
  return new Uint8Array((TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES);
}

/** The end of an archive: two zero blocks. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * TAR_BLOCK_BYTES);
}

/**
 * A whole archive as a stream of chunks, entries in the order given.
 * @throws AppError TAR_UNWRITABLE when content is longer or shorter than its header says
 */
export async function* createTar(inputs: Iterable<TarInput> | AsyncIterable<TarInput>): AsyncGenerator<Uint8Array> {
  for await (const { header, content } of inputs) {
    const sizeBytes = content instanceof Uint8Array ? content.byteLength : (header.sizeBytes ?? 0);
    yield tarHeader({ ...header, sizeBytes });
    let written = 0;
    for await (const chunk of contentChunks(content)) {
      written += chunk.byteLength;
      if (written > sizeBytes) break;
      yield chunk;
    }
    if (written !== sizeBytes) {
      throw tarError(
        'TAR_UNWRITABLE',
        `${JSON.stringify(header.path)}: content is not the ${sizeBytes} bytes its header says`,
      );
    }
    const padding = tarPadding(sizeBytes);
    if (padding.byteLength > 0) yield padding;
  }
  yield tarEnd();
}

async function* contentChunks(content: TarInput['content']): AsyncGenerator<Uint8Array> {
  if (content === undefined) return;
  if (content instanceof Uint8Array) {
    if (content.byteLength > 0) yield content;
  } else yield* content;
}

function checkEntry(entry: TarEntryHeader): void {
  const fail = (why: string): Error => tarError('TAR_UNWRITABLE', `tar entry ${JSON.stringify(entry.path)}: ${why}`);
  if (entry.path === '') throw fail('empty path');
  for (const value of [entry.sizeBytes ?? 0, entry.uid ?? 0, entry.gid ?? 0, entry.mode]) {
    if (!Number.isSafeInteger(value) || value < 0) throw fail(`${value} is no size, id or mode`);
  }
  if (entry.type !== 'file' && (entry.sizeBytes ?? 0) > 0) throw fail(`a ${entry.type} has no content`);
  if (!Number.isFinite(entry.mtime ?? 0)) throw fail('mtime is no number');
}

/** Splits a path into ustar's prefix and name, or cuts it and notes the whole as a pax record. */
function splitPath(path: string, pax: Map<string, Uint8Array>): { name: string; prefix: string } {
  if (isAscii(path)) {
    if (path.length <= 100) return { name: path, prefix: '' };
    const cut = path.lastIndexOf('/', Math.min(155, path.length - 2));
    if (cut > 0 && path.length - cut - 1 <= 100) return { name: path.slice(cut + 1), prefix: path.slice(0, cut) };
  }
  return { name: fit('path', path, 100, pax), prefix: '' };
}

function fit(key: string, value: string, maxChars: number, pax: Map<string, Uint8Array>): string {
  if (isAscii(value) && value.length <= maxChars) return value;
  pax.set(key, encodeName(value));
  return value.replace(/[^\x20-\x7e]/gu, '_').slice(0, maxChars);
}

function fitNumber(key: string, value: number, max: number, pax: Map<string, Uint8Array>): number {
  if (value <= max) return value;
  pax.set(key, encodeName(String(value)));
  return 0;
}

function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\x01-\x7f]*$/.test(text);
}

function paxBlocks(name: string, pax: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const records = [...pax.keys()]
    .toSorted(compareCodeUnits)
    .map((key) => paxRecord(key, pax.get(key) ?? new Uint8Array()));
  const body = Buffer.concat(records);
  const base = name.replace(/\/$/, '').split('/').at(-1) ?? '';
  const header = block({
    name: `PaxHeaders/${base}`.slice(0, 100),
    prefix: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.byteLength,
    mtime: 0,
    flag: 'x',
    link: '',
    userName: '',
    groupName: '',
    major: 0,
    minor: 0,
  });
  return Buffer.concat([header, body, tarPadding(body.byteLength)]);
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.byteLength;
  while (String(length).length + rest.byteLength !== length) length = String(length).length + rest.byteLength;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

interface BlockFields {
  readonly name: string;
  readonly prefix: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly flag: string;
  readonly link: string;
  readonly userName: string;
  readonly groupName: string;
  readonly major: number;
  readonly minor: number;
}

function block(fields: BlockFields): Uint8Array {
  const header = Buffer.alloc(TAR_BLOCK_BYTES);
  const octal = (value: number, offset: number, digits: number): void => {
    header.write(value.toString(8).padStart(digits, '0').slice(-digits), offset, 'latin1');
  };
  header.write(fields.name, 0, 100, 'latin1');
  octal(fields.mode, 100, 7);
  octal(fields.uid, 108, 7);
  octal(fields.gid, 116, 7);
  octal(fields.size, 124, 11);
  octal(fields.mtime, 136, 11);
  header.write('        ', 148, 'latin1');
  header.write(fields.flag, 156, 'latin1');
  header.write(fields.link, 157, 100, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(fields.userName.slice(0, 31), 265, 'latin1');
  header.write(fields.groupName.slice(0, 31), 297, 'latin1');
  octal(fields.major, 329, 7);
  octal(fields.minor, 337, 7);
  header.write(fields.prefix, 345, 155, 'latin1');
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
