import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apkCataloger } from '../../../src/catalog/os/apk.ts';
import { dpkgCataloger } from '../../../src/catalog/os/dpkg.ts';
import { opkgCataloger } from '../../../src/catalog/os/opkg.ts';
import { memoryView } from '../../support/memory-view.ts';

const EACH = 40_000;
const DEB = (index: number): string => `Package: p${index}\nStatus: install ok installed\nVersion: 1\n\n`;
const FLOODS = [
  { cataloger: dpkgCataloger, path: 'var/lib/dpkg/status', stanza: DEB },
  { cataloger: opkgCataloger, path: 'usr/lib/opkg/status', stanza: DEB },
  { cataloger: apkCataloger, path: 'lib/apk/db/installed', stanza: (index: number) => `P:p${index}\nV:1-r0\n\n` },
];

describe('package databases in many folders', () => {
  for (const { cataloger, path, stanza } of FLOODS) {
    it(`${cataloger.id}: all together have no more packages than one may have, and it is told`, () => {
      const text = Array.from({ length: EACH }, (_, index) => stanza(index)).join('');
      const files: Record<string, string> = { [path]: stanza(7).replace('p7', 'witness') };
      for (const root of ['a', 'b', 'c', 'd']) files[`a/${root}/${path}`] = text;
      const view = memoryView(files, { captures: cataloger.captures });
      const { packages, diagnostics } = cataloger.catalog({ view, distribution: undefined });
      assert.ok(packages.length >= 2 * EACH && packages.length <= 100_002, String(packages.length));
      assert.ok(packages.some(({ name }) => name === 'witness'));
      const told = diagnostics.filter(({ code }) => code === 'database-too-large').map((found) => found.path);
      assert.deepEqual(told, [`/a/c/${path}`, `/a/d/${path}`]);
    });
  }
});
