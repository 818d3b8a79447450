import { compareCodeUnits } from '../core/index.ts';
import type { CaptureRule, DigestRule, FileEntry, FileView } from '../filesystem/index.ts';
import { compareAccounts } from './account-files.ts';
import { createCertificateCheck, isCertificateSource } from './certificates.ts';
import { criticalClass, isExecutable, isSetuid } from './critical-paths.ts';
import { compareInventories, readPackageInventory } from './package-databases.ts';
import { findOwners } from './package-owners.ts';
import type { BaseComparison, FileChange, FileFact } from './types.ts';
import { isVolatilePath } from './volatile-paths.ts';

const MiB = 1024 * 1024;

/** What the comparison needs from the layer pass: package databases, file lists, account files, certificate stores. */
export const COMPARISON_CAPTURES: readonly CaptureRule[] = [
  { id: 'provenance/databases', pathSuffixes: ['lib/dpkg/status', 'lib/apk/db/installed'], maxBytes: 64 * MiB },
  {
    id: 'provenance/dpkg-lists',
    directories: ['lib/dpkg/info', 'lib/dpkg/status.d'],
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
  /** `Env` of the image's configuration, for PATH. */
  readonly env: readonly string[];
}

/**
 * Compares the final view with the base's: type, mode, owner, content, link target and extended attributes of everything the base had; of what is new
 * only what is critical by its place, is setuid, or hides a base executable. Volatile paths are left out, identical recreation is no change.
 */
export function compareWithBase(input: BaseComparisonInput): BaseComparison {
  const { base, final } = input;
  const certificates = createCertificateCheck(base, final);
  const found = [...changedEntries(base, final), ...criticalAdditions(input)];
  const inventories = { base: readPackageInventory(base), final: readPackageInventory(final) };
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
  return {
    layerCount: input.layerCount,
    changes: changes.toSorted((a, b) => compareCodeUnits(a.path, b.path)),
    packages: compareInventories(inventories.base, inventories.final),
    accounts: compareAccounts(base, final),
    lostDatabases: inventories.base.databases.filter(
      (database) =>
        !inventories.final.databases.includes(database) ||
        inventories.final.unreadable.includes(database) ||
        inventories.base.unreadable.includes(database),
    ),
  };
}

function* changedEntries(base: FileView, final: FileView): Iterable<FileChange> {
  for (const entry of base.entries()) {
    const now = final.lookup(entry.path);
    if (now !== undefined && now.path === entry.path && now.layer === entry.layer) continue;
    const present = now?.path === entry.path ? now : undefined;
    if (isVolatilePath(entry.path, (present ?? entry).linkTarget)) continue;
    const before = fileFact(base, entry);
    const after = present === undefined ? undefined : fileFact(final, present);
    if (after !== undefined && sameFact(before, after)) continue;
    // files below a folder that is gone or became a link are told by the folder itself, unless one of them matters by itself
    if (after === undefined && criticalClass(entry.path) === undefined && isBelowChangedFolder(entry.path, base, final))
      continue;
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
    if (
      entry.type === 'directory' ||
      base.lookup(entry.path)?.path === entry.path ||
      isVolatilePath(entry.path, entry.linkTarget)
    )
      continue;
    const after = fileFact(final, entry);
    const hidden = shadows(entry, after);
    if (hidden !== undefined) yield { path: entry.path, after, shadows: hidden };
    else if (isSetuid(after) || (criticalClass(entry.path) !== undefined && !isExplainedLink(entry, final)))
      yield { path: entry.path, after };
  }
}

/** Links of a certificate folder that lead to a certificate file of the image: what update-ca-certificates and c_rehash make. */
function isExplainedLink(entry: FileEntry, final: FileView): boolean {
  if (entry.type !== 'symlink' || criticalClass(entry.path) !== 'ca-bundle') return false;
  const target = final.resolve(entry.path)?.path;
  return target !== undefined && (target.startsWith('etc/ssl/certs/') || isCertificateSource(target));
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Finds the base executable that a new file hides: same name, its folder earlier on PATH. */
function createShadowCheck(input: BaseComparisonInput): (entry: FileEntry, fact: FileFact) => string | undefined {
  const value = input.env.find((line) => line.startsWith('PATH='))?.slice('PATH='.length) ?? DEFAULT_PATH;
  const order = new Map<string, number>();
  const baseExecutables = new Map<string, { readonly path: string; readonly rank: number }>();
  for (const folder of value.split(':')) {
    const path =
      input.final.resolve(folder.replace(/^\/+/, ''))?.path ?? input.base.resolve(folder.replace(/^\/+/, ''))?.path;
    if (path === undefined || order.has(path)) continue;
    const rank = order.size;
    order.set(path, rank);
    for (const entry of input.base.list(path)) {
      const name = entry.path.slice(path.length + 1);
      if (entry.type !== 'directory' && !baseExecutables.has(name))
        baseExecutables.set(name, { path: entry.path, rank });
    }
  }
  return (entry, fact) => {
    const slash = entry.path.lastIndexOf('/');
    const rank = order.get(entry.path.slice(0, Math.max(slash, 0)));
    const hidden = baseExecutables.get(entry.path.slice(slash + 1));
    if (rank === undefined || hidden === undefined || rank >= hidden.rank) return undefined;
    return isExecutable(fact) || fact.type === 'symlink' ? hidden.path : undefined;
  };
}

function fileFact(view: FileView, entry: FileEntry): FileFact {
  const sha256 = entry.type === 'file' ? view.contentDigest(entry.path, 'sha256') : undefined;
  return {
    type: entry.type,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    sizeBytes: entry.sizeBytes,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(entry.linkTarget === undefined ? {} : { linkTarget: entry.linkTarget }),
    ...(entry.xattrs === undefined ? {} : { xattrs: entry.xattrs }),
  };
}

function sameFact(a: FileFact, b: FileFact): boolean {
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
