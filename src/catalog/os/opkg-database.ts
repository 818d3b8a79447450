import { decodeName, parseDeb822, type Deb822Stanza } from '../../formats/index.ts';
import type { CapturedFile, FileEntry, FileView } from '../../filesystem/index.ts';
import { OS_DATABASE_FOLDERS, type Diagnostic } from '../../packages/index.ts';
import { rootOf, uncapturedDatabases } from './installation-root.ts';
import { parentOf } from './parent-of.ts';

/** One installed package. */
export interface OpkgRecord {
  readonly name: string;
  readonly version: string | undefined;
  readonly fields: ReadonlyMap<string, string>;
  /** File that holds the stanza. */
  readonly entry: FileEntry;
}

export interface OpkgDatabase {
  /** `usr/lib/opkg`, without slashes at either end. */
  readonly folder: string;
  /** Folder that is the root of the system; '' for the image's own. */
  readonly root: string;
  /** Sorted by name; one for each. */
  readonly records: readonly OpkgRecord[];
}

const PLACES = OS_DATABASE_FOLDERS.opkg;
const WANTED: ReadonlySet<string> = new Set([
  'package',
  'version',
  'architecture',
  'status',
  'depends',
  'pre-depends',
  'provides',
  'conffiles',
  'alternatives',
  'maintainer',
  'license',
  'homepage',
  'url',
  'description',
  'source',
  'sourcename',
  'cpe-id',
  'essential',
]);
/** Stanzas of all databases of an image together: no more packages are taken from one cataloger. */
const MAX_RECORDS = 100_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9+._-]{0,255}$/;
const VERSION = /^[A-Za-z0-9.+:~_-]{1,255}$/;
/** States in which files are on disk. */
const ON_DISK: ReadonlySet<string> = new Set(['installed', 'unpacked', 'half-configured', 'post-inst-failed']);

/** Every database of a view: `status` with what `info/NAME.control` adds; without `status`, the control files alone. */
export function readOpkgDatabases(view: FileView, diagnostics: Diagnostic[]): readonly OpkgDatabase[] {
  const controls = new Map<string, CapturedFile[]>();
  for (const file of view.captured('opkg/info')) {
    if (!file.entry.path.endsWith('.control')) continue;
    const folder = parentOf(parentOf(file.entry.path));
    const known = controls.get(folder);
    if (known === undefined) controls.set(folder, [file]);
    else known.push(file);
  }
  const databases: OpkgDatabase[] = [];
  let left = MAX_RECORDS;
  const stanzasOf = (file: CapturedFile): readonly Deb822Stanza[] => {
    const stanzas = readStanzas(file, left, diagnostics);
    left -= stanzas.length;
    return stanzas;
  };
  const add = (folder: string, records: ReadonlyMap<string, OpkgRecord>): void => {
    const sorted = [...records].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
    if (sorted.length > 0) databases.push({ folder, root: rootOf(view, folder, PLACES), records: sorted });
  };
  const files = view.captured('opkg/status');
  const isOwn = ({ entry }: CapturedFile): boolean => rootOf(view, parentOf(entry.path), PLACES) === '';
  // a flood elsewhere must not hide the image's own packages
  for (const file of [...files.filter(isOwn), ...files.filter((each) => !isOwn(each))]) {
    const folder = parentOf(file.entry.path);
    const records = new Map<string, OpkgRecord>();
    for (const stanza of stanzasOf(file)) addRecord(records, stanza, { file, withStatus: true, diagnostics });
    for (const control of controls.get(folder) ?? []) supplement(records, control, stanzasOf);
    controls.delete(folder);
    add(folder, records);
  }
  for (const [folder, files] of controls) {
    const records = new Map<string, OpkgRecord>();
    for (const file of files) {
      for (const stanza of stanzasOf(file)) addRecord(records, stanza, { file, withStatus: false, diagnostics });
    }
    add(folder, records);
  }
  const places = PLACES.map((place) => `${place}/status`);
  diagnostics.push(...uncapturedDatabases(view, places, { source: 'opkg', ruleIds: ['opkg/status'] }));
  return databases;
}

function readStanzas(file: CapturedFile, maxStanzas: number, diagnostics: Diagnostic[]): readonly Deb822Stanza[] {
  const { bytes, entry } = file;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const { stanzas, problems, truncated } = parseDeb822(text, WANTED, maxStanzas);
  for (const { line, kind, text: found } of problems) {
    report(diagnostics, 'malformed-stanza', entry, `line ${line}: ${kind}: ${JSON.stringify(found)}`);
  }
  if (truncated)
    report(diagnostics, 'database-too-large', entry, 'is larger than any real database; packages are missing');
  return stanzas;
}

function addRecord(
  records: Map<string, OpkgRecord>,
  stanza: Deb822Stanza,
  from: { readonly file: CapturedFile; readonly withStatus: boolean; readonly diagnostics: Diagnostic[] },
): void {
  const { fields, line } = stanza;
  const { entry } = from.file;
  const name = fields.get('package') ?? '';
  if (!NAME.test(name)) {
    const reason = name === '' ? 'no Package' : `a Package that cannot be one: ${JSON.stringify(name.slice(0, 80))}`;
    report(
      from.diagnostics,
      'malformed-stanza',
      entry,
      `line ${line}: the stanza has ${reason}; the package is missing`,
    );
    return;
  }
  const state = fields.get('status')?.trim().split(/\s+/)[2] ?? '';
  if (from.withStatus && !ON_DISK.has(state)) return;
  const version = fields.get('version');
  const isVersion = version !== undefined && VERSION.test(version);
  if (!isVersion)
    report(from.diagnostics, 'version-unknown', entry, `line ${line}: ${name} has no version that can be one`);
  if (records.has(name)) report(from.diagnostics, 'duplicate-package', entry, `${name} stands twice; the last counts`);
  records.set(name, { name, version: isVersion ? version : undefined, fields, entry });
}

/** The control file of an installed package has the fields that status leaves out. */
function supplement(
  records: Map<string, OpkgRecord>,
  control: CapturedFile,
  stanzasOf: (file: CapturedFile) => readonly Deb822Stanza[],
): void {
  const name = control.entry.path.slice(control.entry.path.lastIndexOf('/') + 1, -'.control'.length);
  const record = records.get(name);
  if (record === undefined) return;
  const [stanza] = stanzasOf(control);
  if (stanza === undefined || stanza.fields.get('package') !== name) return;
  records.set(name, { ...record, fields: new Map([...stanza.fields, ...record.fields]) });
}

/** Paths of `info/NAME.list`, newer ones with mode and more after a tab; undefined when there is none. */
export function opkgFiles(view: FileView, database: OpkgDatabase, record: OpkgRecord): readonly string[] | undefined {
  const bytes = view.read(`${database.folder}/info/${record.name}.list`);
  if (bytes === undefined) return undefined;
  return decodeName(bytes)
    .split('\n')
    .map((line) => line.split('\t', 1)[0] ?? '')
    .filter((path) => path.startsWith('/'));
}

/** Choices of one package; busybox has some hundred. */
const MAX_ALTERNATIVES = 10_000;

/** Links that OpenWrt's opkg made as the package has them in its field (`300:/sbin/ip:/usr/libexec/ip-full`), where they lead there and not to another choice. */
export function opkgAlternatives(view: FileView, { root }: OpkgDatabase, record: OpkgRecord): readonly string[] {
  const inRoot = (path: string): string => (root === '' ? path.slice(1) : `${root}${path}`);
  return (record.fields.get('alternatives') ?? '').split(',', MAX_ALTERNATIVES).flatMap((choice) => {
    const [, link, target] = /^\s*-?\d{1,10}:(\/[^:]{1,4000}):(\/[^:]{1,4000}?)\s*$/.exec(choice) ?? [];
    if (link === undefined || target === undefined || view.lookup(inRoot(link))?.type !== 'symlink') return [];
    const found = view.resolve(inRoot(link))?.path;
    return found !== undefined && found === view.resolve(inRoot(target))?.path ? [link] : [];
  });
}

function report(diagnostics: Diagnostic[], code: string, entry: FileEntry, message: string): void {
  diagnostics.push({ code, severity: 'warning', message, path: `/${entry.path}`, source: 'opkg' });
}
