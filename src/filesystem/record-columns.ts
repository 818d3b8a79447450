import { filesystemError } from './errors.ts';
import type { LayerRecords } from './layer-records.ts';

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array;
type ColumnKind = new (buffer: ArrayBuffer, offset: number, length: number) => Column;

/** Kinds of the columns, in the order of `recordColumns`. */
const KINDS: readonly ColumnKind[] = [
  Uint8Array,
  Uint32Array,
  Uint8Array,
  Uint32Array,
  Uint32Array,
  Uint8Array,
  Uint16Array,
  Uint32Array,
  Uint32Array,
  Float64Array,
  Float64Array,
  Uint32Array,
  Uint8Array,
  Uint32Array,
  Uint32Array,
  Uint8Array,
  Uint32Array,
  Uint32Array,
  Uint8Array,
  Uint32Array,
  Uint8Array,
  Uint32Array,
  Uint16Array,
  Uint32Array,
  Uint32Array,
  Uint8Array,
  Uint8Array,
  Uint32Array,
  Uint8Array,
  Uint32Array,
  Uint8Array,
  Uint32Array,
  Uint8Array,
  Uint32Array,
  Uint8Array,
];

const ALIGNMENT = 8;

/** All columns of records, in a fixed order: for transfer and storage. */
export function recordColumns(records: LayerRecords): readonly Column[] {
  const { names, directories, linkTarget, xattrs, captures } = records;
  return [
    names.bytes,
    names.ends,
    directories.bytes,
    directories.ends,
    records.directory,
    records.kind,
    records.mode,
    records.uid,
    records.gid,
    records.mtime,
    records.sizeBytes,
    records.linkRecord,
    linkTarget.bytes,
    linkTarget.ends,
    records.xattrRecord,
    xattrs.bytes,
    xattrs.ends,
    records.sha256Record,
    records.sha256,
    records.md5Record,
    records.md5,
    captures.record,
    captures.rule,
    captures.start,
    captures.end,
    captures.whole,
    captures.bytes,
    records.sha1Record,
    records.sha1,
    records.contentRecord,
    records.content,
    records.sha384Record,
    records.sha384,
    records.sha512Record,
    records.sha512,
  ];
}

/** The buffers to transfer when records cross threads. */
export function transferables(records: LayerRecords): ArrayBuffer[] {
  return recordColumns(records).map((column) => column.buffer as ArrayBuffer);
}

/** How records lie in one piece of memory. Plain JSON. */
export interface PackedLayout {
  readonly count: number;
  readonly rules: readonly string[];
  /** Items per column. */
  readonly lengths: readonly number[];
}

/** Records as bytes to be written one after another; `unpackRecords` takes them back. */
export function packRecords(records: LayerRecords): { layout: PackedLayout; parts: readonly Uint8Array[] } {
  const columns = recordColumns(records);
  const parts = columns.flatMap((column) => {
    const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    return [bytes, new Uint8Array(padding(bytes.length))];
  });
  const lengths = columns.map((column) => column.length);
  return { layout: { count: records.count, rules: records.captures.rules, lengths }, parts };
}

function padding(bytes: number): number {
  return (ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT;
}

/**
 * Views over packed records; nothing is copied. The bytes must be authentic: only their extent is checked.
 * @param offset where the first column begins; a multiple of 8
 * @throws AppError FILESYSTEM_RECORDS_INVALID
 */
export function unpackRecords(layout: PackedLayout, buffer: ArrayBuffer, offset: number): LayerRecords {
  let at = offset;
  const columns = KINDS.map((kind, index) => {
    const length = layout.lengths[index] ?? 0;
    try {
      const column = new kind(buffer, at, length);
      at += column.byteLength + padding(column.byteLength);
      return column;
    } catch (cause) {
      throw filesystemError('FILESYSTEM_RECORDS_INVALID', 'stored records are shorter than they say', { cause });
    }
  });
  const u8 = (index: number): Uint8Array => columns[index] as Uint8Array;
  const u16 = (index: number): Uint16Array => columns[index] as Uint16Array;
  const u32 = (index: number): Uint32Array => columns[index] as Uint32Array;
  const f64 = (index: number): Float64Array => columns[index] as Float64Array;
  return {
    count: layout.count,
    names: { bytes: u8(0), ends: u32(1) },
    directories: { bytes: u8(2), ends: u32(3) },
    directory: u32(4),
    kind: u8(5),
    mode: u16(6),
    uid: u32(7),
    gid: u32(8),
    mtime: f64(9),
    sizeBytes: f64(10),
    linkRecord: u32(11),
    linkTarget: { bytes: u8(12), ends: u32(13) },
    xattrRecord: u32(14),
    xattrs: { bytes: u8(15), ends: u32(16) },
    sha256Record: u32(17),
    sha256: u8(18),
    md5Record: u32(19),
    md5: u8(20),
    sha1Record: u32(27),
    sha1: u8(28),
    contentRecord: u32(29),
    content: u8(30),
    sha384Record: u32(31),
    sha384: u8(32),
    sha512Record: u32(33),
    sha512: u8(34),
    captures: {
      rules: layout.rules,
      record: u32(21),
      rule: u16(22),
      start: u32(23),
      end: u32(24),
      whole: u8(25),
      bytes: u8(26),
    },
  };
}
