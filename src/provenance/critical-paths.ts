import { OS_DATABASE_FOLDERS } from '../packages/index.ts';
import type { FileFact, TamperClass } from './types.ts';

const SHELLS: ReadonlySet<string> = new Set([
  'sh',
  'bash',
  'dash',
  'ash',
  'zsh',
  'ksh',
  'mksh',
  'fish',
  'csh',
  'tcsh',
  'busybox',
  'rbash',
  'toybox',
]);
const EXECUTABLE_FOLDERS = /^(?:usr\/local\/sbin|usr\/local\/bin|usr\/sbin|usr\/bin|sbin|bin|busybox)\//;
const LIBRARY_FOLDERS = /^(?:usr\/(?:local\/)?)?lib(?:32|64|x32)?\//;
/** Folders that programs, loader and libraries are found through, and the folders above everything critical. */
const SYSTEM_FOLDERS =
  /^(?:etc|usr|usr\/local|usr\/share|var|var\/lib|(?:usr\/(?:local\/)?)?(?:s?bin|lib(?:32|64|x32)?))$/;
const MULTIARCH_FOLDERS = /^(?:usr\/)?lib\/[a-z0-9_]+-linux-[a-z0-9]+$/;
const DATABASE_FOLDERS = Object.values(OS_DATABASE_FOLDERS).flatMap((folders) => folders.map((folder) => `${folder}/`));
const LOADER =
  /^ld-(?:linux|musl|uClibc|[0-9])[A-Za-z0-9._-]*\.so(?:\.[0-9]+)*$|^ld\.so(?:\.[0-9]+)*$|^ld64?\.so\.[0-9]+$/;
const LIBC =
  /^(?:libc|libpthread|libdl|libnss_[a-z]+|libpam|libresolv|libcrypt)(?:-[0-9.]+)?\.so(?:\.[0-9.]+)?$|^libc\.musl-[a-z0-9_]+\.so\.1$/;
const CA_FILES: ReadonlySet<string> = new Set([
  'etc/ssl/certs/ca-certificates.crt',
  'etc/ssl/cert.pem',
  'etc/ssl/ca-bundle.pem',
  'etc/pki/tls/certs/ca-bundle.crt',
  'etc/pki/tls/cert.pem',
  // where Go looks when it finds none of those before
  'etc/pki/tls/cacert.pem',
  'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  'usr/lib/ssl/cert.pem',
]);
const CA_FOLDERS = [
  'etc/ssl/certs/',
  'usr/share/ca-certificates/',
  'usr/local/share/ca-certificates/',
  'etc/pki/ca-trust/',
  'etc/pki/tls/certs/',
  'etc/ca-certificates/',
  'usr/share/pki/ca-trust-source/',
  'var/lib/ca-certificates/',
  // of Debian's OpenSSL, which has a link there
  'usr/lib/ssl/certs/',
];
/** Folders that hold those, and nothing of the system beside. */
const TLS_FOLDERS = ['etc/ssl/', 'etc/pki/', 'etc/pki/tls/', 'usr/lib/ssl/'];
const KEYRING_FOLDERS = [
  'etc/apt/trusted.gpg.d/',
  'etc/apt/keyrings/',
  'usr/share/keyrings/',
  'etc/apk/keys/',
  'usr/share/apk/keys/',
  'etc/pki/rpm-gpg/',
];
const SOURCE_FOLDERS = [
  'etc/apt/sources.list.d/',
  'etc/apt/apt.conf.d/',
  'etc/apt/preferences.d/',
  'etc/yum.repos.d/',
  'etc/dnf/',
  'etc/zypp/repos.d/',
  'etc/apk/repositories.d/',
];
const SOURCE_FILES: ReadonlySet<string> = new Set([
  'etc/apt/sources.list',
  'etc/apt/apt.conf',
  'etc/apt/preferences',
  'etc/apk/repositories',
  'etc/apt/trusted.gpg',
  'etc/yum.conf',
]);
const LD_FOLDERS = ['etc/ld.so.conf.d/'];
const ACCOUNT_FILES: ReadonlySet<string> = new Set(['etc/sudoers', 'etc/doas.conf']);
const ACCOUNT_FOLDERS = ['etc/sudoers.d/', 'etc/doas.d/'];
/**
 * Folders in which the loader looks before it looks in the library folder that they lie in: what is in them has the names of critical libraries.
 * @see https://man7.org/linux/man-pages/man8/ld.so.8.html#NOTES
 */
const PREFERRED_LIBRARIES =
  /^(?:usr\/(?:local\/)?)?lib(?:32|64|x32)?\/(?:[a-z0-9_]+-linux-[a-z0-9]+\/)?(?:glibc-hwcaps(?:\/[^/]+)?|tls|(?:tls\/)?(?:haswell|avx512_1|x86_64|i[3-6]86|sse2)(?:\/[a-z0-9_]+)?)$/;

/** The certificate stores that TLS libraries read as one file. */
export function isCaBundleFile(path: string): boolean {
  return CA_FILES.has(path);
}

/**
 * Why a path is critical by its name alone, if it is. Paths come resolved (usrmerge links followed) and without leading slash.
 */
export function criticalClass(path: string): TamperClass | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (path === 'etc/ld.so.preload') return 'ld-preload';
  // who may become root
  if (ACCOUNT_FILES.has(path) || ACCOUNT_FOLDERS.some((folder) => path.startsWith(folder))) return 'account';
  if (path === 'etc/ld.so.conf' || path.startsWith('etc/ld.so.conf.d/') || /^etc\/ld-musl-[a-z0-9_]+\.path$/.test(path))
    return 'ld-conf';
  if (CA_FILES.has(path) || CA_FOLDERS.some((folder) => path.startsWith(folder))) return 'ca-bundle';
  if (KEYRING_FOLDERS.some((folder) => path.startsWith(folder))) return 'keyring';
  if (SOURCE_FILES.has(path) || SOURCE_FOLDERS.some((folder) => path.startsWith(folder))) return 'package-sources';
  if (LIBRARY_FOLDERS.test(path)) {
    if (LOADER.test(name)) return 'dynamic-loader';
    if (LIBC.test(name)) return 'libc';
  }
  if (EXECUTABLE_FOLDERS.test(path) && SHELLS.has(name)) return 'shell';
  return undefined;
}

/** The name of a dynamic loader, wherever it lies. */
export function isLoaderName(name: string): boolean {
  return LOADER.test(name);
}

export function isShellName(name: string): boolean {
  return SHELLS.has(name);
}

/** A file of the database of an operating system's packages. */
export function isInPackageDatabase(path: string): boolean {
  return [...DATABASE_FOLDERS, 'var/lib/rpmmanifest/', 'var/lib/chisel/', 'var/db/pkg/'].some((folder) =>
    path.startsWith(folder),
  );
}

/**
 * Why a link in the place of this folder would be critical: what is looked for in the folder is critical. undefined for folders of the system as such (`lib`,
 * `usr/bin`), which a link may well stand for: see `isSystemFolder`.
 */
export function linkedFolderClass(path: string): TamperClass | undefined {
  const inside = (folders: readonly string[]): boolean => folders.includes(`${path}/`);
  if (inside(LD_FOLDERS)) return 'ld-conf';
  if (inside(ACCOUNT_FOLDERS)) return 'account';
  if (PREFERRED_LIBRARIES.test(path)) return 'libc';
  if (inside(CA_FOLDERS) || inside(TLS_FOLDERS)) return 'ca-bundle';
  if (inside(KEYRING_FOLDERS)) return 'keyring';
  return inside(SOURCE_FOLDERS) ? 'package-sources' : undefined;
}

/** A folder in which every new file is looked at, as whom to trust may be in it. */
export function isCertificateFolder(path: string): boolean {
  return CA_FOLDERS.includes(`${path}/`);
}

/** Folders through which critical files are found: where they lead is as critical as the files. */
export function isSystemFolder(path: string): boolean {
  if (SYSTEM_FOLDERS.test(path) || MULTIARCH_FOLDERS.test(path)) return true;
  return [LD_FOLDERS, ACCOUNT_FOLDERS, CA_FOLDERS, KEYRING_FOLDERS, SOURCE_FOLDERS, DATABASE_FOLDERS].some((folders) =>
    folders.some((folder) => folder.startsWith(`${path}/`)),
  );
}

/** Whether two files give whoever runs them the same privileges. */
export function samePrivileges(a: FileFact, b: FileFact): boolean {
  const bits = 0o6000;
  return (
    (a.mode & bits) === (b.mode & bits) &&
    ((a.mode & bits) === 0 || (a.uid === b.uid && a.gid === b.gid)) &&
    a.xattrs?.[CAPABILITY] === b.xattrs?.[CAPABILITY]
  );
}

/** setuid, or setgid on something that can be executed. */
export function isSetuid(fact: FileFact): boolean {
  return (
    fact.type === 'file' &&
    ((fact.mode & 0o4000) !== 0 || ((fact.mode & 0o2000) !== 0 && (fact.mode & 0o010) !== 0) || hasFileCapability(fact))
  );
}

const CAPABILITY = 'security.capability';

function hasFileCapability(fact: FileFact): boolean {
  return fact.xattrs !== undefined && Object.hasOwn(fact.xattrs, CAPABILITY);
}

export function isExecutable(fact: FileFact): boolean {
  return fact.type === 'file' && (fact.mode & 0o111) !== 0;
}
