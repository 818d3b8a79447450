import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { copyImage } from '../../src/image/index.ts';
import { openBench, type Bench, type Finished } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { openQuietly } from '../support/registry/opening.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

const signal = new AbortController().signal;

describe('interrupting a command', () => {
  let bench: Bench;
  let registry: TestRegistry;
  before(async () => {
    bench = await openBench();
    registry = await startRegistry();
    const { app } = await makeSampleImages(bench.path);
    await using store = await openQuietly(registry.host, 'shop/app');
    await copyImage(app.store, store, { loaded: { kind: 'image', image: app.image }, tag: 'v1', signal });
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  /** Interrupts once the registry has been asked for `path`; how long the end took, and what was said. */
  async function interrupt(
    command: string,
    path: RegExp,
    signals: readonly NodeJS.Signals[],
  ): Promise<Finished & { readonly ms: number }> {
    const asked = registry.count('GET', path);
    const { child, finished } = bench.start(command);
    while (registry.count('GET', path) === asked) {
      assert.equal(child.exitCode ?? child.signalCode, null, 'the command ended before it was interrupted');
      await sleep(20);
    }
    await sleep(100);
    const started = performance.now();
    for (const name of signals) {
      child.kill(name);
      await sleep(20);
    }
    const result = await finished;
    return { ...result, ms: performance.now() - started };
  }

  for (const [title, action, path] of [
    ['a layer that stalls', { kind: 'stall', bytes: 100 }, /\/blobs\//],
    ['a manifest that never comes', { kind: 'hang' }, /\/manifests\//],
    ['an answer to wait for', { kind: 'status', status: 429, headers: { 'retry-after': '30' } }, /\/manifests\//],
  ] as const) {
    test(`${title}: SIGINT is exit 130 within a second, nothing half-written, nothing left behind`, async () => {
      writeFileSync(join(bench.path, 'bom.json'), 'as it was');
      registry.fail({ path, action });
      const command = `sbom create ${registry.host}/shop/app:v1 --no-cache -o cyclonedx-json=bom.json`;
      const { status, stdout, stderr, ms } = await interrupt(command, path, ['SIGINT']);
      registry.clearFaults();
      assert.deepEqual({ status, stdout }, { status: 130, stdout: '' });
      assert.match(stderr, /^error: .* \[INTERRUPTED\]$/m);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.ok(ms < 1500, `took ${ms} ms`);
      assert.equal(readFileSync(join(bench.path, 'bom.json'), 'utf8'), 'as it was');
      assert.deepEqual(readdirSync(bench.temporary), []);
      assert.deepEqual(
        readdirSync(bench.path).filter((name) => name.endsWith('.tmp')),
        [],
      );
    });
  }

  test('copy that is interrupted leaves no tag, no half blob, and can be run again', async () => {
    registry.fail({ path: /\/blobs\//, times: 2, action: { kind: 'stall', bytes: 10 } });
    const command = `copy ${registry.host}/shop/app:v1 oci:interrupted`;
    const { status, stdout, ms } = await interrupt(command, /\/blobs\//, ['SIGINT']);
    registry.clearFaults();
    assert.deepEqual({ status, stdout }, { status: 130, stdout: '' });
    assert.ok(ms < 1500, `took ${ms} ms`);
    const folder = join(bench.path, 'interrupted');
    assert.deepEqual(
      readdirSync(join(folder, 'blobs')).filter((name) => name.endsWith('.tmp')),
      [],
    );
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')).manifests, []);
    assert.equal((await bench.run(command)).status, 0);
  });

  test('SIGTERM and a second SIGINT end it too; --json says so as JSON', async () => {
    registry.fail({ path: /\/manifests\//, action: { kind: 'hang' } });
    const command = `sbom create ${registry.host}/shop/app:v1 --json`;
    const terminated = await interrupt(command, /\/manifests\//, ['SIGTERM']);
    const twice = await interrupt(command, /\/manifests\//, ['SIGINT', 'SIGINT']);
    registry.clearFaults();
    assert.equal(terminated.status, 130);
    const { error } = JSON.parse(terminated.stdout) as { readonly error: { readonly code: string } };
    assert.equal(error.code, 'INTERRUPTED');
    assert.equal(twice.status, 130);
  });

  test('a second SIGINT while the command is ending is exit 130 too', () => {
    const runtime = pathToFileURL(join(import.meta.dirname, '../../src/cli/create-runtime.ts')).href;
    const script = `
      import { createProcessRuntime } from '${runtime}';
      const made = createProcessRuntime({ quiet: true, cache: false });
      made.runtime.signal.addEventListener('abort', () => {
        made[Symbol.dispose]();
        process.kill(process.pid, 'SIGINT');
      });
      process.kill(process.pid, 'SIGINT');
      setTimeout(() => undefined, 60_000);`;
    const { status, signal: killedBy } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    assert.deepEqual({ status, killedBy }, { status: 130, killedBy: null });
  });

  test('gate check that is interrupted decides nothing and writes nothing', async () => {
    writeFileSync(
      join(bench.path, 'policy.yaml'),
      'apiVersion: waybill.dev/v1\nkind: Policy\nname: test\nidentities:\n  ours: { key: ours.pub }\nrules:\n  - name: all\n    images: ["**"]\n    signatures: { by: [ours] }\n',
    );
    const { finished } = bench.start('key generate --output-key-prefix ours');
    assert.equal((await finished).status, 0);
    registry.fail({ path: /\/referrers\//, action: { kind: 'hang' } });
    const { status, stdout } = await interrupt(
      `gate check ${registry.host}/shop/app:v1 --policy policy.yaml --decision-out decision.json --evidence-out evidence.json`,
      /\/referrers\//,
      ['SIGINT'],
    );
    registry.clearFaults();
    assert.deepEqual({ status, stdout }, { status: 130, stdout: '' });
    assert.deepEqual(
      [existsSync(join(bench.path, 'decision.json')), existsSync(join(bench.path, 'evidence.json'))],
      [false, false],
    );
  });
});
