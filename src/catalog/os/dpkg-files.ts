import { decodeName } from '../../formats/index.ts';
import type { CapturedFile, FileEntry, FileView } from '../../filesystem/index.ts';
import type { DpkgDatabase, DpkgRecord } from './dpkg-database.ts';
import { createOwnedPaths } from './owned-paths.ts';

/** What one package owns. */
export interface DpkgFiles {
  /** As on disk; undefined when the database has no list for the package. */
  readonly files: readonly string[] | undefined;
  readonly configFiles: readonly string[];
  /** The list itself: the layer that wrote it is the layer that installed the package. */
  readonly list: FileEntry | undefined;
}

const CONFFILE_FLAGS: ReadonlySet<string> = new Set(['obsolete', 'remove-on-upgrade']);

/** Where dpkg puts a path instead, unless it belongs to the diverting package. */
interface Diversion {
  readonly to: string;
  /** `:` when an administrator diverted it. */
  readonly by: string;
}

/** What the databases of one view share. */
export interface DpkgLists {
  /** Administrative folder, then name with or without architecture, to the file list. */
  readonly lists: ReadonlyMap<string, ReadonlyMap<string, CapturedFile>>;
}

/** Sorts the captured `info/NAME[:ARCH].list` files by database. */
export function readDpkgLists(view: FileView): DpkgLists {
  const lists = new Map<string, Map<string, CapturedFile>>();
  for (const file of view.captured('dpkg/info')) {
    const match = /^(.*)\/info\/([^/]+)\.list$/s.exec(file.entry.path);
    if (match === null) continue;
    const [, folder = '', name = ''] = match;
    const known = lists.get(folder);
    if (known) known.set(name, file);
    else lists.set(folder, new Map([[name, file]]));
  }
  return { lists };
}

/**
 * Reads file lists of one database: `info/NAME[:ARCH].list`, or the `.md5sums` beside a status.d file. Diverted paths are those on disk.
 * @see https://manpages.debian.org/bookworm/dpkg/dpkg-divert.1.en.html
 */
export function createDpkgFiles(
  view: FileView,
  database: DpkgDatabase,
  shared: DpkgLists,
): (record: DpkgRecord) => DpkgFiles {
  const diversions = readDiversions(view, database);
  const lengths = new Set([...diversions.keys()].map((path) => path.length));
  const owned = createOwnedPaths(view, database.root);
  const lists = shared.lists.get(database.folder);
  const moved = (record: DpkgRecord, path: string): string => {
    // most paths are told apart by their length alone, without hashing them
    if (!lengths.has(path.length)) return path;
    const diversion = diversions.get(path);
    return diversion === undefined || diversion.by === record.name ? path : diversion.to;
  };
  return (record) => {
    const list = lists?.get(`${record.name}:${record.architecture ?? ''}`) ?? lists?.get(record.name);
    const inStatusD = record.entry.path.startsWith(`${database.folder}/status.d/`);
    const listed = list === undefined ? md5sumsPaths(view, record, inStatusD) : lines(list.bytes);
    const configFiles = conffiles(record.fields.get('conffiles'));
    return {
      files: listed === undefined ? undefined : owned.onDisk(listed.map((path) => moved(record, path))),
      configFiles: owned.onDisk(configFiles.map((path) => moved(record, path))),
      list: list?.entry,
    };
  };
}

function md5sumsPaths(view: FileView, record: DpkgRecord, inStatusD: boolean): readonly string[] | undefined {
  if (!inStatusD) return undefined;
  const bytes = view.read(`${record.entry.path}.md5sums`);
  if (bytes === undefined) return undefined;
  const paths: string[] = [];
  for (const line of lines(bytes)) {
    const match = /^[0-9a-f]{32} [ *](.+)$/.exec(line);
    if (match !== null) paths.push(match[1]!);
  }
  return paths;
}

function readDiversions(view: FileView, database: DpkgDatabase): ReadonlyMap<string, Diversion> {
  const diversions = new Map<string, Diversion>();
  const bytes = view.read(`${database.folder}/diversions`);
  if (bytes === undefined) return diversions;
  const records = lines(bytes);
  for (let index = 0; index + 2 < records.length; index += 3) {
    diversions.set(records[index]!, { to: records[index + 1]!, by: records[index + 2]! });
  }
  return diversions;
}

/** ` /etc/x <md5> [obsolete] [remove-on-upgrade]`, names may hold spaces; obsolete ones belong to an earlier version. */
function conffiles(field: string | undefined): readonly string[] {
  const paths: string[] = [];
  for (const line of (field ?? '').split('\n')) {
    const words = line.trim().split(' ');
    let end = words.length;
    while (end > 0 && CONFFILE_FLAGS.has(words[end - 1]!)) end--;
    const isObsolete = words.slice(end).includes('obsolete');
    const digest = words[end - 1] ?? '';
    if (isObsolete || !(digest === 'newconffile' || /^[0-9a-f]{32}$/.test(digest))) continue;
    const path = words.slice(0, end - 1).join(' ');
    if (path.startsWith('/')) paths.push(path);
  }
  return paths;
}

function lines(bytes: Uint8Array): readonly string[] {
  const all = decodeName(bytes).split('\n');
  if (all.at(-1) === '') all.pop();
  return all;
}
