import { compareCodeUnits } from '../core/index.ts';
import {
  hidingLayers,
  type CaptureRule,
  type DigestRule,
  type FileEntry,
  type FileView,
  type LayerStack,
} from '../filesystem/index.ts';
import { compareAccounts, unreadableAccountFiles } from './account-files.ts';
import { createCertificateCheck, isCertificateSource } from './certificates.ts';
import { criticalClass, isCertificateFolder, isSetuid, linkedFolderClass } from './critical-paths.ts';
import {
  compareInventories,
  isOfDatabases,
  managerOf,
  readPackageInventory,
  type PackageInventory,
} from './package-databases.ts';
import { findOwners } from './package-owners.ts';
import { belowAnyRoot, OS_DATABASE_FOLDERS } from '../packages/index.ts';
import { createShadowCheck } from './shadowed-executables.ts';
import type { BaseComparison, FileChange, FileFact, PackageRecords } from './types.ts';
import { isVolatilePath } from './volatile-paths.ts';

const MiB = 1024 * 1024;

/** A file or folder of every database of dpkg, whatever folder of the root these lie in. */
function inDpkg(name: string): readonly string[] {
  return OS_DATABASE_FOLDERS.dpkg.map((folder) => `${belowAnyRoot(folder)}/${name}`);
}

/** What the comparison needs from the layer pass: package databases, file lists, account files, certificate stores. */
export const COMPARISON_CAPTURES: readonly CaptureRule[] = [
  {
    id: 'provenance/databases',
    pathSuffixes: [...inDpkg('status'), 'lib/apk/db/installed'],
    directories: inDpkg('updates'),
    maxBytes: 64 * MiB,
  },
  {
    id: 'provenance/dpkg-lists',
    directories: [...inDpkg('info'), ...inDpkg('status.d')],
    exceptSuffixes: [
      '.postinst',
      '.preinst',
      '.prerm',
      '.postrm',
      '.triggers',
      '.symbols',
      '.shlibs',
      '.templates',
      '.config',
    ],
    maxBytes: 16 * MiB,
  },
  { id: 'provenance/accounts', pathSuffixes: ['etc/passwd', 'etc/shadow'], maxBytes: 4 * MiB },
  {
    id: 'provenance/certificates',
    names: ['ca-certificates.crt', 'cert.pem', 'ca-bundle.pem', 'ca-bundle.crt', 'tls-ca-bundle.pem'],
    directories: [
      'share/ca-certificates',
      'share/ca-certificates/mozilla',
      'local/share/ca-certificates',
      'etc/ssl/certs',
    ],
    maxBytes: 4 * MiB,
  },
];

/** Contents are compared by SHA-256. */
export const COMPARISON_DIGESTS: readonly DigestRule[] = [{ algorithm: 'sha256', paths: 'all' }];

export interface BaseComparisonInput {
  /** The image with only its bottom `layerCount` layers. */
  readonly base: FileView;
  readonly final: FileView;
  readonly layerCount: number;
  /** The layers of the final view: they tell which of them deleted a file. */
  readonly stack?: LayerStack;
  /** `Env` of the image's configuration, for PATH. */
  readonly env: readonly string[];
  /** `WorkingDir` of the image's configuration, for relative entries of PATH; the root unless given. */
  readonly workingDirectory?: string;
  /** Records of the rpm, opkg and pacman databases of both views. Without them such a database is compared as a file only, and an upgrade of its packages not told. */
  readonly records?: { readonly base: PackageRecords; readonly final: PackageRecords };
}

/**
 * Compares the final view with the base's: type, mode, owner, content, link target and extended attributes of everything the base had; of what is new
 * only what is critical by its place, is setuid, or hides a base executable. Volatile paths are left out, identical recreation is no change.
 */
export function compareWithBase(input: BaseComparisonInput): BaseComparison {
  const { base, final } = input;
  const certificates = createCertificateCheck(base, final);
  const byPath = new Map(
    [
      ...changedThroughLinks(base, final),
      ...changedTargets(base, final),
      ...changedEntries(base, final),
      ...criticalAdditions(input),
    ].map((change) => [change.path, change]),
  );
  const found = [...byPath.values()].filter((change) => !isOfRecords(change, input));
  const { records } = input;
  const inventories = {
    base: readPackageInventory(base, records?.base),
    final: readPackageInventory(final, records?.final),
    ...(records === undefined ? {} : { records: records.final }),
  };
  const owners = findOwners(new Set(found.map((change) => change.path)), final, inventories);
  const changes = found.map((change): FileChange => {
    const owner = owners.get(change.path);
    const isStore =
      change.after?.type === 'file' && criticalClass(change.path) === 'ca-bundle' && !isCertificateSource(change.path);
    return {
      ...change,
      ...(owner === undefined ? {} : { owner }),
      ...(isStore ? { unexplainedCertificates: certificates(change.path) } : {}),
    };
  });
  const madeIn = createLayerLookup(input);
  return {
    layerCount: input.layerCount,
    changes: withLayers(changes, input).toSorted((a, b) => compareCodeUnits(a.path, b.path)),
    packages: compareInventories(inventories.base, inventories.final).map((found) => ({
      ...found,
      ...madeIn((found.after ?? found.before).database),
    })),
    accounts: compareAccounts(base, final).map((change) => ({ ...change, ...madeIn(change.path) })),
    lostDatabases: [...lostDatabases(input, inventories), ...unreadableAccountFiles(base, final)],
  };
}

/** Which layer above the base a path of the final view is from: an empty object when it is the base's, or gone. */
function createLayerLookup({ final, layerCount }: BaseComparisonInput): (path: string) => { readonly layer?: number } {
  return (path) => {
    const layer = final.resolve(path)?.layer ?? -1;
    return layer >= layerCount ? { layer } : {};
  };
}

/** Each change with the layer that made it: of what is there its own, of what is gone the one that hides it. */
function withLayers(changes: readonly FileChange[], input: BaseComparisonInput): readonly FileChange[] {
  const { base, final, layerCount, stack } = input;
  const madeIn = createLayerLookup(input);
  const gone = changes
    .filter(({ after }) => after === undefined)
    .map(({ path }) => ({
      path,
      layer: base.lookup(path)?.layer ?? layerCount - 1,
    }));
  const hiding = stack === undefined || gone.length === 0 ? [] : hidingLayers(stack, gone);
  const goneIn = new Map(gone.map(({ path }, index) => [path, hiding[index]]));
  return changes.map((change) => {
    if (change.layer !== undefined) return change;
    if (change.after === undefined) {
      const layer = goneIn.get(change.path);
      return layer === undefined ? change : { ...change, layer };
    }
    const own = final.lookup(change.path);
    if (own !== undefined && own.path === change.path && own.layer >= layerCount)
      return { ...change, layer: own.layer };
    return { ...change, ...madeIn(change.path) };
  });
}

/** Databases of the base that are gone or cannot be read whole, before or after; one that upper layers left alone is neither. */
function lostDatabases(
  input: BaseComparisonInput,
  { base, final }: { readonly base: PackageInventory; readonly final: PackageInventory },
): readonly string[] {
  const lost = base.databases.filter(
    (database) =>
      !(final.databases.includes(database) || hasSuccessor(database, input)) ||
      final.unreadable.includes(database) ||
      base.unreadable.includes(database),
  );
  // one that is there and cannot be read at all stands in no list of databases
  const unread = unreadRecords(input).filter((database) => !isUntouched(database, input));
  return [...new Set([...lost.filter((database) => !unread.includes(database)), ...unread])].filter(
    (database) => !(isRecorded(database, input) && isUntouched(database, input)),
  );
}

function isRecorded(database: string, { records }: BaseComparisonInput): boolean {
  return records !== undefined && records.base.databases.includes(database);
}

function isUntouched(path: string, { base, final }: BaseComparisonInput): boolean {
  const [before, now] = [base.resolve(path), final.resolve(path)];
  return before !== undefined && before.path === now?.path && before.layer === now.layer;
}

/** Files of a database whose records are compared one by one: the database, its indexes and logs beside it. What is privileged is no such file. */
function isOfRecords({ path, after }: Pick<FileChange, 'path' | 'after'>, { records }: BaseComparisonInput): boolean {
  if (after !== undefined && isSetuid(after)) return false;
  return isOfDatabases(path, recordDatabases(records));
}

/** Paths of the databases whose records are given, before and after. */
export function recordDatabases(records: BaseComparisonInput['records']): readonly string[] {
  return [...(records?.base.databases ?? []), ...(records?.final.databases ?? [])];
}

/** Databases that cannot be read whole, where the base has any: what was installed elsewhere later is not the base's. */
function unreadRecords({ records }: BaseComparisonInput): readonly string[] {
  if (records === undefined) return [];
  const { base, final } = records;
  if (base.databases.length === 0 && base.unreadable.length === 0) return [];
  return [...new Set([...base.unreadable, ...final.unreadable])];
}

/** A package manager may convert its database to another form or move it: the records are compared all the same. */
function hasSuccessor(database: string, { records }: BaseComparisonInput): boolean {
  if (records === undefined || !records.base.databases.includes(database)) return false;
  return records.final.databases.some((other) => managerOf(other) === managerOf(database));
}

function* changedEntries(base: FileView, final: FileView): Iterable<FileChange> {
  for (const entry of base.entries()) {
    const now = final.lookup(entry.path);
    if (now !== undefined && now.path === entry.path && now.layer === entry.layer) continue;
    const present = now?.path === entry.path ? now : undefined;
    const before = fileFact(base, entry);
    const after = present === undefined ? undefined : fileFact(final, present);
    const gainsPrivilege = after !== undefined && isSetuid(after) && !isSetuid(before);
    if (!gainsPrivilege && isVolatilePath(entry.path, (present ?? entry).linkTarget)) continue;
    if (after !== undefined && sameFact(before, after)) continue;
    // files below a folder that is gone or became a link are told by the folder itself, unless one of them matters by itself
    if (after === undefined && criticalClass(entry.path) === undefined && isBelowChangedFolder(entry.path, base, final))
      continue;
    yield { path: entry.path, before, ...(after === undefined ? {} : { after }) };
  }
}

/** A hard link's header sets mode and owner of the file it names, under whatever name the link itself has. */
function* changedThroughLinks(base: FileView, final: FileView): Iterable<FileChange> {
  for (const entry of final.entries()) {
    if (entry.hardLinkTo === undefined) continue;
    const target = final.lookup(entry.hardLinkTo);
    const original = target === undefined ? undefined : base.lookup(target.path);
    if (target === undefined || original === undefined || original.path !== target.path) continue;
    if (original.layer !== target.layer || entry.layer <= target.layer) continue;
    const before = fileFact(base, original);
    const { mode, uid, gid, xattrs } = fileFact(final, entry);
    const after: FileFact = { ...before, mode, uid, gid, ...(xattrs === undefined ? {} : { xattrs }) };
    if (!sameFact(before, after)) yield { path: target.path, before, after, layer: entry.layer };
  }
}

/** Critical links that are as they were, and lead to other content than in the base: told by the link where the target is not critical by itself. */
function* changedTargets(base: FileView, final: FileView): Iterable<FileChange> {
  for (const entry of base.entries()) {
    if (entry.type !== 'symlink' || criticalClass(entry.path) === undefined) continue;
    const [original, now] = [base.resolve(entry.path), final.resolve(entry.path)];
    if (original === undefined || criticalClass(original.path) !== undefined || original.type === 'directory') continue;
    if (now !== undefined && now.path === original.path && now.layer === original.layer) continue;
    const before = fileFact(base, original);
    const after = now === undefined ? undefined : fileFact(final, now);
    if (after === undefined || !sameFact(before, after))
      yield { path: entry.path, before, ...(after === undefined ? {} : { after }) };
  }
}

function isBelowChangedFolder(path: string, base: FileView, final: FileView): boolean {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  if (folder === '') return false;
  const now = final.lookup(folder);
  return (
    base.lookup(folder)?.type === 'directory' && (now === undefined || now.path !== folder || now.type !== 'directory')
  );
}

function* criticalAdditions(input: BaseComparisonInput): Iterable<FileChange> {
  const { base, final } = input;
  const shadows = createShadowCheck(input);
  for (const entry of final.entries()) {
    if (entry.type === 'directory' || base.lookup(entry.path)?.path === entry.path) continue;
    const after = fileFact(final, entry);
    const hidden = shadows(entry, after);
    if (hidden !== undefined) yield { path: entry.path, after, shadows: hidden };
    else if (isSetuid(after) || (!isVolatilePath(entry.path, entry.linkTarget) && isCriticalByPlace(entry, final)))
      yield { path: entry.path, after };
  }
}

function isCriticalByPlace(entry: FileEntry, final: FileView): boolean {
  if (criticalClass(entry.path) !== undefined) return !isExplainedLink(entry, final);
  const linked = entry.type === 'symlink' ? linkedFolderClass(entry.path) : undefined;
  if (linked === undefined) return false;
  // another name for certificates that are looked at where they are, as packages of TLS libraries have
  const target = final.resolve(entry.path)?.path;
  return linked !== 'ca-bundle' || target === undefined || !isCertificateFolder(target);
}

/** Links of a certificate folder that lead to a certificate file of the image: what update-ca-certificates and c_rehash make. */
function isExplainedLink(entry: FileEntry, final: FileView): boolean {
  if (entry.type !== 'symlink' || criticalClass(entry.path) !== 'ca-bundle') return false;
  const target = final.resolve(entry.path)?.path;
  return target !== undefined && (target.startsWith('etc/ssl/certs/') || isCertificateSource(target));
}

/** What an entry is, as far as comparing goes; the content by its SHA-256. */
export function fileFact(view: FileView, entry: FileEntry): FileFact {
  const sha256 = entry.type === 'file' ? view.contentDigest(entry.path, 'sha256') : undefined;
  return {
    type: entry.type,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    sizeBytes: entry.sizeBytes,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(entry.linkTarget === undefined ? {} : { linkTarget: entry.linkTarget }),
    ...(entry.xattrs === undefined ? {} : { xattrs: realAttributes(entry.xattrs) }),
  };
}

/** Names that a kernel knows start with a name space; others are never set, and `__proto__` is no key that JSON readers agree on. */
function realAttributes(xattrs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(xattrs).filter(([name]) => name.includes('.')));
}

/** Whether nothing was changed; contents without digests are not the same. */
export function sameFact(a: FileFact, b: FileFact): boolean {
  return (
    a.type === b.type &&
    (a.type === 'symlink' || a.mode === b.mode) &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.sizeBytes === b.sizeBytes &&
    // without both digests, equal content is not proved
    (a.type !== 'file' || (a.sha256 !== undefined && a.sha256 === b.sha256)) &&
    a.linkTarget === b.linkTarget &&
    JSON.stringify(sortedEntries(a.xattrs)) === JSON.stringify(sortedEntries(b.xattrs))
  );
}

function sortedEntries(record: Readonly<Record<string, string>> | undefined): readonly (readonly [string, string])[] {
  return Object.entries(record ?? {}).toSorted(([x], [y]) => compareCodeUnits(x, y));
}
