import { compareCodeUnits } from '../../core/index.ts';
import { readRpmDatabase, tryParseRpmHeader } from '../../formats/index.ts';
import type { CaptureRule, CapturedFile, FileEntry, FileView } from '../../filesystem/index.ts';
import { OS_DATABASE_FOLDERS, type Diagnostic } from '../../packages/index.ts';
import { rootOf, uncapturedDatabases } from './installation-root.ts';
import { parentOf } from './parent-of.ts';
import { parseRpmManifest } from './rpm-manifest.ts';
import { isSigningKey } from './rpm-keys.ts';
import { RecordBudget, rpmRecord, type RpmRecord } from './rpm-record.ts';

/** The packages of one root, as one file tells of them. */
export interface RpmInstallation {
  readonly entry: FileEntry;
  /** Folder that is the root of the system, without slashes at either end; '' for the image's own. */
  readonly root: string;
  readonly kind: 'database' | 'manifest';
  readonly records: readonly RpmRecord[];
  /** Records of signing keys, which are no packages. */
  readonly keys: readonly RpmRecord[];
}

const MiB = 1024 * 1024;
const FOLDERS = OS_DATABASE_FOLDERS.rpm;
/** In the order in which rpm would take them. */
const FILES: readonly string[] = ['rpmdb.sqlite', 'Packages.db', 'Packages'];
const MANIFEST = 'var/lib/rpmmanifest/container-manifest-2';

const inFolders = (names: readonly string[]): readonly string[] =>
  FOLDERS.flatMap((folder) => names.map((name) => `${folder}/${name}`));

/** What of an image is needed to read its databases. */
export const RPM_CAPTURES: readonly CaptureRule[] = [
  { id: 'rpm/database', pathSuffixes: inFolders(FILES), maxBytes: 256 * MiB },
  { id: 'rpm/log', pathSuffixes: inFolders(['rpmdb.sqlite-wal']), maxBytes: 256 * MiB },
  { id: 'rpm/manifest', pathSuffixes: [MANIFEST], maxBytes: 16 * MiB },
];

/** The files of `RPM_CAPTURES`, for people. */
export const RPM_READS: readonly string[] = [...inFolders([...FILES, 'rpmdb.sqlite-wal']), MANIFEST];

/** What the databases of one view share. */
interface ReadContext {
  readonly view: FileView;
  /** Write-ahead logs by path. Not looked up by `read`: what hard links share is parsed once for each, and only captured files are bounded. */
  readonly logs: ReadonlyMap<string, Uint8Array>;
  readonly budget: RecordBudget;
  readonly withDigests: boolean;
  readonly diagnostics: Diagnostic[];
}

/** Every database and manifest of a view. A folder that links to another is read once; where two databases lie in one folder, one counts. */
export function readRpmInstallations(
  view: FileView,
  diagnostics: Diagnostic[],
  withDigests = false,
): readonly RpmInstallation[] {
  const folders = new Map<string, CapturedFile[]>();
  for (const file of view.captured('rpm/database')) {
    const folder = parentOf(file.entry.path);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  diagnostics.push(...uncapturedDatabases(view, inFolders(FILES), { source: 'rpm', ruleIds: ['rpm/database'] }));
  const logs = new Map(view.captured('rpm/log').map(({ entry, bytes }) => [entry.path, bytes]));
  const context: ReadContext = { view, logs, budget: new RecordBudget(), withDigests, diagnostics };
  const installations: RpmInstallation[] = [];
  for (const [folder, files] of folders) {
    const read = files
      .toSorted((a, b) => rankOf(a) - rankOf(b))
      .map((file): RpmInstallation => {
        const found = readDatabase(file, context);
        return { entry: file.entry, root: rootOf(view, folder, FOLDERS), kind: 'database', ...found };
      });
    const [first, ...others] = read.filter(({ records }) => records.length > 0);
    const counting = first ?? read.find(({ keys }) => keys.length > 0);
    if (counting !== undefined) installations.push(counting);
    for (const { entry, records } of others) {
      const message = `holds ${records.length} packages that do not count, since /${first?.entry.path} lies beside it`;
      report(diagnostics, 'second-database', `/${entry.path}`, message);
    }
  }
  for (const file of view.captured('rpm/manifest')) installations.push(readManifest(view, file, diagnostics));
  return installations.toSorted((a, b) => compareCodeUnits(a.entry.path, b.entry.path));
}

function readDatabase(file: CapturedFile, context: ReadContext): Pick<RpmInstallation, 'records' | 'keys'> {
  const { budget, withDigests, diagnostics } = context;
  const path = `/${file.entry.path}`;
  const database = readRpmDatabase(file.bytes, readLog(file, context));
  if (database === undefined) {
    report(diagnostics, 'malformed-database', path, 'is no database of rpm in a form that is known', 'error');
    return { records: [], keys: [] };
  }
  const records: RpmRecord[] = [];
  const keys: RpmRecord[] = [];
  for (const item of database.items) {
    if ('problem' in item) {
      const message = `${item.problem}; packages are missing`;
      report(diagnostics, 'malformed-database', path, message, 'error');
      continue;
    }
    const incomplete = budget.incomplete;
    const header = tryParseRpmHeader(item.header);
    const record = header === undefined ? undefined : rpmRecord(header, budget, withDigests);
    if (record === undefined) {
      const reason = header === undefined ? 'has no header that can be read' : 'has no name that can be one';
      report(diagnostics, 'malformed-header', path, `record ${item.record} ${reason}; the package is missing`);
    } else if (isSigningKey(record)) keys.push(record);
    else {
      if (record.version === undefined) {
        report(diagnostics, 'version-unknown', path, `record ${item.record}: ${record.name} has no version`);
      }
      if (budget.incomplete > incomplete && !budget.isSpent) {
        const message = `record ${item.record}: lists of ${record.name} are damaged; files or dependencies are missing`;
        report(diagnostics, 'malformed-header', path, message);
      }
      records.push(record);
    }
  }
  if (budget.isSpent) {
    const message = 'lists more files and dependencies than any real image has; those beyond the limit are missing';
    report(diagnostics, 'database-too-large', path, message, 'error');
  }
  return { records, keys };
}

function readLog(file: CapturedFile, context: ReadContext): Uint8Array | undefined {
  const { view, diagnostics } = context;
  if (!file.entry.path.endsWith('/rpmdb.sqlite')) return undefined;
  const path = `${file.entry.path}-wal`;
  const log = context.logs.get(path);
  if (log === undefined && (view.resolve(path)?.sizeBytes ?? 0) > 0) {
    report(
      diagnostics,
      'unreadable-database',
      `/${path}`,
      'was not captured; the newest packages may be missing',
      'error',
    );
  }
  const journal = view.resolve(`${file.entry.path}-journal`);
  if (journal?.type === 'file' && journal.sizeBytes > 0) {
    report(diagnostics, 'unfinished-database', `/${journal.path}`, 'shows that the database was being changed');
  }
  return log;
}

function readManifest(view: FileView, file: CapturedFile, diagnostics: Diagnostic[]): RpmInstallation {
  const path = `/${file.entry.path}`;
  const { records: all, badLines, truncated } = parseRpmManifest(file.bytes);
  for (const line of badLines) {
    report(diagnostics, 'malformed-manifest', path, `line ${line} describes no package; it is left out`);
  }
  if (truncated) {
    const message = `lists more than any real image has; after ${all.length} the rest is missing`;
    report(diagnostics, 'too-many-packages', path, message, 'error');
  }
  const records = all.filter((record) => !isSigningKey(record));
  const keys = all.filter(isSigningKey);
  for (const { name, version } of records) {
    if (version === undefined) report(diagnostics, 'version-unknown', path, `${name} has no version`);
  }
  return { entry: file.entry, root: rootOf(view, file.entry.path, [MANIFEST]), kind: 'manifest', records, keys };
}

function rankOf(file: CapturedFile): number {
  return FILES.findIndex((name) => file.entry.path.endsWith(`/${name}`));
}

function report(
  diagnostics: Diagnostic[],
  code: string,
  path: string,
  message: string,
  severity: Diagnostic['severity'] = 'warning',
): void {
  diagnostics.push({ code, severity, message, path, source: 'rpm' });
}
