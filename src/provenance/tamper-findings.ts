import { compareCodeUnits } from '../core/index.ts';
import { compareVersions } from '../packages/index.ts';
import { criticalClass, isSetuid, isSystemFolder, linkedFolderClass, samePrivileges } from './critical-paths.ts';
import { managerOf } from './package-databases.ts';
import { isVolatilePath } from './volatile-paths.ts';
import type {
  AccountChange,
  BaseComparison,
  FileChange,
  FileFact,
  PackageStanza,
  TamperClass,
  TamperFinding,
} from './types.ts';

/**
 * What upper layers did to the base, judged. Critical: see `TamperClass`, additions included, unless an OS package that upper layers installed lists the file; what no
 * package brings (a preload, programs in /usr/local that hide the base's, anything privileged in a place that changes) is never excused. A base file changed together
 * with its package's version is an `upgrade`, but for links to folders and new privileges; an older version than the base's is none: the base was swapped under a database
 * that was written on another, or something old was put back. The image's own database says what belongs to which package, and who writes
 * layers can write that: `upgrades: deny` is for those who do not want to believe it. Critical first, then by path.
 */
export function tamperFindings(comparison: BaseComparison): readonly TamperFinding[] {
  const downgraded = new Set(
    comparison.packages.flatMap(({ before, after }) =>
      after !== undefined && isOlder(before, after) ? [before.name] : [],
    ),
  );
  const findings = [
    ...comparison.lostDatabases.map((path): TamperFinding => databaseFinding(path)),
    ...comparison.packages.map(({ before, after, layer }) => madeIn(layer, packageFinding(before, after))),
    ...comparison.accounts.map((change) => madeIn(change.layer, accountFinding(change))),
    ...comparison.changes.map((change) => madeIn(change.layer, fileFinding(change, downgraded))),
  ];
  return findings.toSorted(
    (a, b) =>
      Number(b.critical) - Number(a.critical) ||
      compareCodeUnits(a.path, b.path) ||
      compareCodeUnits(a.message, b.message),
  );
}

function madeIn(layer: number | undefined, finding: TamperFinding): TamperFinding {
  return layer === undefined ? finding : { ...finding, layer };
}

function databaseFinding(path: string): TamperFinding {
  if (path === 'etc/passwd' || path === 'etc/shadow') {
    const message = 'the account file cannot be compared with the base: it is a link elsewhere, no file, or too large';
    return { class: 'account', critical: true, path: `/${path}`, message };
  }
  return {
    class: 'package-database',
    critical: true,
    path: `/${path}`,
    message: 'the base has this package database; the image has none that can be read',
  };
}

function packageFinding(
  before: BaseComparison['packages'][number]['before'],
  after: BaseComparison['packages'][number]['after'],
): TamperFinding {
  const path = `/${before.database}`;
  if (after === undefined) {
    return {
      class: 'package-database',
      critical: true,
      path,
      message: `package ${before.name} ${before.version} of the base is missing from the package database`,
    };
  }
  if (isOlder(before, after)) {
    return {
      class: 'package-database',
      critical: true,
      path,
      message: `base package ${before.name} is ${after.version}, older than the base's ${before.version}: downgraded, or the database was written on another base`,
    };
  }
  if (after.version !== before.version) {
    return {
      class: 'upgrade',
      critical: false,
      path,
      message: `base package ${before.name} is ${after.version}, it was ${before.version}`,
    };
  }
  return {
    class: 'package-database',
    critical: true,
    path,
    message: `the record of base package ${before.name} ${before.version} was altered without a new version, or is there twice`,
  };
}

const PACKAGE_TYPES = { dpkg: 'deb', apk: 'apk', rpm: 'rpm', opkg: 'opkg', pacman: 'alpm' } as const;

/** For certain: where two versions cannot be compared, a change counts as an upgrade. */
function isOlder(before: PackageStanza, after: PackageStanza): boolean {
  const type = PACKAGE_TYPES[managerOf(before.database)];
  return (compareVersions(type, after.version, before.version) ?? 0) < 0;
}

const ACCOUNT_WORDS: Readonly<Record<AccountChange['kind'], string>> = {
  'new-uid-0': 'has uid 0 and did not in the base',
  'new-password': 'can log in with a password and could not in the base',
  changed: 'was changed against the base',
  removed: 'of the base was removed',
};

function accountFinding(change: AccountChange): TamperFinding {
  const critical = change.kind === 'new-uid-0' || change.kind === 'new-password' || change.path === 'etc/shadow';
  return {
    class: 'account',
    critical,
    path: `/${change.path}`,
    message: `account ${change.user} ${ACCOUNT_WORDS[change.kind]}`,
  };
}

function fileFinding(change: FileChange, downgraded: ReadonlySet<string>): TamperFinding {
  const path = `/${change.path}`;
  const words = changeWords(change);
  const found = changeClass(change);
  if (change.owner?.state === 'upgraded' && !downgraded.has(change.owner.package) && isUpgradable(found, change)) {
    return {
      class: 'upgrade',
      critical: false,
      path,
      message: `${words}; its package ${change.owner.package} was upgraded`,
    };
  }
  if (change.before === undefined && change.owner?.state === 'added' && isInstallable(found, change)) {
    return { class: found, critical: false, path, message: `${words} by the package ${change.owner.package}` };
  }
  return { class: found, critical: isCritical(found, change), path, message: words };
}

/** What a new version of a package may do to files. Which package a file belongs to is only what the image's own database says. */
function isUpgradable(found: TamperClass, change: FileChange): boolean {
  if (found === 'directory-to-link' || found === 'ld-preload') return false;
  if (found === 'setuid' && change.before !== undefined) return false;
  return isInstallable(found, change);
}

/** What installing a package may add. No package brings a preload, files in /tmp, or programs in /usr/local. */
function isInstallable(found: TamperClass, change: FileChange): boolean {
  if (found === 'ld-preload' || isVolatilePath(change.path, change.after?.linkTarget)) return false;
  return found !== 'shadowed-executable' || /^(?:usr\/)?s?bin\//.test(change.path);
}

const UNCRITICAL: ReadonlySet<TamperClass> = new Set<TamperClass>(['upgrade', 'deleted', 'changed']);

function isCritical(found: TamperClass, change: FileChange): boolean {
  if (UNCRITICAL.has(found)) return false;
  // a store rebuilt from certificates that the base or certificate files of the image hold
  return !(found === 'ca-bundle' && change.unexplainedCertificates === 0);
}

function changeClass(change: FileChange): TamperClass {
  const { before, after } = change;
  if (before !== undefined && after !== undefined && leadsElsewhere(change.path, before, after))
    return 'directory-to-link';
  if (change.shadows !== undefined) return 'shadowed-executable';
  if (after !== undefined && isSetuid(after) && !(before !== undefined && isSamePrivileged(before, after)))
    return 'setuid';
  // Java's key store is made at install and holds no PEM
  const isNewKeyStore = change.path === 'etc/ssl/certs/java/cacerts' && before === undefined;
  const byPlace = isNewKeyStore ? undefined : criticalClass(change.path);
  if (after === undefined) return byPlace === 'keyring' || byPlace === 'package-sources' ? byPlace : 'deleted';
  if (byPlace === undefined && before === undefined && after.type === 'symlink')
    return linkedFolderClass(change.path) ?? 'changed';
  return byPlace ?? 'changed';
}

/** A folder that became a link; a link to a folder of the system that leads elsewhere, or became something else. */
function leadsElsewhere(path: string, before: FileFact, after: FileFact): boolean {
  if (before.type === 'directory') return after.type === 'symlink';
  if (before.type !== 'symlink' || !isSystemFolder(path)) return false;
  return after.type !== 'symlink' || linkedPath(path, before) !== linkedPath(path, after);
}

/** Where a link leads by its words alone. */
function linkedPath(path: string, { linkTarget = '' }: FileFact): string {
  const parts = linkTarget.startsWith('/') ? [] : path.split('/').slice(0, -1);
  for (const part of linkTarget.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function isSamePrivileged(before: FileFact, after: FileFact): boolean {
  return isSetuid(before) && sameContent(before, after) && samePrivileges(before, after);
}

function sameContent(a: FileFact, b: FileFact): boolean {
  return a.sha256 !== undefined && a.sha256 === b.sha256;
}

function changeWords({ before, after, shadows }: FileChange): string {
  if (after === undefined) return 'deleted from the base';
  if (before === undefined)
    return shadows === undefined
      ? `${kindWords(after)} added`
      : `added; hides /${shadows} of the base, which comes later on PATH`;
  const parts: string[] = [];
  if (before.type !== after.type) parts.push(`was a ${before.type}, is a ${after.type}`);
  else if (before.linkTarget !== after.linkTarget)
    parts.push(`led to ${before.linkTarget ?? '?'}, leads to ${after.linkTarget ?? '?'}`);
  else if (before.type === 'file' && !sameContent(before, after)) parts.push('content replaced');
  if (before.mode !== after.mode) parts.push(`mode ${before.mode.toString(8)} became ${after.mode.toString(8)}`);
  if (before.uid !== after.uid || before.gid !== after.gid)
    parts.push(`owner ${before.uid}:${before.gid} became ${after.uid}:${after.gid}`);
  return parts.length > 0 ? parts.join(', ') : 'extended attributes changed';
}

function kindWords(fact: FileFact): string {
  if (isSetuid(fact))
    return `${(fact.mode & 0o4000) !== 0 ? 'setuid' : (fact.mode & 0o2000) !== 0 ? 'setgid' : 'privileged (file capabilities)'} file`;
  return fact.type;
}
