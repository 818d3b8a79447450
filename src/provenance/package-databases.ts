import { sha256Hex, compareCodeUnits } from '../core/index.ts';
import type { FileView } from '../filesystem/index.ts';
import type { PackageRecords, PackageStanza } from './types.ts';

/** Databases whose stanzas are compared, without leading slash. */
export const PACKAGE_DATABASES = ['var/lib/dpkg/status', 'lib/apk/db/installed', 'usr/lib/apk/db/installed'] as const;

/** Whether a path is one of the databases of records, or lies beside one: its indexes and logs. */
export function isOfDatabases(path: string, databases: readonly string[]): boolean {
  return databases.some((database) => path.startsWith(database.slice(0, database.lastIndexOf('/') + 1)));
}

/** Folders of databases with one stanza per file (distroless). */
const STATUS_FOLDER = 'var/lib/dpkg/status.d';

const decoder = new TextDecoder('latin1');

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
  return view
    .list(STATUS_FOLDER)
    .filter((entry) => entry.type === 'file' && !entry.path.endsWith('.md5sums'))
    .map((entry) => entry.path);
}

/** database family, name, architecture: the same package in two views has the same key whichever file of the family holds it. */
function stanzaKey(stanza: PackageStanza): string {
  const { database, name, architecture, version } = stanza;
  // rpm installs several versions of a package side by side
  if (isOther(database)) return `${otherKey(stanza)} ${version}`;
  return `${isApk(database) ? 'apk' : 'deb'} ${name} ${architecture}`;
}

function otherKey({ name, architecture }: PackageStanza): string {
  return `rpm ${name} ${architecture}`;
}

/** A database that this room does not read itself. */
function isOther(database: string): boolean {
  return !isApk(database) && !database.endsWith('dpkg/status') && !database.startsWith(STATUS_FOLDER);
}

function isApk(database: string): boolean {
  return database.endsWith('apk/db/installed');
}

function splitStanzas(database: string, text: string): readonly ReadStanza[] {
  const fields = isApk(database)
    ? { name: 'P:', version: 'V:', architecture: 'A:' }
    : { name: 'Package:', version: 'Version:', architecture: 'Architecture:' };
  const stanzas: ReadStanza[] = [];
  for (const block of text.split(/\n\n+/)) {
    const lines = block.split('\n');
    const value = (field: string): string =>
      lines
        .find((line) => line.startsWith(field))
        ?.slice(field.length)
        .trim() ?? '';
    const name = value(fields.name);
    if (name === '') continue;
    stanzas.push({
      database,
      name,
      architecture: value(fields.architecture),
      version: value(fields.version),
      repeated: false,
      installed: isApk(database) || !/(?:not-installed|config-files)$/.test(value('Status:')),
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
  const others = new Map(
    [...final.stanzas.values()].filter(({ database }) => isOther(database)).map((stanza) => [otherKey(stanza), stanza]),
  );
  for (const [key, before] of base.stanzas) {
    const after = final.stanzas.get(key) ?? (isOther(before.database) ? others.get(otherKey(before)) : undefined);
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
