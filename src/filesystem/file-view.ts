import type { DigestAlgorithm } from './capture-rule.ts';

export type FileType = 'file' | 'directory' | 'symlink' | 'character-device' | 'block-device' | 'fifo';

/** Number of an entry in its view: an index for what somebody knows of files, without a path to look up. */
export type FileId = number;

/** One entry of an image's filesystem as its tar header describes it. Hard links appear as regular files that share content. */
export interface FileEntry {
  /** The same for the same place of one view; below the view's `idLimit`. */
  readonly id: FileId;
  /** Without leading or trailing slash, no `.` or `..` segments; '' is the root. */
  readonly path: string;
  readonly type: FileType;
  /** Content size; 0 for all but regular files. */
  readonly sizeBytes: number;
  /** Permission bits with setuid, setgid and sticky (07777). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Target of a symbolic link as written. */
  readonly linkTarget?: string;
  /** For a regular file that came as a hard link: the path whose content it shares. */
  readonly hardLinkTo?: string;
  /** Extended attributes (pax SCHILY.xattr.*) name to hex, when there are any. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** What a regular file's content begins like, where the pass looked: only known when the plan looks into executables. */
  readonly content?: 'elf' | 'pe' | 'mach-o' | 'script';
  /** Layer this entry is from, 0 = bottom; -1 for a source without layers. */
  readonly layer: number;
}

/**
 * The squashed filesystem of an image, or of its bottom layers: whiteouts applied, links resolvable inside the root.
 * Paths are given and returned without leading slash. All methods are look-ups in memory.
 * @throws AppError FILESYSTEM_TOO_LARGE from all of them when look-ups of a hostile image were led through fifty million segments by links
 */
export interface FileView {
  /** Number of entries, directories included. */
  readonly size: number;
  /** Above the numbers of all entries, and not much larger than `size`. */
  readonly idLimit: number;
  /** The entry itself (lstat), following links only in its parent folders. */
  lookup(path: string): FileEntry | undefined;
  /** The entry after following links inside the root (stat); undefined when absent, dangling or cyclic. */
  resolve(path: string): FileEntry | undefined;
  /** Entries directly inside a folder (links resolved), sorted by path. */
  list(directory: string): readonly FileEntry[];
  /** A folder (links resolved) to ask about many names; undefined when there is none. */
  folder(directory: string): FolderView | undefined;
  /** Every entry, sorted by path (UTF-16 code units); no links followed. */
  entries(): Iterable<FileEntry>;
  /** Every folder, parents first and else in no particular order: takes half the time of `entries`. The first is the root, its own parent. */
  folders(): Iterable<FolderFiles>;
  /** Entries whose bytes this rule captured, sorted by path. Only entries that are visible in this view. */
  captured(ruleId: string): readonly CapturedFile[];
  /** Bytes of a visible file (links resolved), if any rule captured it whole. */
  read(path: string): Uint8Array | undefined;
  /** Content digest in lower-case hex, links resolved, if the plan asked for it. */
  contentDigest(path: string, algorithm: DigestAlgorithm): string | undefined;
}

/** One folder of a view. */
export interface FolderView {
  /** Where it lies, links resolved. */
  readonly path: string;
  /** What lies in it under this name, unless it is a folder; a link counts as what it is. */
  fileId(name: string): FileId | undefined;
}

/** A folder, and what lies directly in it. */
export interface FolderFiles {
  readonly id: FileId;
  readonly parent: FileId;
  readonly path: string;
  /** By name, everything that is no folder, in no particular order. */
  files(): Iterable<readonly [name: string, entry: FileEntry]>;
}

/** Bytes a rule captured: the whole file, or what the rule's extractor returned. */
export interface CapturedFile {
  readonly entry: FileEntry;
  readonly bytes: Uint8Array;
}
