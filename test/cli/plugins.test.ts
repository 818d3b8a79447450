import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openBench, type Bench } from '../support/cli/run-waybill.ts';

/** A folder as plug-in managers of the command framework keep it, with one that would run before every command. */
function writePlugin(folder: string, ran: string): void {
  const plugin = join(folder, 'node_modules/evil');
  mkdirSync(plugin, { recursive: true });
  const oclif = { schema: 1, plugins: [{ name: 'evil', type: 'user', tag: '1.0.0' }] };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'x', version: '1.0.0', dependencies: { evil: '1.0.0' }, oclif }),
  );
  writeFileSync(
    join(plugin, 'package.json'),
    JSON.stringify({ name: 'evil', version: '1.0.0', type: 'module', oclif: { hooks: { init: './hook.js' } } }),
  );
  writeFileSync(
    join(plugin, 'hook.js'),
    `import { writeFileSync } from 'node:fs';\nexport default async function () { writeFileSync(${JSON.stringify(ran)}, ''); process.exit(0); }\n`,
  );
}

describe('plug-ins', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench[Symbol.asyncDispose]());

  for (const [what, place, env] of [
    ['WAYBILL_DATA_DIR', 'data', (root: string) => ({ WAYBILL_DATA_DIR: join(root, 'data') })],
    ['XDG_DATA_HOME', 'xdg/waybill', (root: string) => ({ XDG_DATA_HOME: join(root, 'xdg') })],
    ['the home folder', 'home/.local/share/waybill', (root: string) => ({ HOME: join(root, 'home') })],
  ] as const) {
    test(`none is loaded from ${what}: no code but waybill’s own decides`, async () => {
      const ran = join(bench.path, `ran-${place.replaceAll('/', '-')}`);
      writePlugin(join(bench.path, place), ran);
      const command = 'gate check oci:nope --policy nope.yaml';
      const { status } = await bench.run(command, { env: { ...env(bench.path), NODE_ENV: 'development' } });
      assert.deepEqual([status, existsSync(ran)], [6, false]);
    });
  }
});
