import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { copyImage } from '../../src/image/index.ts';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { openQuietly } from '../support/registry/opening.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

const signal = new AbortController().signal;

describe('commands and registries', () => {
  let bench: Bench;
  let registry: TestRegistry;
  before(async () => {
    bench = await openBench();
    registry = await startRegistry();
    const { app } = await makeSampleImages(bench.path);
    await using store = await openQuietly(registry.host, 'shop/app');
    await copyImage(app.store, store, { loaded: { kind: 'image', image: app.image }, tag: 'v1', signal });
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  test('the release engineer’s commands work against a registry', async () => {
    const image = `${registry.host}/shop/app:v1`;
    const release = ended(await bench.run(`release ${image} --key ours.key --json`), 0);
    assert.equal(release.stderr, '');
    parseResult('release', release.stdout);
    ended(await bench.run(`verify ${image} --key ours.pub --insecure-ignore-tlog`), 0);
    parseResult('tree', ended(await bench.run(`tree ${image} --json`), 0).stdout);
    const sbom = ended(await bench.run(`sbom create ${image}`), 0).stdout;
    assert.match(sbom, new RegExp(`pkg:oci/app@sha256[^"]*${encodeURIComponent('shop/app')}`));
  });

  test('what a remote does wrong is exit 4 with a code of its own and the host in the message', async () => {
    const image = `${registry.host}/shop/app:v1`;
    for (const [action, code] of [
      [{ kind: 'status', status: 500 }, 'REGISTRY_SERVER_ERROR'],
      [{ kind: 'status', status: 429, headers: { 'retry-after': '0' } }, 'REGISTRY_RATE_LIMITED'],
      [{ kind: 'drop' }, 'REGISTRY_UNREACHABLE'],
      [{ kind: 'html' }, undefined],
    ] as const) {
      registry.fail({ path: /\/manifests\/v1$/, action });
      const { stderr, stdout } = ended(await bench.run(`verify ${image} --key ours.pub --insecure-ignore-tlog`), 4);
      registry.clearFaults();
      assert.equal(stdout, '');
      assert.ok(stderr.includes(registry.host), stderr);
      if (code !== undefined) assert.match(stderr, new RegExp(`\\[${code}\\]`));
    }
    failed(await bench.run('verify 127.0.0.1:1/shop/app:1 --key ours.pub'), 4, 'REGISTRY_UNREACHABLE');
  });

  test('a listing that fails is exit 4, never "unsigned"', async () => {
    registry.fail({ path: /\/referrers\//, action: { kind: 'status', status: 503 } });
    const { stdout } = ended(
      await bench.run(`verify ${registry.host}/shop/app:v1 --key ours.pub --insecure-ignore-tlog`),
      4,
    );
    registry.clearFaults();
    assert.equal(stdout, '');
  });

  test('an image or tag that is not there is exit 6, a layer with wrong bytes too', async () => {
    failed(await bench.run(`tree ${registry.host}/shop/app:v2`), 6, 'MANIFEST_NOT_FOUND');
    registry.fail({ path: /\/blobs\//, action: { kind: 'corrupt' } });
    const { stderr } = ended(await bench.run(`sbom create ${registry.host}/shop/app:v1 --no-cache`), 6);
    registry.clearFaults();
    assert.match(stderr, /\[(?:DIGEST|BLOB|LAYER)[A-Z_]*\]/);
  });

  test('401 is exit 5 with what to do; credentials come from the file and are never shown', async () => {
    await using closed = await startRegistry({
      auth: { kind: 'bearer', username: 'robot', password: 'hunter2-secret' },
    });
    const image = `${closed.host}/shop/app:v1`;
    const { stderr } = ended(await bench.run(`tree ${image}`), 5);
    assert.match(stderr, /^error: .*\n {2}hint: .*login/m);
    mkdirSync(join(bench.path, 'auth'), { recursive: true });
    const authFile = (password: string): string => {
      const path = join(bench.path, 'auth/config.json');
      const auth = Buffer.from(`robot:${password}`).toString('base64');
      writeFileSync(path, JSON.stringify({ auths: { [closed.host]: { auth } } }));
      return path;
    };
    for (const options of ['', '--json']) {
      const wrong = ended(await bench.run(`tree ${image} --authfile ${authFile('wrong-secret')} ${options}`), 5);
      for (const text of [wrong.stdout, wrong.stderr]) {
        assert.doesNotMatch(text, /wrong-secret|token-\d/);
        assert.equal(text.includes(Buffer.from('robot:wrong-secret').toString('base64')), false);
      }
    }
    failed(await bench.run(`tree ${image} --authfile ${authFile('hunter2-secret')}`), 6, 'REPOSITORY_NOT_FOUND');
  });

  test('user names and passwords in a reference are refused and not repeated', async () => {
    for (const reference of [
      'robot:hunter2@registry.example.com/shop/app:1',
      'https://robot:hunter2@registry.example.com/shop/app:1',
      'docker://robot:hunter2@registry.example.com/shop/app',
    ]) {
      for (const options of ['', ' --json']) {
        const { stdout, stderr } = ended(await bench.run(`tree ${reference}${options}`), 2);
        assert.doesNotMatch(stdout + stderr, /hunter2/);
        assert.match(stdout + stderr, /REFERENCE_INVALID/);
      }
    }
  });

  test('nothing is left in the temporary folder', () => {
    assert.deepEqual(readdirSync(bench.temporary), []);
  });
});
