import { compareCodeUnits } from '../core/index.ts';
import { criticalClass, isSetuid } from './critical-paths.ts';
import type { AccountChange, BaseComparison, FileChange, FileFact, TamperClass, TamperFinding } from './types.ts';

/**
 * What upper layers did to the base, judged. Critical: see `TamperClass`, additions included, unless an OS package that upper layers installed lists
 * the file. A base file changed together with its package's version is an `upgrade`. Critical first, then by path.
 */
export function tamperFindings(comparison: BaseComparison): readonly TamperFinding[] {
  const findings = [
    ...comparison.lostDatabases.map((path): TamperFinding => databaseFinding(path)),
    ...comparison.packages.map(({ before, after }): TamperFinding => packageFinding(before, after)),
    ...comparison.accounts.map((change): TamperFinding => accountFinding(change)),
    ...comparison.changes.map((change): TamperFinding => fileFinding(change)),
  ];
  return findings.toSorted(
    (a, b) =>
      Number(b.critical) - Number(a.critical) ||
      compareCodeUnits(a.path, b.path) ||
      compareCodeUnits(a.message, b.message),
  );
}

function databaseFinding(path: string): TamperFinding {
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
    message: `the record of base package ${before.name} ${before.version} was altered without a new version`,
  };
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

function fileFinding(change: FileChange): TamperFinding {
  const path = `/${change.path}`;
  const words = changeWords(change);
  const found = changeClass(change);
  if (change.owner?.state === 'upgraded' && found !== 'directory-to-link') {
    return {
      class: 'upgrade',
      critical: false,
      path,
      message: `${words}; its package ${change.owner.package} was upgraded`,
    };
  }
  if (change.before === undefined && change.owner?.state === 'added') {
    return { class: found, critical: false, path, message: `${words} by the package ${change.owner.package}` };
  }
  return { class: found, critical: isCritical(found, change), path, message: words };
}

const UNCRITICAL: ReadonlySet<TamperClass> = new Set<TamperClass>(['upgrade', 'deleted', 'changed']);

function isCritical(found: TamperClass, change: FileChange): boolean {
  if (UNCRITICAL.has(found)) return false;
  // a store rebuilt from certificates that the base or certificate files of the image hold
  return !(found === 'ca-bundle' && change.unexplainedCertificates === 0);
}

function changeClass(change: FileChange): TamperClass {
  const { before, after } = change;
  if (before !== undefined && after !== undefined && before.type === 'directory' && after.type === 'symlink')
    return 'directory-to-link';
  if (change.shadows !== undefined) return 'shadowed-executable';
  if (
    after !== undefined &&
    isSetuid(after) &&
    !(before !== undefined && isSetuid(before) && sameContent(before, after))
  )
    return 'setuid';
  // Java's key store is rebuilt at install and holds no PEM
  const byPlace = change.path === 'etc/ssl/certs/java/cacerts' ? undefined : criticalClass(change.path);
  if (after === undefined) return byPlace === 'keyring' || byPlace === 'package-sources' ? byPlace : 'deleted';
  return byPlace ?? 'changed';
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
