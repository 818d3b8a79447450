import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { describe, it } from 'node:test';
import { classifyFiles } from '../../support/classify-files.ts';

/** Programs that many Debian machines have; those that this one lacks are left out. */
const PROGRAMS: Readonly<Record<string, string>> = {
  bash: '/usr/bin/bash',
  busybox: '/usr/bin/busybox',
  curl: '/usr/bin/curl',
  expat: '/usr/lib/x86_64-linux-gnu/libexpat.so.1',
  findutils: '/usr/bin/find',
  gcc: '/usr/bin/gcc',
  git: '/usr/bin/git',
  glibc: '/usr/lib/x86_64-linux-gnu/libc.so.6',
  gnupg: '/usr/bin/gpg',
  gnutls: '/usr/lib/x86_64-linux-gnu/libgnutls.so.30',
  jq: '/usr/bin/jq',
  krb5: '/usr/lib/x86_64-linux-gnu/libkrb5.so.3',
  libgcrypt: '/usr/lib/x86_64-linux-gnu/libgcrypt.so.20',
  libpng: '/usr/lib/x86_64-linux-gnu/libpng16.so.16',
  libxml2: '/usr/lib/x86_64-linux-gnu/libxml2.so.2',
  lua: '/usr/bin/lua',
  lz4: '/usr/lib/x86_64-linux-gnu/liblz4.so.1',
  openssh: '/usr/bin/ssh',
  openssl: '/usr/lib/x86_64-linux-gnu/libcrypto.so.3',
  pcre2: '/usr/lib/x86_64-linux-gnu/libpcre2-8.so.0',
  perl: '/usr/bin/perl',
  php: '/usr/bin/php',
  procps: '/usr/bin/ps',
  python: '/usr/bin/python3',
  sqlite: '/usr/lib/x86_64-linux-gnu/libsqlite3.so.0',
  sudo: '/usr/bin/sudo',
  'util-linux': '/usr/bin/lsblk',
  wget: '/usr/bin/wget',
  xz: '/usr/bin/xz',
  zlib: '/usr/lib/x86_64-linux-gnu/libz.so.1',
  zstd: '/usr/lib/x86_64-linux-gnu/libzstd.so.1',
};

/** The upstream part of the version of the package that brought a file: without epoch and revision. */
function packagedVersion(file: string): string | undefined {
  // files of a merged /usr are recorded under either name
  for (const path of [file, file.replace(/^\/usr/, '')]) {
    const owner = spawnSync('dpkg-query', ['-S', path], { encoding: 'utf8' }).stdout?.split(/: /)[0];
    if (owner === undefined || owner === '') continue;
    const version = spawnSync('dpkg-query', ['-W', '-f', '${Version}', owner], { encoding: 'utf8' }).stdout;
    // 1.3.dfsg+really1.3.1 is 1.3.1
    return version.replace(/^\d+:|^.*really/g, '').replace(/-[^-]*$/, '');
  }
  return undefined;
}

const hasDpkg = spawnSync('dpkg-query', ['--version']).status === 0;

describe('recognised versions equal those of dpkg', { skip: !hasDpkg && 'dpkg is not installed' }, () => {
  for (const [id, link] of Object.entries(PROGRAMS)) {
    const file = existsSync(link) ? realpathSync(link) : undefined;
    const packaged = file === undefined ? undefined : packagedVersion(file);
    it(id, { skip: packaged === undefined && 'not installed by dpkg' }, () => {
      const { packages } = classifyFiles(new Map([[file!.slice(1), file!]]));
      const found = packages.filter(({ properties }) => properties?.['generic:classifier'] === id);
      assert.equal(found.length, 1);
      const { version = '' } = found[0]!;
      assert.ok(packaged!.startsWith(version), `${version} is not the beginning of ${packaged}`);
      assert.doesNotMatch(packaged!.slice(version.length), /^\.?\d/);
    });
  }
});
