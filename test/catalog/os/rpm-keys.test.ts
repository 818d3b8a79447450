import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { rpmCataloger } from '../../../src/catalog/os/rpm.ts';
import { ndbDatabase, rpmHeader, rpmPackage } from '../../support/rpm-database.ts';
import { runCataloger } from '../../support/run-cataloger.ts';

const DATABASE = 'var/lib/rpm/Packages.db';
const tools = ['/usr/bin/rpm', '/usr/bin/gpg'].every((path) => existsSync(path));
const skip = tools ? false : 'no rpm or gpg on this machine';

describe('rpm vendors', () => {
  it('are told where they are neither the system’s nor most packages’', () => {
    const headers = [
      rpmPackage('a', { vendor: 'Anolis' }),
      rpmPackage('b', { vendor: 'Anolis' }),
      rpmPackage('c', { vendor: 'Red Hat, Inc.' }),
      rpmPackage('d', { vendor: 'Docker' }),
      rpmPackage('e'),
    ];
    const foreign = (release: string): readonly string[] =>
      runCataloger(rpmCataloger, { 'etc/os-release': release, [DATABASE]: ndbDatabase(headers) })
        .packages.filter(({ properties }) => properties?.['rpm:third-party'] === 'true')
        .map(({ name }) => name);
    assert.deepEqual(foreign('ID=anolis\nVERSION_ID=8\n'), ['d']);
    assert.deepEqual(foreign('ID=debian\nVERSION_ID=12\n'), []);
  });
});

describe('rpm keys', () => {
  it('are evidence of trust with their id, user and creation', () => {
    const key = rpmHeader({
      name: 'gpg-pubkey',
      version: 'a15b79cc',
      release: '63d04c2c',
      summary: 'gpg(Fedora (40) <fedora-40-primary@fedoraproject.org>)',
      license: 'pubkey',
      provideName: ['gpg(Fedora)', 'gpg(a15b79cc)', 'gpg(0727707ea15b79cc)'],
    });
    const { packages, notes } = runCataloger(rpmCataloger, { [DATABASE]: ndbDatabase([key, rpmPackage('a')]) });
    assert.deepEqual(
      packages.map(({ name }) => name),
      ['a'],
    );
    assert.deepEqual(notes, [
      {
        kind: 'trust',
        code: 'rpm-public-key',
        message:
          'rpm trusts packages signed by Fedora (40) <fedora-40-primary@fedoraproject.org>, key 0727707ea15b79cc',
        path: `/${DATABASE}`,
        source: 'rpm',
        facts: {
          keyId: '0727707ea15b79cc',
          userId: 'Fedora (40) <fedora-40-primary@fedoraproject.org>',
          created: '2023-01-24T21:22:52.000Z',
        },
      },
    ]);
  });

  it('claim nothing that their record does not say, in databases of nothing else too', () => {
    const key = rpmHeader({ name: 'gpg-pubkey', version: 'x', release: 'y' });
    const { packages, notes } = runCataloger(rpmCataloger, { [DATABASE]: ndbDatabase([key]) });
    assert.deepEqual(packages, []);
    assert.deepEqual(
      notes.map(({ facts }) => facts),
      [{}],
    );
  });

  it('are those that rpm imports', { skip }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'rpm-keys-'));
    const home = join(folder, 'gnupg');
    mkdirSync(home, { mode: 0o700 });
    const gpg = (...args: readonly string[]): string =>
      execFileSync('gpg', ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', '', ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    try {
      gpg('--quick-generate-key', 'Test Works <works@example.org>', 'rsa2048', 'sign', 'never');
      gpg('--armor', '--output', join(folder, 'key.asc'), '--export');
      const fields = gpg('--with-colons', '--list-keys')
        .split('\n')
        .find((line) => line.startsWith('pub:'))
        ?.split(':');
      const database = join(folder, 'db');
      execFileSync('rpm', [
        '--define',
        `_dbpath ${database}`,
        '--define',
        '_db_backend sqlite',
        '--import',
        join(folder, 'key.asc'),
      ]);
      const { notes, diagnostics } = runCataloger(rpmCataloger, {
        'var/lib/rpm/rpmdb.sqlite': readFileSync(join(database, 'rpmdb.sqlite')),
      });
      assert.deepEqual(diagnostics, []);
      assert.deepEqual(
        notes.map(({ facts }) => facts),
        [
          {
            keyId: fields?.[4]?.toLowerCase(),
            userId: 'Test Works <works@example.org>',
            created: new Date(Number(fields?.[5]) * 1000).toISOString(),
          },
        ],
      );
    } finally {
      execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
