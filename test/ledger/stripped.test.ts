import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capturePlan, runCatalogers } from '../../src/catalog/index.ts';
import { squash } from '../../src/filesystem/index.ts';
import { strippedInventory, type LedgerLayer } from '../../src/ledger/index.ts';
import { stackOf } from '../support/layer-fixtures.ts';

const STATUS =
  'Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: deinstall ok config-files\n';

async function stripped(trees: Parameters<typeof stackOf>[0], layers: readonly LedgerLayer[] = []): Promise<unknown> {
  const stack = await stackOf(trees, capturePlan());
  const view = squash(stack);
  return strippedInventory({ stack, view, packages: runCatalogers({ view }).packages, layers });
}

describe('strippedInventory', () => {
  it('names package databases that were removed, with the layer and the command that did it', async () => {
    assert.deepEqual(
      await stripped(
        [
          { 'var/lib/dpkg/status': STATUS, 'lib/apk/db/installed': 'P:x\nV:1\n' },
          { 'app/x': '' },
          { 'var/lib/.wh.dpkg': '', 'lib/apk/db/.wh.installed': '' },
        ],
        [{}, {}, { createdBy: 'RUN rm -rf /var/lib/dpkg' }],
      ),
      [
        ['/lib/apk/db/installed', 1, 2],
        ['/var/lib/dpkg/status', 1, 2],
      ].map(([path, layer, removedInLayer]) => ({
        kind: 'database-removed',
        path,
        layer,
        removedInLayer,
        createdBy: 'RUN rm -rf /var/lib/dpkg',
      })),
    );
  });

  it('names lists and copyright files of packages that no stanza knows, not those of removed ones', async () => {
    assert.deepEqual(
      await stripped([
        {
          'var/lib/dpkg/status': STATUS,
          'var/lib/dpkg/info/a.list': '/usr/share/doc/a-common/copyright\n',
          'var/lib/dpkg/info/b.list': '',
          'var/lib/dpkg/info/c:amd64.list': '',
          'usr/share/doc/a/copyright': '',
          'usr/share/doc/a-common/copyright': '',
          'usr/share/doc/d/copyright': '',
          'usr/share/doc/e/README': '',
        },
      ]),
      [
        { kind: 'orphaned-copyright', path: '/usr/share/doc/d/copyright', layer: 0 },
        { kind: 'orphaned-list', path: '/var/lib/dpkg/info/c:amd64.list', layer: 0 },
      ],
    );
  });

  it('names databases that are folders of records when nothing of them is left', async () => {
    const pacman = (name: string): Record<string, string> => ({
      [`var/lib/pacman/local/${name}-1-1/desc`]: `%NAME%\n${name}\n\n%VERSION%\n1-1\n`,
      [`var/lib/pacman/local/${name}-1-1/files`]: '%FILES%\n',
    });
    const portage = { 'var/db/pkg/app-misc/foo-1.0/CONTENTS': '', 'var/db/pkg/app-misc/foo-1.0/PF': 'foo-1.0\n' };
    assert.deepEqual(
      await stripped([
        { ...pacman('a'), ...pacman('b'), ...portage },
        { 'var/lib/pacman/local/.wh.a-1-1': '' },
        { 'var/lib/.wh.pacman': '', 'var/db/.wh.pkg': '' },
      ]),
      [
        { kind: 'database-removed', path: '/var/db/pkg', layer: 1, removedInLayer: 2 },
        { kind: 'database-removed', path: '/var/lib/pacman/local', layer: 1, removedInLayer: 2 },
      ],
    );
    // removing or upgrading a package is what the manager does
    assert.deepEqual(
      await stripped([
        { ...pacman('a'), ...pacman('b'), ...portage },
        {
          'var/lib/pacman/local/.wh.a-1-1': '',
          'var/db/pkg/app-misc/.wh.foo-1.0': '',
          'var/db/pkg/app-misc/foo-2.0/CONTENTS': '',
        },
      ]),
      [],
    );
  });

  it('names what other databases are: those of nix and Bottlerocket', async () => {
    const lower = {
      'nix/var/nix/db/db.sqlite': 'SQLite format 3\0',
      'usr/share/bottlerocket/application-inventory.json': '{}',
    };
    assert.deepEqual(
      (
        (await stripped([lower, { 'nix/var/.wh.nix': '', 'usr/share/.wh.bottlerocket': '' }])) as { path: string }[]
      ).map(({ path }) => path),
      ['/nix/var/nix/db/db.sqlite', '/usr/share/bottlerocket/application-inventory.json'],
    );
  });

  it('a database that moved, or was converted, is not removed', async () => {
    const apk = 'P:x\nV:1\n';
    for (const upper of [
      { 'lib/.wh.apk': '', 'usr/lib/apk/db/installed': apk },
      { '.wh.lib': '', lib: 'link:usr/lib', 'usr/lib/apk/db/installed': apk },
    ])
      assert.deepEqual(await stripped([{ 'lib/apk/db/installed': apk }, upper]), []);
    // one of another root that was there before is no move
    assert.equal(
      ((await stripped([{ 'lib/apk/db/installed': apk, 'srv/lib/apk/db/installed': apk }, { '.wh.lib': '' }])) as [])
        .length,
      1,
    );
  });

  it('a squashed image without any database: what packages and managers left behind', async () => {
    const left = {
      'etc/apk/world': 'alpine-baselayout\nbusybox\n',
      'usr/share/licenses/bash/COPYING': 'GPL',
      'usr/share/licenses/empty': 'dir',
    };
    assert.deepEqual(await stripped([left]), [
      { kind: 'orphaned-copyright', path: '/usr/share/licenses/bash/COPYING', layer: 0 },
      { kind: 'orphaned-list', path: '/etc/apk/world', layer: 0 },
    ]);
    // with a database the licences may be anybody's
    assert.deepEqual(await stripped([{ ...left, 'lib/apk/db/installed': 'P:x\nV:1\n\n' }]), []);
    assert.deepEqual(await stripped([{ 'etc/apk/world': '' }]), []);
  });

  it('has nothing to say of an image without packages', async () => {
    assert.deepEqual(await stripped([{ 'app/x': '' }]), []);
  });
});
