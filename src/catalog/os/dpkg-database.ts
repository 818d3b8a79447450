import { parseDeb822, type Deb822Stanza } from '../../formats/index.ts';
import type { CapturedFile, FileEntry, FileView } from '../../filesystem/index.ts';
import { OS_DATABASE_FOLDERS, type Diagnostic } from '../../packages/index.ts';
import { rootOf, uncapturedDatabases } from './installation-root.ts';
import { parentOf } from './parent-of.ts';

/** One installed package as the database describes it. */
export interface DpkgRecord {
  readonly name: string;
  readonly version: string | undefined;
  readonly architecture: string | undefined;
  readonly fields: ReadonlyMap<string, string>;
  /** The whole Status field when it is not the usual one. */
  readonly status: string | undefined;
  /** File that holds the stanza. */
  readonly entry: FileEntry;
}

/** One dpkg administrative folder with what is installed below its root. */
export interface DpkgDatabase {
  /** `var/lib/dpkg`, without slashes at either end. */
  readonly folder: string;
  /** Folder that is the root of the system the database describes; '' for the image's own. */
  readonly root: string;
  /** Sorted by name, then architecture; one for each pair. */
  readonly records: readonly DpkgRecord[];
}

const WANTED: ReadonlySet<string> = new Set([
  'package',
  'version',
  'architecture',
  'source',
  'status',
  'maintainer',
  'depends',
  'pre-depends',
  'provides',
  'conffiles',
  'multi-arch',
  'homepage',
  'description',
]);

/** Third words of Status that mean: the files are on disk. */
const ON_DISK: ReadonlySet<string> = new Set([
  'installed',
  'triggers-pending',
  'triggers-awaited',
  'unpacked',
  'half-configured',
]);
const KNOWN_STATES: ReadonlySet<string> = new Set([...ON_DISK, 'config-files', 'not-installed', 'half-installed']);

const OWN_FOLDERS = OS_DATABASE_FOLDERS.dpkg;

/** Stanzas of all databases of an image together: no more packages are taken from one cataloger. */
const MAX_RECORDS = 100_000;

const NAME = /^[A-Za-z0-9][A-Za-z0-9+._-]{0,255}$/;
const VERSION = /^[A-Za-z0-9.+:~_-]{1,255}$/;
const ARCHITECTURE = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Reads every dpkg database that was captured: `status`, its journal `updates/`, and distroless images' `status.d/`. */
export function readDpkgDatabases(view: FileView, diagnostics: Diagnostic[]): readonly DpkgDatabase[] {
  const builders = new Map<string, DatabaseReader>();
  const budget: StanzaBudget = { left: MAX_RECORDS };
  const builder = (folder: string): DatabaseReader => {
    const known = builders.get(folder) ?? new DatabaseReader(diagnostics, budget);
    builders.set(folder, known);
    return known;
  };
  const own = OWN_FOLDERS.flatMap((folder) => view.resolve(folder)?.path ?? []);
  const isOwn = ({ entry }: CapturedFile): boolean => own.some((folder) => entry.path.startsWith(`${folder}/`));
  const [statuses, updates, distroless] = [
    view.captured('dpkg/status'),
    view.captured('dpkg/updates'),
    view.captured('dpkg/status-d'),
  ];
  const read = (wanted: (file: CapturedFile) => boolean): void => {
    for (const { entry, bytes } of statuses.filter(wanted)) {
      builder(parentOf(entry.path)).add(entry, bytes, true);
    }
    // later journal entries replace earlier ones, and what status says
    for (const { entry, bytes } of updates.filter(wanted)) {
      if (/\/\d+$/.test(entry.path)) builder(parentOf(parentOf(entry.path))).add(entry, bytes, true);
    }
    for (const { entry, bytes } of distroless.filter(wanted)) {
      if (!entry.path.endsWith('.md5sums')) builder(parentOf(parentOf(entry.path))).add(entry, bytes, false);
    }
  };
  // a flood elsewhere must not hide the image's own packages
  read(isOwn);
  read((file) => !isOwn(file));
  const places = OWN_FOLDERS.map((folder) => `${folder}/status`);
  diagnostics.push(...uncapturedDatabases(view, places, { source: 'dpkg', ruleIds: ['dpkg/status'] }));
  return [...builders].map(([folder, reader]) => ({
    folder,
    root: rootOf(view, folder, [...OWN_FOLDERS, 'lib/dpkg']),
    records: reader.records(),
  }));
}

interface StanzaBudget {
  left: number;
}

/** Collects the records of one database; a class because stanzas of several files replace each other. */
class DatabaseReader {
  readonly #records = new Map<string, DpkgRecord>();
  readonly #diagnostics: Diagnostic[];
  readonly #budget: StanzaBudget;

  constructor(diagnostics: Diagnostic[], budget: StanzaBudget) {
    this.#diagnostics = diagnostics;
    this.#budget = budget;
  }

  add(entry: FileEntry, bytes: Uint8Array, withStatus: boolean): void {
    const document = parseDeb822(decode(bytes), WANTED, this.#budget.left);
    this.#budget.left -= document.stanzas.length;
    for (const problem of document.problems) {
      this.#report(entry, 'malformed-stanza', `line ${problem.line}: ${problem.kind}: ${JSON.stringify(problem.text)}`);
    }
    if (document.truncated) {
      const message = 'is larger than any real database; packages beyond the limit are missing';
      this.#diagnostics.push({
        code: 'database-too-large',
        severity: 'error',
        message,
        path: `/${entry.path}`,
        source: 'dpkg',
      });
    }
    const seen = new Set<string>();
    for (const stanza of document.stanzas) {
      const record = this.#record(entry, stanza, withStatus);
      if (record === undefined) continue;
      const key = `${record.name}:${record.architecture ?? ''}`;
      if (seen.has(key)) this.#report(entry, 'duplicate-package', `${key} stands twice; the last stanza counts`);
      seen.add(key);
      if (record.status === undefined || ON_DISK.has(stateOf(record.status))) this.#records.set(key, record);
      else this.#records.delete(key);
    }
  }

  records(): readonly DpkgRecord[] {
    return [...this.#records].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
  }

  #record(entry: FileEntry, stanza: Deb822Stanza, withStatus: boolean): DpkgRecord | undefined {
    const { fields, line } = stanza;
    const bad = (reason: string): undefined =>
      this.#report(entry, 'malformed-stanza', `line ${line}: ${reason}; the package is missing`);
    const name = fields.get('package');
    if (name === undefined) return bad('the stanza has no Package');
    if (!NAME.test(name)) return bad(`${quote(name)} cannot be the name of a package`);
    const status = withStatus ? fields.get('status')?.toLowerCase() : 'install ok installed';
    if (status === undefined) return bad(`${name} has no Status, which means not installed`);
    if (!KNOWN_STATES.has(stateOf(status))) return bad(`${name} has the unknown Status ${quote(status)}`);
    let version = fields.get('version');
    if (version === undefined || !VERSION.test(version)) {
      // what is not on disk has no version either
      if (ON_DISK.has(stateOf(status))) {
        const reason = version === undefined ? 'has no Version' : `has a Version that cannot be one: ${quote(version)}`;
        this.#report(entry, 'version-unknown', `line ${line}: ${name} ${reason}`);
      }
      version = undefined;
    }
    const architecture = fields.get('architecture');
    const usual = status.split(/\s+/).join(' ') === 'install ok installed';
    return {
      name,
      version,
      architecture: architecture !== undefined && ARCHITECTURE.test(architecture) ? architecture : undefined,
      fields,
      status: usual ? undefined : status,
      entry,
    };
  }

  #report(entry: FileEntry, code: string, message: string): undefined {
    this.#diagnostics.push({ code, severity: 'warning', message, path: `/${entry.path}`, source: 'dpkg' });
  }
}

function stateOf(status: string): string {
  return status.trim().split(/\s+/)[2] ?? '';
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
