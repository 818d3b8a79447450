import { parsePortageContents, type PortageContent } from '../../formats/index.ts';
import type { CapturedFile, FileEntry, FileView } from '../../filesystem/index.ts';
import type { Diagnostic } from '../../packages/index.ts';
import { rootOf, uncapturedDatabases } from './installation-root.ts';
import { parentOf } from './parent-of.ts';
import { splitVersion } from './portage-dependencies.ts';

/** One installed package as its folder describes it. */
export interface PortageRecord {
  readonly category: string;
  readonly name: string;
  readonly version: string | undefined;
  /** The primary record: CONTENTS, or the file that stands for it. */
  readonly entry: FileEntry;
  /** Its folder in the database: `var/db/pkg/CATEGORY/NAME-VERSION`. */
  readonly folder: string;
}

export interface PortageDatabase {
  readonly folder: string;
  /** Folder that is the root of the system, without slashes at either end; '' for the image's own. */
  readonly root: string;
  /** Sorted by folder. */
  readonly records: readonly PortageRecord[];
}

const PLACE = 'var/db/pkg';
const CATEGORY = /^[A-Za-z0-9_][A-Za-z0-9+_.-]{0,100}$/;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9+_-]{0,200}$/;

/** Every database of a view: a package is a folder with CONTENTS, or, where that is missing, with PF. */
export function readPortageDatabases(view: FileView, diagnostics: Diagnostic[]): readonly PortageDatabase[] {
  const primary = new Map<string, CapturedFile>();
  for (const file of view.captured('portage/fields')) {
    if (file.entry.path.endsWith('/PF')) primary.set(parentOf(file.entry.path), file);
  }
  for (const file of view.captured('portage/contents')) primary.set(parentOf(file.entry.path), file);
  const databases = new Map<string, PortageRecord[]>();
  for (const [folder, { entry }] of [...primary].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const record = recordOf(folder, entry, diagnostics);
    if (record === undefined) continue;
    const database = parentOf(parentOf(folder));
    const records = databases.get(database);
    if (records === undefined) databases.set(database, [record]);
    else records.push(record);
  }
  diagnostics.push(
    ...uncapturedDatabases(view, [PLACE], { source: 'portage', ruleIds: ['portage/contents', 'portage/fields'] }),
  );
  return [...databases].map(([folder, records]) => ({
    folder,
    root: rootOf(view, folder, [PLACE, 'db/pkg']),
    records,
  }));
}

function recordOf(folder: string, entry: FileEntry, diagnostics: Diagnostic[]): PortageRecord | undefined {
  const [category = '', packaged = ''] = folder.split('/').slice(-2);
  const report = (code: string, message: string): void => {
    diagnostics.push({ code, severity: 'warning', message, path: `/${folder}`, source: 'portage' });
  };
  // portage's own mark of a package that is being merged
  if (packaged.startsWith('-MERGING-')) {
    report('unfinished-package', 'was being installed; it is left out');
    return undefined;
  }
  const split = splitVersion(packaged);
  const name = split?.name ?? packaged;
  if (!CATEGORY.test(category) || !NAME.test(name)) {
    report('malformed-record', 'is named as no package can be; it is left out');
    return undefined;
  }
  if (split === undefined) report('version-unknown', `${category}/${name} has no version that can be one`);
  return { category, name, version: split?.version, entry, folder };
}

/** What a package installed; undefined when its list is missing. */
export function portageContents(
  view: FileView,
  record: PortageRecord,
  diagnostics: Diagnostic[],
): readonly PortageContent[] | undefined {
  const path = `${record.folder}/CONTENTS`;
  const bytes = view.read(path);
  if (bytes === undefined) return undefined;
  const { contents, badLines } = parsePortageContents(bytes);
  if (badLines.length > 0) {
    const message = `line ${badLines.slice(0, 10).join(', ')}${badLines.length > 10 ? ' and more' : ''} cannot be read; files are missing`;
    diagnostics.push({ code: 'malformed-record', severity: 'warning', message, path: `/${path}`, source: 'portage' });
  }
  return contents;
}

/** The one line, or the lines as one, of a field's file; undefined when empty or missing. */
export function portageField(view: FileView, record: PortageRecord, name: string): string | undefined {
  const bytes = view.read(`${record.folder}/${name}`);
  const text =
    bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').trim();
  return text === '' ? undefined : text;
}
