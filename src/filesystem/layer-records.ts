import type { TextTable } from './byte-list.ts';
import type { FileEntry, FileType } from './file-view.ts';

/** What a record is. The first six are in the order of `FILE_TYPES`. */
export const RecordKind = {
  File: 0,
  Directory: 1,
  Symlink: 2,
  CharacterDevice: 3,
  BlockDevice: 4,
  Fifo: 5,
  /** Shares the content of another path. */
  HardLink: 6,
  /** Removes one name that lower layers have. */
  Whiteout: 7,
  /** Removes all that lower layers have inside the record's folder; the name is empty. */
  Opaque: 8,
} as const;

export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

export const FILE_TYPES: readonly FileType[] = [
  'file',
  'directory',
  'symlink',
  'character-device',
  'block-device',
  'fifo',
];

/** What a file's content can begin like, in the order of the codes in records. */
export const CONTENT_KINDS = ['elf', 'pe', 'mach-o', 'script'] as const satisfies readonly FileEntry['content'][];

export type ContentKind = (typeof CONTENT_KINDS)[number];

/**
 * All entries of one layer in the order of its archive, as columns of plain typed arrays: about 50 bytes and the name per entry. Made by
 * `LayerRecorder`; crosses threads by transfer and lies in the layer cache as it is. Paths are split into a folder (one of `directories`) and a name.
 */
export interface LayerRecords {
  readonly count: number;
  readonly names: TextTable;
  readonly directories: TextTable;
  /** Index into `directories`, per record. */
  readonly directory: Uint32Array;
  /** `RecordKind`, per record. */
  readonly kind: Uint8Array;
  /** 07777, per record. */
  readonly mode: Uint16Array;
  readonly uid: Uint32Array;
  readonly gid: Uint32Array;
  readonly mtime: Float64Array;
  readonly sizeBytes: Float64Array;
  /** Records with a link target (ascending), and their targets: a symbolic link's as written, a hard link's as a path. */
  readonly linkRecord: Uint32Array;
  readonly linkTarget: TextTable;
  /** Records with extended attributes (ascending); each a JSON list of pairs, name and hex. */
  readonly xattrRecord: Uint32Array;
  readonly xattrs: TextTable;
  /** Records with a digest (ascending), and the raw digests one after another. */
  readonly sha256Record: Uint32Array;
  readonly sha256: Uint8Array;
  readonly md5Record: Uint32Array;
  readonly md5: Uint8Array;
  readonly sha1Record: Uint32Array;
  readonly sha1: Uint8Array;
  readonly sha384Record: Uint32Array;
  readonly sha384: Uint8Array;
  readonly sha512Record: Uint32Array;
  readonly sha512: Uint8Array;
  /** Records of files that begin like a program or a script (ascending), and as which: an index into `CONTENT_KINDS`. */
  readonly contentRecord: Uint32Array;
  readonly content: Uint8Array;
  readonly captures: LayerCaptures;
}

/** Bytes that rules captured from one layer. One file can be captured by many rules and is kept once. */
export interface LayerCaptures {
  /** Ids of the rules, the plan's order. */
  readonly rules: readonly string[];
  /** Record (ascending), index into `rules`, and range of `bytes`, per capture. */
  readonly record: Uint32Array;
  readonly rule: Uint16Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  /** 1 when the bytes are the file itself, 0 when they are what an extractor made of it. */
  readonly whole: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Captures of a layer of which nothing is kept, for rules by their ids. */
export function noCaptures(rules: readonly string[]): LayerCaptures {
  const none = new Uint32Array(0);
  const noBytes = new Uint8Array(0);
  return { rules, record: none, rule: new Uint16Array(0), start: none, end: none, whole: noBytes, bytes: noBytes };
}

/** Something about a layer that looked wrong; reading went on. Has the shape of the package room's `Diagnostic`. */
export interface StackDiagnostic {
  /** Stable, kebab case: `file-too-large`, `data-after-end`. */
  readonly code: string;
  readonly severity: 'warning' | 'error';
  /** From hostile input: escape before showing. */
  readonly message: string;
  /** Absolute path in the image. */
  readonly path?: string;
  readonly source: 'image';
}

/** The layers of one image, bottom first. */
export interface LayerStack {
  readonly layers: readonly LayerRecords[];
  /** Number that `FileEntry.layer` gets for the first of `layers`: 0, or -1 for a source without layers. */
  readonly firstLayer: 0 | -1;
  readonly diagnostics: readonly StackDiagnostic[];
}

/** Position of a value in an ascending array, or -1. */
export function positionOf(ascending: Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = ascending[middle] as number;
    if (found === value) return middle;
    if (found < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
