import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { startRegistry, type FaultAction, type TestRegistry } from '../support/registry/index.ts';

const TRUST = '--key ours.pub --insecure-ignore-tlog';

/** Those pitfalls of verifying that only whole commands can fall into. Others have their tests where they are resisted, under the same numbers. */
describe('pitfalls of verifying, in whole commands', () => {
  let bench: Bench;
  let registry: TestRegistry;
  before(async () => {
    bench = await openBench();
    registry = await startRegistry();
    await makeSampleImages(bench.path);
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });
  const copied = async (tag: string, repository: string): Promise<string> => {
    const image = `${registry.host}/${repository}:1`;
    ended(await bench.run(`copy oci:images:${tag} ${image} --no-referrers`), 0);
    return image;
  };
  const verified = async (rest: string, status = 0): Promise<Record<string, unknown>> =>
    parseResult('verify', ended(await bench.run(`verify ${rest} ${TRUST} --json`), status).stdout);

  test('pitfall 7, CVE-2023-33959: a tag is resolved once, and everything after speaks of its digest', async () => {
    const image = await copied('app', 'toctou');
    ended(await bench.run(`sign ${image} --key ours.key`), 0);
    registry.requests.length = 0;
    const { digest } = await verified(image);
    const byTag = registry.requests.filter(({ path }) => path.endsWith('/manifests/1'));
    assert.equal(byTag.length, 1);
    assert.ok(registry.requests.some(({ path }) => path.includes(`/referrers/${String(digest)}`)));
    // the tag moves to what nobody signed
    ended(await bench.run(`copy oci:images:changed ${image} --no-referrers`), 0);
    const moved = await verified(image, 1);
    assert.notEqual(moved['digest'], digest);
    assert.equal(moved['code'], 'UNSIGNED');
  });

  test('pitfall 8: it is said which digest was verified; a platform’s signature covers neither the index nor its siblings', async () => {
    const image = await copied('multi', 'platforms');
    ended(await bench.run(`sign ${image} --platform linux/amd64 --key ours.key`), 0);
    const amd = await verified(`${image} --platform linux/amd64`);
    assert.equal(amd['kind'], 'image');
    assert.equal((await verified(image, 1))['code'], 'UNSIGNED');
    assert.equal((await verified(`${image} --platform linux/arm64`, 1))['code'], 'UNSIGNED');
    ended(await bench.run(`sign ${image} --key ours.key`), 0);
    const index = await verified(image);
    assert.equal(index['kind'], 'index');
    assert.notEqual(index['digest'], amd['digest']);
    // a platform that the index does not list is nobody's
    failed(await bench.run(`verify ${image} --platform linux/s390x ${TRUST}`), 6, 'PLATFORM_NOT_FOUND');
  });

  const failures: readonly (readonly [string, FaultAction, number])[] = [
    ['401', { kind: 'status', status: 401 }, 5],
    ['403', { kind: 'status', status: 403 }, 5],
    ['429', { kind: 'status', status: 429, headers: { 'retry-after': '999' } }, 4],
    ['500', { kind: 'status', status: 500, headers: { 'retry-after': '999' } }, 4],
    ['a redirect in a circle', { kind: 'redirect', location: '/v2/listing/referrers/again' }, 4],
    ['half an answer', { kind: 'truncate', bytes: 10 }, 4],
  ];
  for (const [what, action, status] of failures) {
    test(`pitfall 12: a listing that fails (${what}) is an error and never "unsigned", old layout allowed or not`, async () => {
      const image = await copied('app', 'listing');
      registry.fail({ method: 'GET', path: /\/referrers\//, action });
      try {
        for (const legacy of ['', ' --allow-legacy']) {
          const result = await bench.run(`verify ${image} ${TRUST}${legacy}`);
          assert.equal(result.status, status, result.stderr);
          assert.doesNotMatch(result.stdout, /UNSIGNED/);
          assert.match(result.stderr, /^error: /m);
        }
      } finally {
        registry.clearFaults();
      }
    });
  }

  test('pitfall 12: an old signature never counts unasked', async () => {
    const image = await copied('app', 'old-layout');
    const result = await verified(image, 1);
    assert.equal(result['code'], 'UNSIGNED');
    const tags = registry.requests.filter(({ path }) => /\/manifests\/sha256-[0-9a-f]{64}\.(?:sig|att)$/.test(path));
    assert.deepEqual(tags, []);
  });

  test('pitfall 21, CVE-2025-25204, CVE-2026-44309, CVE-2026-44310: nothing there, nothing of the type, or nonsense is never exit 0', async () => {
    const image = await copied('app', 'nothing');
    await verified(image, 1);
    await verified(`${image} --type cyclonedx`, 1);
    writeFileSync(join(bench.path, 'nonsense.json'), '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}');
    ended(await bench.run(`blob verify nonsense.json --bundle nonsense.json ${TRUST}`), 1);
    writeFileSync(join(bench.path, 'empty.json'), '');
    ended(await bench.run(`blob verify empty.json --bundle empty.json ${TRUST}`), 1);
  });

  test('pitfall 1, CVE-2023-46737, CVE-2023-33957, CVE-2023-33958: endless attachments are an error, and no bundle is read before it', async () => {
    const image = await copied('app', 'endless');
    for (let number = 0; number < 4; number += 1)
      ended(await bench.run(`sign ${image} -a n=${number} --key ours.key`), 0);
    registry.requests.length = 0;
    failed(await bench.run(`verify ${image} ${TRUST} --max-referrers 3`), 6, 'LIMIT_EXCEEDED');
    // the image's own manifest and configuration, and the listing
    assert.ok(registry.requests.length <= 4, registry.requests.map(({ path }) => path).join('\n'));
    assert.ok(registry.count('GET', /\/blobs\//) <= 1);
  });
});
