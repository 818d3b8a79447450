import { decodeName } from '../../formats/index.ts';
import type { CapturedFile, FileEntry, FileView } from '../../filesystem/index.ts';
import type { RecordedFile } from '../../packages/index.ts';
import type { DpkgDatabase, DpkgRecord } from './dpkg-database.ts';
import { createOwnedPaths } from './owned-paths.ts';

/** What one package owns. */
export interface DpkgFiles {
  /** As on disk; undefined when the database has no list for the package. */
  readonly files: readonly string[] | undefined;
  readonly configFiles: readonly string[];
  /** The list itself: the layer that wrote it is the layer that installed the package. */
  readonly list: FileEntry | undefined;
  /** Digests by path on disk, of what is missing there too; undefined unless asked for, or when the database has none. */
  readonly recorded: ReadonlyMap<string, RecordedFile> | undefined;
}

const MD5SUM = /^([0-9a-f]{32}) [ *](.+)$/;
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
  readonly lists: ListsByFolder;
  /** The same for the digests; undefined when nobody asks for them. */
  readonly digests: ListsByFolder | undefined;
}

type ListsByFolder = ReadonlyMap<string, ReadonlyMap<string, CapturedFile>>;

/** Sorts the captured `info/NAME[:ARCH].list` files by database, and the `.md5sums` when digests are asked for. */
export function readDpkgLists(view: FileView, withDigests: boolean): DpkgLists {
  return {
    lists: byFolder(view.captured('dpkg/info'), /^(.*)\/info\/([^/]+)\.list$/s),
    digests: withDigests ? byFolder(view.captured('dpkg/md5sums'), /^(.*)\/info\/([^/]+)\.md5sums$/s) : undefined,
  };
}

function byFolder(files: readonly CapturedFile[], pattern: RegExp): ListsByFolder {
  const lists = new Map<string, Map<string, CapturedFile>>();
  for (const file of files) {
    const match = pattern.exec(file.entry.path);
    if (match === null) continue;
    const [, folder = '', name = ''] = match;
    const known = lists.get(folder);
    if (known) known.set(name, file);
    else lists.set(folder, new Map([[name, file]]));
  }
  return lists;
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
    const find = (all: ReadonlyMap<string, CapturedFile> | undefined): CapturedFile | undefined =>
      all?.get(`${record.name}:${record.architecture ?? ''}`) ?? all?.get(record.name);
    const list = find(lists);
    const sums = list === undefined || shared.digests ? digestsBeside(view, record, database.folder) : [];
    const listed = list === undefined ? sums?.map(([path]) => path) : lines(list.bytes);
    const configuration = conffiles(record.fields.get('conffiles'), listed);
    const recorded = new Map<string, RecordedFile>();
    const note = (path: string, hex: string): void => {
      const place = owned.locate(moved(record, path));
      if (place !== undefined) recorded.set(place, { algorithm: 'md5', hex });
    };
    if (shared.digests) {
      for (const [path, hex] of sums ?? []) note(path, hex);
      const digests = find(shared.digests.get(database.folder));
      for (const [path, hex] of digests === undefined ? [] : md5sums(digests.bytes)) note(path, hex);
      for (const { path, hex } of configuration) if (hex !== undefined) note(path, hex);
    }
    return {
      files: listed === undefined ? undefined : owned.onDisk(listed.map((path) => moved(record, path))),
      configFiles: owned.onDisk(configuration.map(({ path }) => moved(record, path))),
      list: list?.entry,
      recorded: recorded.size === 0 ? undefined : recorded,
    };
  };
}

/** Of the `.md5sums` beside a status.d file; undefined when there is none. */
function digestsBeside(
  view: FileView,
  record: DpkgRecord,
  folder: string,
): readonly (readonly [string, string])[] | undefined {
  if (!record.entry.path.startsWith(`${folder}/status.d/`)) return undefined;
  const bytes = view.read(`${record.entry.path}.md5sums`);
  return bytes === undefined ? undefined : md5sums(bytes);
}

/** Absolute paths and digests; lines of another form, escaped names among them, are left out. */
function md5sums(bytes: Uint8Array): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  for (const line of lines(bytes)) {
    const [, hex = '', path = ''] = MD5SUM.exec(line) ?? [];
    if (path !== '') found.push([path.startsWith('/') ? path : `/${path.replace(/^\.\//, '')}`, hex]);
  }
  return found;
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

interface Conffile {
  readonly path: string;
  /** As the package brought it. */
  readonly hex: string | undefined;
}

/**
 * ` /etc/x <md5> [obsolete] [remove-on-upgrade]`, names may hold spaces. Obsolete ones belong to an earlier version: they count, as they do for dpkg, as long
 * as the package lists them.
 */
function conffiles(field: string | undefined, listed: readonly string[] | undefined): readonly Conffile[] {
  const found: Conffile[] = [];
  const isListed = new Set(field?.includes(' obsolete') === true ? listed : []);
  for (const line of (field ?? '').split('\n')) {
    const words = line.trim().split(' ');
    let end = words.length;
    while (end > 0 && CONFFILE_FLAGS.has(words[end - 1]!)) end--;
    const isObsolete = words.slice(end).includes('obsolete');
    const digest = words[end - 1] ?? '';
    const hex = /^[0-9a-f]{32}$/.test(digest) ? digest : undefined;
    if (hex === undefined && digest !== 'newconffile') continue;
    const path = words.slice(0, end - 1).join(' ');
    if (path.startsWith('/') && (!isObsolete || isListed.has(path))) found.push({ path, hex });
  }
  return found;
}

function lines(bytes: Uint8Array): readonly string[] {
  const text = decodeName(bytes);
  const all = (text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text).split('\n');
  if (all.at(-1) === '') all.pop();
  return all;
}
