import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cacheDirectory, ownCacheDirectory } from '../../src/cli/cache-directory.ts';
import { ended, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';

const home = userInfo().homedir;

describe('the cache folder', () => {
  test('of the gate is the account’s own, or none', () => {
    assert.equal(ownCacheDirectory({ HOME: home }), join(home, '.cache/waybill'));
    assert.equal(ownCacheDirectory({ HOME: home, XDG_CACHE_HOME: join(home, '.cache') }), join(home, '.cache/waybill'));
    for (const env of [
      { HOME: '/tmp/evil' },
      { HOME: home, XDG_CACHE_HOME: '/tmp/evil' },
      { HOME: home, WAYBILL_CACHE_DIR: '/tmp/evil' },
      { HOME: home, WAYBILL_CACHE_DIR: '' },
    ]) {
      assert.equal(ownCacheDirectory(env), undefined, JSON.stringify(env));
    }
  });

  test('of other commands is what the variables say', () => {
    assert.equal(cacheDirectory({ HOME: home, WAYBILL_CACHE_DIR: '/tmp/mine' }), '/tmp/mine');
    assert.equal(cacheDirectory({ HOME: '/tmp/mine' }), '/tmp/mine/.cache/waybill');
    assert.equal(cacheDirectory({ HOME: home, WAYBILL_CACHE_DIR: 'relative' }), undefined);
  });
});

describe('waybill gate', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
  });
  after(() => bench[Symbol.asyncDispose]());

  test('neither reads nor writes a cache that a variable names, code included', async () => {
    const evil = join(bench.path, 'evil');
    const env = { WAYBILL_CACHE_DIR: evil };
    const rule = '{ name: r, images: ["registry.example.com/**"], components: { deny: [{ purl: "pkg:npm/x" }] } }';
    writeFileSync(join(bench.path, 'policy.yaml'), `apiVersion: waybill.dev/v1\nkind: Policy\nrules: [${rule}]\n`);
    const as = '--as registry.example.com/app';
    ended(await bench.run(`gate check oci:images:app --policy policy.yaml ${as}`, { env }), 0);
    assert.equal(existsSync(evil), false);
    await bench.run('sbom create oci:images:app', { env });
    assert.equal(existsSync(evil), true);
  });
});
