import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { compareCodeUnits } from '../../core/index.ts';
import type { TarEntryHeader, TarInput } from '../../formats/index.ts';
import { imageError } from '../errors.ts';

/** One file of a layer to be written. Exactly one of `content`, `file`, `linkTarget` and `hardLinkTo`; none of them makes a directory. */
export interface LayerEntry {
  /** Path in the image, with or without leading slash. */
  readonly path: string;
  readonly content?: Uint8Array | string;
  /** A file on this machine whose bytes are streamed in. */
  readonly file?: string;
  /** Target of a symbolic link, as it is to be written. */
  readonly linkTarget?: string;
  /** Path of another entry of the same layer. */
  readonly hardLinkTo?: string;
  /** 0644 for files and 0755 for directories unless given. */
  readonly mode?: number;
  /** 0 unless given. */
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since the epoch; 0 unless given. */
  readonly mtime?: number;
  readonly xattrs?: Readonly<Record<string, Uint8Array>>;
}

/**
 * Puts entries into the order they are written in: by path, parents first, hard links last; missing parent directories are added.
 * @throws AppError IMAGE_UNWRITABLE for unsafe or duplicate paths and entries with two kinds of content
 */
export function arrangeEntries(entries: readonly LayerEntry[]): readonly LayerEntry[] {
  const byPath = new Map<string, LayerEntry>();
  for (const entry of entries) {
    const path = cleanPath(entry.path);
    if (byPath.has(path)) throw unwritable(entry.path, 'it is there twice');
    const kinds = [entry.content, entry.file, entry.linkTarget, entry.hardLinkTo].filter((kind) => kind !== undefined);
    if (kinds.length > 1) throw unwritable(entry.path, 'it has more than one kind of content');
    byPath.set(path, { ...entry, path });
  }
  for (const path of byPath.keys()) addParents(byPath, path);
  const sorted = [...byPath.values()].toSorted((a, b) => compareCodeUnits(sortKey(a.path), sortKey(b.path)));
  return [
    ...sorted.filter((entry) => entry.hardLinkTo === undefined),
    ...sorted.filter((entry) => entry.hardLinkTo !== undefined),
  ];
}

/** The entries as members of an archive; files are opened one after the other as the archive is written. */
export async function* tarInputs(entries: readonly LayerEntry[]): AsyncGenerator<TarInput> {
  for (const entry of entries) yield await tarInput(entry);
}

async function tarInput(entry: LayerEntry): Promise<TarInput> {
  if (entry.content !== undefined) {
    const content = typeof entry.content === 'string' ? Buffer.from(entry.content) : entry.content;
    return { header: header(entry, 'file'), content };
  }
  if (entry.file !== undefined) {
    const stats = await stat(entry.file).catch((cause: unknown) => {
      throw unwritable(entry.path, `cannot read ${entry.file}`, cause);
    });
    if (!stats.isFile()) throw unwritable(entry.path, `${entry.file} is not a regular file`);
    const content = stats.size === 0 ? new Uint8Array() : createReadStream(entry.file, { highWaterMark: 1024 * 1024 });
    return { header: { ...header(entry, 'file'), sizeBytes: stats.size }, content };
  }
  if (entry.linkTarget !== undefined) return { header: { ...header(entry, 'symlink'), linkTarget: entry.linkTarget } };
  if (entry.hardLinkTo !== undefined)
    return { header: { ...header(entry, 'hardlink'), linkTarget: cleanPath(entry.hardLinkTo) } };
  return { header: header(entry, 'directory') };
}

function header(entry: LayerEntry, type: TarEntryHeader['type']): TarEntryHeader {
  const defaultMode = type === 'directory' ? 0o755 : type === 'symlink' ? 0o777 : 0o644;
  return {
    path: entry.path,
    type,
    mode: entry.mode ?? defaultMode,
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    mtime: entry.mtime ?? 0,
    ...(entry.xattrs === undefined ? {} : { xattrs: entry.xattrs }),
  };
}

function cleanPath(path: string): string {
  const clean = posix.normalize(`/${path}`).slice(1).replace(/\/$/, '');
  if (clean === '' || path.includes('\0') || path.split('/').includes('..'))
    throw unwritable(path, 'it is no path inside the image');
  return clean;
}

function addParents(byPath: Map<string, LayerEntry>, path: string): void {
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const parent = path.slice(0, slash);
    if (!byPath.has(parent)) byPath.set(parent, { path: parent });
  }
}

/** Sorts `a/b` before `a-b`: children follow their parent at once. */
function sortKey(path: string): string {
  return path.replaceAll('/', '\0');
}

function unwritable(path: string, why: string, cause?: unknown): Error {
  return imageError(
    'IMAGE_UNWRITABLE',
    `layer entry ${JSON.stringify(path)}: ${why}`,
    cause === undefined ? {} : { cause },
  );
}
