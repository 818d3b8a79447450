import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apkCataloger } from '../../../src/catalog/os/apk.ts';
import { dpkgCataloger } from '../../../src/catalog/os/dpkg.ts';
import { rpmCataloger } from '../../../src/catalog/os/rpm.ts';
import { sha256Hex } from '../../../src/core/index.ts';
import { runCataloger } from '../../support/run-cataloger.ts';

describe('keyFileNotes', () => {
  it('tells of apt’s keyrings, each file once, and of nothing else in their folders', () => {
    const { notes } = runCataloger(dpkgCataloger, {
      'usr/share/keyrings/debian.gpg': 'keys',
      'etc/apt/trusted.gpg.d/link.gpg': { link: '/usr/share/keyrings/debian.gpg' },
      'etc/apt/trusted.gpg.d/dangling.gpg': { link: '/nowhere.gpg' },
      'etc/apt/keyrings/docker.asc': 'armour',
      'etc/apt/sources.list': '',
      'usr/share/keyrings/empty.gpg': '',
      'usr/share/keyrings/folder.gpg/x': '',
    });
    assert.deepEqual(
      notes.map(({ kind, code, path, facts }) => [kind, code, path, facts?.['sha256']]),
      [
        ['trust', 'apt-keyring', '/etc/apt/keyrings/docker.asc', sha256Hex('armour')],
        ['trust', 'apt-keyring', '/usr/share/keyrings/debian.gpg', sha256Hex('keys')],
      ],
    );
  });

  it('tells of key files that rpm prefers to those in its database', () => {
    const { notes } = runCataloger(rpmCataloger, {
      'usr/lib/sysimage/rpm/pubkeys/mine.key': 'armour',
      'usr/lib/sysimage/rpm/pubkeys/README': 'no key',
      'var/lib/rpm': { link: '../../usr/lib/sysimage/rpm' },
    });
    assert.deepEqual(
      notes.map(({ kind, code, path }) => [kind, code, path]),
      [['trust', 'rpm-keyring', '/usr/lib/sysimage/rpm/pubkeys/mine.key']],
    );
  });

  it('tells of apk’s keys', () => {
    const { notes } = runCataloger(apkCataloger, {
      'etc/apk/keys/alpine-devel@lists.alpinelinux.org-4a6a0840.rsa.pub': 'key',
    });
    assert.deepEqual(
      notes.map(({ code, facts }) => [code, facts?.['file']]),
      [['apk-public-key', 'alpine-devel@lists.alpinelinux.org-4a6a0840.rsa.pub']],
    );
  });
});
