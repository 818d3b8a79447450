import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const BENCH = pathToFileURL(join(import.meta.dirname, 'support', 'check.ts')).href;
const WORLD = pathToFileURL(join(import.meta.dirname, 'support', 'world.ts')).href;

/** The packages of Sigstore that a fresh process has loaded after a check of one bundle. */
function loadedAfter(options: string): { readonly code: string; readonly packages: readonly string[] } {
  const script = `
    import Module from 'node:module';
    import { newBench } from ${JSON.stringify(BENCH)};
    import { signKeyless } from ${JSON.stringify(WORLD)};
    const bench = await newBench();
    const verdict = await bench.check(signKeyless(bench.world, ${options}));
    const packages = Object.keys(Module._cache).flatMap((file) => /node_modules.(@sigstore.[a-z-]+)/.exec(file)?.[1] ?? []);
    console.log(JSON.stringify({ code: verdict.ok ? 'ok' : verdict.code, packages: [...new Set(packages)].sort() }));
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as { code: string; packages: readonly string[] };
}

describe('what a verification loads', () => {
  it('never the library that signs, and the one that verifies only for log entries', () => {
    const keyless = loadedAfter('{}');
    assert.equal(keyless.code, 'ok');
    assert.ok(keyless.packages.includes('@sigstore/verify'));
    assert.ok(!keyless.packages.includes('@sigstore/sign'), keyless.packages.join(' '));
    const malformed = loadedAfter('{ version: "0.2" }');
    assert.deepEqual(malformed, { code: 'BUNDLE_VERSION', packages: [] });
  });
});
