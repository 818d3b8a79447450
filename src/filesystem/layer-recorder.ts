import { compareCodeUnits } from '../core/index.ts';
import { ByteList, NumberList, TextList } from './byte-list.ts';
import type { DigestAlgorithm } from './capture-rule.ts';
import { filesystemError } from './errors.ts';
import { CONTENT_KINDS, RecordKind, type ContentKind, type LayerRecords } from './layer-records.ts';

/** One entry of a layer, before it is split into columns. */
export interface RecordInput {
  /** Normalised path without leading slash; '' is the root. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly sizeBytes: number;
  readonly linkTarget?: string;
  readonly xattrs?: Readonly<Record<string, Uint8Array>>;
}

/** A range of a layer's captured bytes. */
export interface KeptBytes {
  readonly start: number;
  readonly end: number;
  /** The file itself, not what an extractor made of it. */
  readonly whole: boolean;
}

const WHITEOUT = '.wh.';
const META = '.wh..wh.';
const OPAQUE = '.wh..wh..opq';

/** Digests of one algorithm: records, ascending, and the raw digests one after another. */
class DigestList {
  readonly records = new NumberList(Uint32Array, 16);
  readonly bytes = new ByteList();
}

/** Collects one layer's entries into `LayerRecords`. Whiteouts are recognised by name here. */
export class LayerRecorder {
  readonly #names = new TextList();
  readonly #directories = new TextList();
  readonly #directoryIds = new Map<string, number>();
  readonly #directory = new NumberList(Uint32Array);
  readonly #kind = new NumberList(Uint8Array);
  readonly #mode = new NumberList(Uint16Array);
  readonly #uid = new NumberList(Uint32Array);
  readonly #gid = new NumberList(Uint32Array);
  readonly #mtime = new NumberList(Float64Array);
  readonly #size = new NumberList(Float64Array);
  readonly #linkRecord = new NumberList(Uint32Array, 16);
  readonly #linkTarget = new TextList();
  readonly #xattrRecord = new NumberList(Uint32Array, 16);
  readonly #xattrs = new TextList();
  readonly #digests = {
    sha256: new DigestList(),
    sha1: new DigestList(),
    md5: new DigestList(),
    sha384: new DigestList(),
    sha512: new DigestList(),
  } satisfies Record<DigestAlgorithm, DigestList>;
  readonly #contentRecord = new NumberList(Uint32Array, 16);
  readonly #content = new NumberList(Uint8Array, 16);
  readonly #rules: readonly string[];
  readonly #captureRecord = new NumberList(Uint32Array, 16);
  readonly #captureRule = new NumberList(Uint16Array, 16);
  readonly #captureStart = new NumberList(Uint32Array, 16);
  readonly #captureEnd = new NumberList(Uint32Array, 16);
  readonly #captureWhole = new NumberList(Uint8Array, 16);
  readonly #captureBytes = new ByteList();
  #lastDirectory = '';
  #lastDirectoryId = -1;

  /** @param rules ids of the plan's capture rules, in order */
  constructor(rules: readonly string[]) {
    this.#rules = rules;
  }

  get count(): number {
    return this.#kind.length;
  }

  /** Bytes captured so far. */
  get capturedBytes(): number {
    return this.#captureBytes.length;
  }

  /**
   * Adds an entry.
   * @returns its record number; -1 when the entry is a marker that stands for nothing (`.wh..wh.plnk` and the like)
   */
  add(entry: RecordInput, kind: RecordKind): number {
    const slash = entry.path.lastIndexOf('/');
    const name = slash < 0 ? entry.path : entry.path.slice(slash + 1);
    const directory = slash < 0 ? '' : entry.path.slice(0, slash);
    if (!name.startsWith(WHITEOUT)) return this.#append(entry, directory, name, kind);
    if (name === OPAQUE) return this.#append(entry, directory, '', RecordKind.Opaque);
    const removed = name.slice(WHITEOUT.length);
    // aufs bookkeeping, and names that no file can have
    if (name.startsWith(META) || removed === '' || removed === '.' || removed === '..') return -1;
    return this.#append(entry, directory, removed, RecordKind.Whiteout);
  }

  #append(entry: RecordInput, directory: string, name: string, kind: RecordKind): number {
    const record = this.#kind.length;
    this.#names.push(name);
    this.#directory.push(this.#directoryId(directory));
    this.#kind.push(kind);
    this.#mode.push(entry.mode);
    this.#uid.push(entry.uid);
    this.#gid.push(entry.gid);
    this.#mtime.push(entry.mtime);
    this.#size.push(kind === RecordKind.File ? entry.sizeBytes : 0);
    if (entry.linkTarget !== undefined && (kind === RecordKind.Symlink || kind === RecordKind.HardLink)) {
      this.#linkRecord.push(record);
      this.#linkTarget.push(entry.linkTarget);
    }
    if (entry.xattrs !== undefined && kind < RecordKind.Whiteout) {
      this.#xattrRecord.push(record);
      this.#xattrs.push(xattrJson(entry.xattrs));
    }
    return record;
  }

  #directoryId(directory: string): number {
    if (directory === this.#lastDirectory && this.#lastDirectoryId >= 0) return this.#lastDirectoryId;
    let id = this.#directoryIds.get(directory);
    if (id === undefined) {
      id = this.#directories.push(directory);
      this.#directoryIds.set(directory, id);
    }
    this.#lastDirectory = directory;
    this.#lastDirectoryId = id;
    return id;
  }

  /** Notes the content digest (hex) of a record; each record at most once per algorithm, in ascending order. */
  setDigest(record: number, algorithm: DigestAlgorithm, hex: string): void {
    const { records, bytes } = this.#digests[algorithm];
    records.push(record);
    bytes.appendHex(hex);
  }

  /** Notes what a file's content begins like; each record at most once, in ascending order. */
  setContent(record: number, kind: ContentKind): void {
    this.#contentRecord.push(record);
    this.#content.push(CONTENT_KINDS.indexOf(kind));
  }

  /** Keeps bytes once; `capture` says for whom. */
  keep(bytes: Uint8Array, whole: boolean): KeptBytes {
    const start = this.#captureBytes.length;
    this.#captureBytes.appendBytes(bytes);
    return { start, end: this.#captureBytes.length, whole };
  }

  /** Notes that rules captured kept bytes for a record. Records in ascending order. */
  capture(record: number, rules: readonly number[], kept: KeptBytes): void {
    for (const rule of rules) {
      this.#captureRecord.push(record);
      this.#captureRule.push(rule);
      this.#captureStart.push(kept.start);
      this.#captureEnd.push(kept.end);
      this.#captureWhole.push(kept.whole ? 1 : 0);
    }
  }

  /** The finished columns; the recorder is empty afterwards. */
  finish(): LayerRecords {
    if (this.#rules.length > 0xffff) throw filesystemError('FILESYSTEM_TOO_LARGE', 'too many capture rules');
    return {
      count: this.#kind.length,
      names: this.#names.finish(),
      directories: this.#directories.finish(),
      directory: this.#directory.finish(),
      kind: this.#kind.finish(),
      mode: this.#mode.finish(),
      uid: this.#uid.finish(),
      gid: this.#gid.finish(),
      mtime: this.#mtime.finish(),
      sizeBytes: this.#size.finish(),
      linkRecord: this.#linkRecord.finish(),
      linkTarget: this.#linkTarget.finish(),
      xattrRecord: this.#xattrRecord.finish(),
      xattrs: this.#xattrs.finish(),
      sha256Record: this.#digests.sha256.records.finish(),
      sha256: this.#digests.sha256.bytes.finish(),
      md5Record: this.#digests.md5.records.finish(),
      md5: this.#digests.md5.bytes.finish(),
      sha1Record: this.#digests.sha1.records.finish(),
      sha1: this.#digests.sha1.bytes.finish(),
      sha384Record: this.#digests.sha384.records.finish(),
      sha384: this.#digests.sha384.bytes.finish(),
      sha512Record: this.#digests.sha512.records.finish(),
      sha512: this.#digests.sha512.bytes.finish(),
      contentRecord: this.#contentRecord.finish(),
      content: this.#content.finish(),
      captures: {
        rules: this.#rules,
        record: this.#captureRecord.finish(),
        rule: this.#captureRule.finish(),
        start: this.#captureStart.finish(),
        end: this.#captureEnd.finish(),
        whole: this.#captureWhole.finish(),
        bytes: this.#captureBytes.finish(),
      },
    };
  }
}

function xattrJson(xattrs: Readonly<Record<string, Uint8Array>>): string {
  const names = Object.keys(xattrs).toSorted(compareCodeUnits);
  return JSON.stringify(names.map((name) => [name, Buffer.from(xattrs[name] ?? []).toString('hex')]));
}
