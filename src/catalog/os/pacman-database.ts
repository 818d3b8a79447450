import { parseAlpmDesc, parseMtree, type AlpmSections } from '../../formats/index.ts';
import type { FileEntry, FileView } from '../../filesystem/index.ts';
import { OS_DATABASE_FOLDERS, type Diagnostic, type RecordedFile } from '../../packages/index.ts';
import { rootOf, uncapturedDatabases } from './installation-root.ts';
import { parentOf } from './parent-of.ts';
import { recordedLink } from './recorded-paths.ts';

/** One installed package as its folder describes it. */
export interface PacmanRecord {
  readonly name: string;
  readonly version: string | undefined;
  readonly sections: AlpmSections;
  /** `desc`. */
  readonly entry: FileEntry;
  /** Its folder in the database. */
  readonly folder: string;
}

export interface PacmanDatabase {
  /** Folder that is the root of the system, without slashes at either end; '' for the image's own. */
  readonly root: string;
  /** Sorted by the folder's name. */
  readonly records: readonly PacmanRecord[];
}

const PLACES = OS_DATABASE_FOLDERS.pacman;
const NAME = /^[A-Za-z0-9@_+][A-Za-z0-9@._+-]{0,255}$/;
const VERSION = /^[A-Za-z0-9._+~:]{1,200}-[A-Za-z0-9._]{1,50}$/;

/** Every local database of a view. */
export function readPacmanDatabases(view: FileView, diagnostics: Diagnostic[]): readonly PacmanDatabase[] {
  const databases = new Map<string, PacmanRecord[]>();
  const seen = new Set<string>();
  for (const { entry, bytes } of view.captured('pacman/desc')) {
    const folder = parentOf(entry.path);
    const database = parentOf(folder);
    const record = recordOf(entry, parseAlpmDesc(bytes), diagnostics);
    if (record === undefined) continue;
    if (seen.has(`${database} ${record.name}`)) {
      report(diagnostics, 'duplicate-package', entry.path, `${record.name} has another folder too; the first counts`);
      continue;
    }
    seen.add(`${database} ${record.name}`);
    const records = databases.get(database);
    if (records === undefined) databases.set(database, [record]);
    else records.push(record);
  }
  diagnostics.push(...uncapturedDatabases(view, PLACES, { source: 'pacman', ruleIds: ['pacman/desc'] }));
  return [...databases].map(([folder, records]) => ({
    root: rootOf(view, folder, [...PLACES, 'lib/pacman/local', 'pacman/local', 'lib/holo/pacmandb/local']),
    records,
  }));
}

function recordOf(entry: FileEntry, sections: AlpmSections, diagnostics: Diagnostic[]): PacmanRecord | undefined {
  const name = sections.get('NAME')?.[0] ?? '';
  if (!NAME.test(name)) {
    const reason = name === '' ? 'has no name' : `has a name that cannot be one: ${JSON.stringify(name.slice(0, 80))}`;
    report(diagnostics, 'malformed-record', entry.path, `${reason}; the package is missing`);
    return undefined;
  }
  const version = sections.get('VERSION')?.[0];
  const isVersion = version !== undefined && VERSION.test(version);
  if (!isVersion) report(diagnostics, 'version-unknown', entry.path, `${name} has no version that can be one`);
  return { name, version: isVersion ? version : undefined, sections, entry, folder: parentOf(entry.path) };
}

/** Paths a package lists, folders too, and those of its configuration; undefined when it has no list. */
export function pacmanFiles(
  view: FileView,
  record: PacmanRecord,
): { readonly listed: readonly string[]; readonly configuration: readonly string[] } | undefined {
  const bytes = view.read(`${record.folder}/files`);
  if (bytes === undefined) return undefined;
  const sections = parseAlpmDesc(bytes);
  // path, tab, MD5 of the packaged file
  const configuration = (sections.get('BACKUP') ?? []).map((line) => line.split('\t', 1)[0] ?? '');
  return { listed: sections.get('FILES') ?? [], configuration };
}

/** Of one manifest, and of all manifests of an image together, unpacked: those of large systems are some hundred bytes for each file. */
const MAX_MANIFEST_BYTES = 32 * 1024 * 1024;
const MAX_MANIFESTS_BYTES = 256 * 1024 * 1024;

/** Bytes that manifests may still unpack to. */
export interface ManifestBudget {
  bytesLeft: number;
}

export function manifestBudget(): ManifestBudget {
  return { bytesLeft: MAX_MANIFESTS_BYTES };
}

/** What the package's manifest says of its files, by path as packaged. */
export function pacmanDigests(
  view: FileView,
  record: PacmanRecord,
  reading: { readonly diagnostics: Diagnostic[]; readonly manifests: ManifestBudget },
): ReadonlyMap<string, RecordedFile> {
  const { diagnostics, manifests } = reading;
  const recorded = new Map<string, RecordedFile>();
  const path = `${record.folder}/mtree`;
  const bytes = view.read(path);
  if (bytes === undefined) return recorded;
  const { entries, problem, sizeBytes } = parseMtree(bytes, Math.min(MAX_MANIFEST_BYTES, manifests.bytesLeft));
  manifests.bytesLeft -= sizeBytes;
  if (problem !== undefined) {
    report(diagnostics, 'malformed-record', path, `${problem}; what ${record.name} says of its files is unknown`);
  }
  for (const { path: name, type, sha256, target } of entries) {
    // `./.PKGINFO` and its like are not installed
    if (!name.startsWith('./') || /^\.\/\.[A-Z]/.test(name)) continue;
    if (type === 'file' && sha256 !== undefined) recorded.set(name.slice(1), { algorithm: 'sha256', hex: sha256 });
    const link = type === 'link' ? recordedLink(target ?? '') : undefined;
    if (link !== undefined) recorded.set(name.slice(1), link);
  }
  return recorded;
}

function report(diagnostics: Diagnostic[], code: string, path: string, message: string): void {
  diagnostics.push({ code, severity: 'warning', message, path: `/${path}`, source: 'pacman' });
}
