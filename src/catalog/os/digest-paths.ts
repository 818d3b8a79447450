import type { DigestAlgorithm, DigestRule } from '../../filesystem/index.ts';

/** What shows which package manager built a layer: only what no package of another family brings. */
export const SIGNS = {
  dpkg: [
    'etc/adduser.conf',
    'etc/alternatives/README',
    'etc/apt/',
    'etc/debian_version',
    'etc/dpkg/',
    'usr/lib/apt/',
    'usr/lib/sysimage/dpkg/',
    'usr/share/bug/',
    'usr/share/lintian/',
    'var/lib/dpkg/',
  ],
  apk: ['etc/alpine-release', 'etc/apk/', 'lib/apk/', 'usr/lib/apk/'],
  rpm: [
    'etc/dnf/',
    'etc/redhat-release',
    'etc/rpm/',
    'etc/yum.repos.d/',
    'etc/zypp/',
    'usr/lib/.build-id/',
    'usr/lib/rpm/',
    'usr/lib/sysimage/rpm/',
    'var/lib/rpm/',
  ],
} as const satisfies Record<string, readonly string[]>;

/** What administrators and applications keep for themselves, and data that no package records. */
const NOT_OF_PACKAGES: readonly string[] = ['usr/local/', 'var/cache/', 'var/lib/', 'var/log/', 'var/tmp/'];

/** Folders in the order of most archives: the later ones, which have most of the bytes, are decided about when more of a layer was seen. */
const GROUPS: readonly Pick<DigestRule, 'paths' | 'except'>[] = [
  // lib stands for lib32, lib64 and libx32 too
  {
    paths: ['bin/', 'boot/', 'etc/', 'lib', 'sbin/', 'usr/'],
    except: ['usr/lib', 'usr/share/', 'usr/src/', ...NOT_OF_PACKAGES],
  },
  { paths: ['usr/lib'] },
  { paths: ['usr/share/', 'usr/src/', 'var/'], except: NOT_OF_PACKAGES },
];

/**
 * Digests of what packages of one family can own. Every byte is hashed once more for each algorithm, so a layer that shows a sign of another family is
 * spared; if it has files of this one nevertheless, they are not checked, which the ledger tells.
 * @param signs those of other families
 */
export function osDigests(algorithm: DigestAlgorithm, ...signs: readonly (readonly string[])[]): readonly DigestRule[] {
  return GROUPS.map((group) => ({ algorithm, ...group, unless: signs.flat() }));
}
