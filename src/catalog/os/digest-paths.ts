import type { DigestRule } from '../../filesystem/index.ts';

/**
 * Where packages of an operating system put files: what administrators and applications keep for themselves is left out, and so are data that no package
 * records. Every byte of the rest is hashed once more for each algorithm.
 */
export const OS_FILES: Pick<DigestRule, 'paths' | 'except'> = {
  // lib stands for lib32, lib64 and libx32 too
  paths: ['bin/', 'boot/', 'etc/', 'lib', 'sbin/', 'usr/', 'var/'],
  except: ['usr/local/', 'var/cache/', 'var/lib/', 'var/log/', 'var/tmp/'],
};

/**
 * What shows which package manager built a layer, so that the digests of the others are spared. Only what no package of another family brings. A layer that
 * shows a sign of a family that is not its own is not checked, which the ledger tells.
 */
export const SIGNS = {
  dpkg: ['etc/alternatives/README', 'etc/apt/', 'etc/debian_version', 'etc/dpkg/', 'usr/lib/apt/', 'var/lib/dpkg/'],
  apk: ['etc/alpine-release', 'etc/apk/', 'lib/apk/', 'usr/lib/apk/'],
  rpm: ['etc/redhat-release', 'etc/rpm/', 'etc/yum.repos.d/', 'usr/lib/rpm/', 'usr/lib/sysimage/rpm/', 'var/lib/rpm/'],
} as const satisfies Record<string, readonly string[]>;
