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

  it('has nothing to say of an image without packages', async () => {
    assert.deepEqual(await stripped([{ 'app/x': '' }]), []);
  });
});
