import { sha256Hex, compareCodeUnits } from '../core/index.ts';
import type { FileView } from '../filesystem/index.ts';
import { OS_DATABASE_FOLDERS, osDatabaseOf, type OsDatabase } from '../packages/index.ts';
import type { PackageRecords, PackageStanza } from './types.ts';

/** Databases whose stanzas this room reads itself, without leading slash. */
export const PACKAGE_DATABASES: readonly string[] = [
  ...OS_DATABASE_FOLDERS.dpkg.map((folder) => `${folder}/status`),
  ...OS_DATABASE_FOLDERS.apk.map((folder) => `${folder}/installed`),
];

/** A database with one file for every package (distroless), beside their lists. */
export function isStatusFile(path: string): boolean {
  return (
    OS_DATABASE_FOLDERS.dpkg.some((folder) => path.startsWith(`${folder}/status.d/`)) && !path.endsWith('.md5sums')
  );
}

/** Whether a path is one of the databases of records, or lies beside one: its indexes and logs. */
export function isOfDatabases(path: string, databases: readonly string[]): boolean {
  return databases.some((database) => path.startsWith(database.slice(0, database.lastIndexOf('/') + 1)));
}

const decoder = new TextDecoder('latin1');
/** Of UTF-8, read as Latin-1. */
const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/;

/** Stanzas of every package database of a view by key; `unreadable` names databases that exist but were not captured. */
export interface PackageInventory {
  readonly stanzas: ReadonlyMap<string, PackageStanza>;
  /** Keys of packages that have more than one stanza. */
  readonly repeated: ReadonlySet<string>;
  /** Installed package by name to its versions (several architectures joined), for telling an upgrade from an unchanged one; repeated ones left out. */
  readonly byName: ReadonlyMap<string, string>;
  readonly databases: readonly string[];
  readonly unreadable: readonly string[];
}

/** Reads the stanzas of the dpkg and apk databases that a view shows, and adds the records of others. */
export function readPackageInventory(view: FileView, records?: PackageRecords): PackageInventory {
  const stanzas = new Map<string, ReadStanza>();
  const databases: string[] = [];
  const unreadable: string[] = [];
  const seen = new Set<string>();
  for (const database of [...PACKAGE_DATABASES, ...statusFiles(view)]) {
    const entry = view.resolve(database);
    if (entry === undefined || entry.type !== 'file' || seen.has(entry.path)) continue;
    seen.add(entry.path);
    databases.push(database);
    const bytes = view.read(database);
    if (bytes === undefined) unreadable.push(database);
    else for (const stanza of splitStanzas(database, decoder.decode(bytes))) addStanza(stanzas, stanza);
  }
  for (const path of journals(view)) {
    const bytes = view.read(path);
    if (bytes === undefined) unreadable.push(...databases);
    // dpkg takes what stands here for what its status says
    else for (const stanza of splitStanzas(path, decoder.decode(bytes))) stanzas.set(stanzaKey(stanza), stanza);
  }
  for (const { files: _files, ...record } of records?.stanzas ?? []) {
    addStanza(stanzas, { ...record, installed: true, repeated: false });
  }
  const trusted = [...stanzas.values()].filter((stanza) => stanza.installed && !stanza.repeated);
  return {
    stanzas: new Map(
      [...stanzas].map(([key, { installed: _installed, repeated: _repeated, ...stanza }]) => [key, stanza]),
    ),
    repeated: new Set([...stanzas].filter(([, stanza]) => stanza.repeated).map(([key]) => key)),
    byName: versionsByName(trusted),
    databases: [...databases, ...(records?.databases ?? [])],
    unreadable: [...unreadable, ...(records?.unreadable ?? [])],
  };
}

interface ReadStanza extends PackageStanza {
  /** Whether the package's files are there; dpkg keeps stanzas of removed packages. */
  readonly installed: boolean;
  readonly repeated: boolean;
}

/** Two stanzas of one package are read differently by different readers: they stand as one that is neither, with the digest of both. */
function addStanza(stanzas: Map<string, ReadStanza>, stanza: ReadStanza): void {
  const key = stanzaKey(stanza);
  const first = stanzas.get(key);
  if (first === undefined) stanzas.set(key, stanza);
  else stanzas.set(key, { ...first, sha256: sha256Hex(`${first.sha256} ${stanza.sha256}`), repeated: true });
}

function versionsByName(stanzas: Iterable<PackageStanza>): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  for (const { name, architecture, version } of stanzas) {
    const known = versions.get(name);
    versions.set(name, `${known === undefined ? '' : `${known} `}${architecture}=${version}`);
  }
  return versions;
}

function statusFiles(view: FileView): readonly string[] {
  return dpkgFiles(view, 'status.d', (path) => !path.endsWith('.md5sums'));
}

/** Records that dpkg has not yet written into its status, oldest first. */
function journals(view: FileView): readonly string[] {
  return dpkgFiles(view, 'updates', (path) => /\/[0-9]+$/.test(path));
}

function dpkgFiles(view: FileView, name: string, isWanted: (path: string) => boolean): readonly string[] {
  const folders = new Set(OS_DATABASE_FOLDERS.dpkg.flatMap((folder) => view.resolve(`${folder}/${name}`)?.path ?? []));
  return [...folders].flatMap((folder) =>
    view
      .list(folder)
      .filter(({ path, type }) => type === 'file' && isWanted(path))
      .map(({ path }) => path),
  );
}

/** database family, name, architecture: the same package in two views has the same key whichever file of the family holds it. */
function stanzaKey(stanza: PackageStanza): string {
  // rpm installs several versions of a package side by side
  return hasVersionsBesides(stanza) ? `${nameKey(stanza)} ${stanza.version}` : nameKey(stanza);
}

function nameKey({ database, name, architecture }: PackageStanza): string {
  return `${managerOf(database)} ${name} ${architecture}`;
}

function hasVersionsBesides({ database }: PackageStanza): boolean {
  return managerOf(database) === 'rpm';
}

/** Whose database it is; rpm's where nothing in its path says so, behind links. */
export function managerOf(database: string): OsDatabase {
  return osDatabaseOf(`${database}/`) ?? 'rpm';
}

function splitStanzas(database: string, text: string): readonly ReadStanza[] {
  const isApk = managerOf(database) === 'apk';
  const fields = isApk
    ? { name: /^P:/, version: /^V:/, architecture: /^A:/ }
    : { name: /^Package[ \t]*:/i, version: /^Version[ \t]*:/i, architecture: /^Architecture[ \t]*:/i };
  const stanzas: ReadStanza[] = [];
  // as tolerant as the reader that makes packages of them: one that counts there must not be overlooked here
  const blocks = isApk ? text.split(/\n\n+/) : text.replace(BYTE_ORDER_MARK, '').split(/\n(?:[ \t\r]*\n)+/);
  for (const block of blocks) {
    const lines = block.split('\n');
    const value = (field: RegExp): string => {
      const line = lines.find((each) => field.test(each)) ?? '';
      return line.slice(line.indexOf(':') + 1).trim();
    };
    const name = value(fields.name);
    if (name === '') continue;
    stanzas.push({
      database,
      name,
      architecture: value(fields.architecture),
      version: value(fields.version),
      repeated: false,
      installed: isApk || !/(?:not-installed|config-files)$/i.test(value(/^Status[ \t]*:/i)),
      sha256: sha256Hex(Buffer.from(block.trim(), 'latin1')),
    });
  }
  return stanzas;
}

/** Base stanzas that are missing from the final inventory, or different in it; sorted by database and name. */
export function compareInventories(
  base: PackageInventory,
  final: PackageInventory,
): readonly { readonly before: PackageStanza; readonly after?: PackageStanza }[] {
  const differences: { readonly before: PackageStanza; readonly after?: PackageStanza }[] = [];
  const besides = new Map(
    [...final.stanzas.values()].filter(hasVersionsBesides).map((stanza) => [nameKey(stanza), stanza]),
  );
  for (const [key, before] of base.stanzas) {
    const after = final.stanzas.get(key) ?? (hasVersionsBesides(before) ? besides.get(nameKey(before)) : undefined);
    if (after === undefined) differences.push({ before });
    else if (after.sha256 !== before.sha256) {
      // which of several versions holds is the reader's choice: no upgrade that could excuse anything
      const { version } = final.repeated.has(key) ? before : after;
      differences.push({ before, after: { ...after, version } });
    }
  }
  return differences.toSorted(
    (a, b) => compareCodeUnits(a.before.database, b.before.database) || compareCodeUnits(a.before.name, b.before.name),
  );
}
