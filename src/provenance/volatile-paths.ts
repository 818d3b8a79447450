import { OS_DATABASE_FOLDERS } from '../packages/index.ts';

/**
 * Paths that running, packaging and building change as a matter of course, so a difference says nothing. The account files and the package databases
 * themselves are compared line by line and stanza by stanza instead of as files.
 */
const VOLATILE_FILES: ReadonlySet<string> = new Set([
  'etc/hostname',
  'etc/hosts',
  'etc/resolv.conf',
  'etc/mtab',
  'etc/ld.so.cache',
  'etc/machine-id',
  'etc/.pwd.lock',
  'etc/passwd',
  'etc/passwd-',
  'etc/shadow',
  'etc/shadow-',
  'etc/group',
  'etc/group-',
  'etc/gshadow',
  'etc/gshadow-',
  'etc/subuid',
  'etc/subuid-',
  'etc/subgid',
  'etc/subgid-',
  'etc/apk/world',
  'usr/share/info/dir',
]);

const VOLATILE_FOLDERS: readonly string[] = [
  'var/log/',
  'var/cache/',
  'var/lib/apt/',
  'var/lib/systemd/',
  'var/lib/pam/',
  'var/tmp/',
  'tmp/',
  'run/',
  'proc/',
  'sys/',
  'dev/',
  ...[...OS_DATABASE_FOLDERS.dpkg, ...OS_DATABASE_FOLDERS.apk].map((folder) => `${folder}/`),
];

/** Folders a link of the alternatives system may lead to without being worth a word. */
const SYSTEM_FOLDERS: readonly string[] = [
  '/usr/bin/',
  '/usr/sbin/',
  '/usr/lib/',
  '/usr/share/',
  '/bin/',
  '/sbin/',
  '/lib/',
];

/** Whether a difference at this path (no leading slash) is no difference. */
export function isVolatilePath(path: string, linkTarget: string | undefined): boolean {
  if (VOLATILE_FILES.has(path)) return true;
  if (VOLATILE_FOLDERS.some((folder) => path.startsWith(folder))) return true;
  return (
    path.startsWith('etc/alternatives/') &&
    linkTarget !== undefined &&
    !linkTarget.split('/').includes('..') &&
    SYSTEM_FOLDERS.some((folder) => linkTarget.startsWith(folder))
  );
}
