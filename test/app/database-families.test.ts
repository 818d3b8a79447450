import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LayerEntry } from '../../src/image/index.ts';
import { complaints, openGateBench, TAMPER_POLICY } from '../support/gate-bench.ts';

const LIBC = 'usr/lib/libc.so.6';

/** The database of a system with one package, by its version. */
const FAMILIES: Readonly<Record<string, (version: string) => readonly LayerEntry[]>> = {
  pacman: (version) => [
    {
      path: `var/lib/pacman/local/glibc-${version}/desc`,
      content: `%NAME%\nglibc\n\n%VERSION%\n${version}\n\n%ARCH%\nx86_64\n\n`,
    },
    { path: `var/lib/pacman/local/glibc-${version}/files`, content: `%FILES%\n${LIBC}\n` },
  ],
  opkg: (version) => [
    {
      path: 'usr/lib/opkg/status',
      content: `Package: libc\nVersion: ${version}\nStatus: install ok installed\nArchitecture: x86_64\n`,
    },
    { path: 'usr/lib/opkg/info/libc.list', content: `/${LIBC}\n` },
  ],
  'dpkg where /var is emptied': (version) => [
    {
      path: 'usr/lib/sysimage/dpkg/status',
      content: `Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
    },
    { path: 'usr/lib/sysimage/dpkg/info/libc6:amd64.list', content: `/${LIBC}\n` },
  ],
};

describe('databases of packages on a locked base, in real layers', () => {
  for (const [family, database] of Object.entries(FAMILIES)) {
    test(`${family}: an upgrade warns, a file replaced without one is denied`, async () => {
      await using bench = await openGateBench(TAMPER_POLICY);
      const release = { path: 'etc/os-release', content: 'ID=sample\nVERSION_ID="1"\n' };
      const old = [...database('1.0-1'), { path: LIBC, content: 'libc 1.0' }];
      const base = await bench.image('base', [[release, ...old]]);
      await bench.lock();
      const verdict = async (tag: string, layer: readonly LayerEntry[]): Promise<readonly string[]> => {
        await bench.image(tag, [layer], base);
        const decision = await bench.check(tag);
        return [decision.verdict, ...complaints(decision)];
      };
      const gone = old.filter(({ path }) => path.includes('1.0-1'));
      const whiteouts = gone.map(({ path }) => ({ path: path.replace(/([^/]+)$/, '.wh.$1'), content: '' }));
      const upgrade = [...database('1.1-1'), ...whiteouts];
      const upgraded = await verdict('upgrade', [...upgrade, { path: LIBC, content: 'libc 1.1' }]);
      assert.deepEqual(upgraded, ['warn', 'warn BASE_UPGRADED']);
      const evil = await verdict('evil', [{ path: LIBC, content: 'evil' }]);
      assert.deepEqual(evil, ['deny', 'fail BASE_TAMPERED']);
    });
  }
});
