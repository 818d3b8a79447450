import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { attachSignature } from '../support/attached-world.ts';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { calm, OCI_INDEX, openQuietly } from '../support/registry/opening.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

const VERIFY = '--key ours.pub --insecure-ignore-tlog --json';

describe('waybill copy, clean, and attachments elsewhere', () => {
  let bench: Bench;
  let registry: TestRegistry;
  before(async () => {
    bench = await openBench();
    registry = await startRegistry();
    await makeSampleImages(bench.path);
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
    ended(await bench.run('release oci:images:multi --key ours.key'), 0);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });
  const json = async (
    name: string,
    command: string,
    status = 0,
    env: Record<string, string> = {},
  ): Promise<Record<string, unknown>> => parseResult(name, ended(await bench.run(command, { env }), status).stdout);

  test('copy there, verify, copy back, clean: signatures stay good until they are removed', async () => {
    const there = `${registry.host}/mirror/multi:1`;
    const first = ended(await bench.run(`copy oci:images:multi ${there}`), 0);
    assert.match(first.stdout, /^copied +oci:images:multi\nto +127[^]*\nattached +3 copied$/m);
    assert.equal(first.stderr, '');
    assert.equal((await json('verify', `verify ${there} ${VERIFY}`))['code'], 'VERIFIED');
    const back = await json('copy', `copy ${there} oci:back --json`);
    assert.equal(back['to'], 'oci:back:1');
    assert.equal((await json('verify', `verify oci:back:1 ${VERIFY}`))['code'], 'VERIFIED');

    failed(await bench.run(`clean ${there}`), 2, 'USAGE');
    const listed = await json('clean', `clean ${there} --dry-run --json`);
    assert.equal((listed['items'] as readonly unknown[]).length, 3);
    assert.equal((await json('verify', `verify ${there} ${VERIFY}`))['code'], 'VERIFIED');
    const cleaned = ended(await bench.run(`clean ${there} --type signature --yes`), 0);
    assert.match(cleaned.stdout, /\n1 removed\n$/);
    assert.equal((await json('verify', `verify ${there} ${VERIFY}`, 1))['code'], 'UNSIGNED');
    assert.match(ended(await bench.run(`clean ${there} --yes`), 0).stdout, /\n2 removed\n$/);
    assert.match(ended(await bench.run(`clean ${there} --yes`), 0).stdout, /nothing to remove/);
    registry.fail({ method: 'DELETE', path: /./, action: { kind: 'status', status: 405 } });
    ended(await bench.run(`copy oci:images:multi ${there}`), 0);
    failed(await bench.run(`clean ${there} --yes`), 4, 'REGISTRY_DELETE_UNSUPPORTED');
    registry.clearFaults();
  });

  test('copy --strict is exit 7 when something attached stays behind; a listing that fails is exit 4', async () => {
    await using old = await startRegistry({ referrers: 'none' });
    const image = `${old.host}/app:1`;
    const { digest } = await json('copy', `copy oci:images:app ${image} --json`);
    const gone = `sha256:${'0'.repeat(64)}`;
    const manifests = [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: gone, size: 9 }];
    const tag = String(digest).replace(':', '-');
    old.putManifest('app', { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { mediaType: OCI_INDEX, tag });
    const lax = ended(await bench.run(`copy ${image} oci:lax`), 0);
    assert.match(lax.stderr, /^warning: not copied: sha256:0{64}: /m);
    assert.match(lax.stdout, /^not copied +sha256:0{64}: MANIFEST_NOT_FOUND: /m);
    ended(await bench.run(`copy ${image} oci:lax --strict`), 7);
    old.fail({ path: /manifests\/sha256-/, action: { kind: 'status', status: 503 } });
    failed(await bench.run(`copy ${image} oci:never`), 4, 'REGISTRY_SERVER_ERROR');
    assert.equal(existsSync(join(bench.path, 'never')), false);
  });

  test('attachments in another repository: by flag and by COSIGN_REPOSITORY, for all that write and read them', async () => {
    const image = `${registry.host}/apart/app:1`;
    const elsewhere = { COSIGN_REPOSITORY: `${registry.host}/apart/signatures` };
    const flag = `--attachment-repository ${elsewhere.COSIGN_REPOSITORY}`;
    const { digest } = await json('copy', `copy oci:images:app ${image} --no-referrers --json`);
    const signed = await json('sign', `sign ${image} --key ours.key --json`, 0, elsewhere);
    writeFileSync(join(bench.path, 'predicate.json'), '{}');
    const attest = `attest ${image} --key ours.key --type custom --predicate predicate.json --json`;
    const attested = await json('attest', `${attest} ${flag}`);
    for (const { referrer } of [signed, attested]) {
      assert.ok(registry.getManifest('apart/signatures', String(referrer)));
      assert.equal(registry.getManifest('apart/app', String(referrer)), undefined);
    }
    assert.equal((await json('verify', `verify ${image} ${VERIFY}`, 1))['code'], 'UNSIGNED');
    assert.equal((await json('verify', `verify ${image} ${VERIFY} ${flag}`))['code'], 'VERIFIED');
    assert.equal((await json('verify', `verify ${image} ${VERIFY}`, 0, elsewhere))['code'], 'VERIFIED');
    const tree = await json('tree', `tree ${image} --json`, 0, elsewhere);
    assert.equal((tree['root'] as { referrers: readonly unknown[] }).referrers.length, 2);
    const released = await json('release', `release ${image} --key ours.key --json`, 0, elsewhere);
    assert.deepEqual(
      (released['steps'] as { what: string; outcome: string }[]).map(({ what, outcome }) => [what, outcome]),
      [
        ['sbom', 'made'],
        ['signature', 'present'],
      ],
    );
    const copied = await json('copy', `copy ${image} oci:together --json`, 0, elsewhere);
    assert.equal((copied['attached'] as readonly unknown[]).length, 3);
    assert.equal(copied['digest'], digest);
    const cleaned = await json('clean', `clean ${image} --yes --json`, 0, elsewhere);
    assert.equal((cleaned['items'] as readonly unknown[]).length, 3);
    failed(
      await bench.run(`verify ${image} ${VERIFY.replace(' --json', '')} --attachment-repository oci:x`),
      2,
      'USAGE',
    );
  });

  test('gate check takes the repository from its flag, never from the variable', async () => {
    const image = `${registry.host}/gated/app:1`;
    const repository = `${registry.host}/gated/signatures`;
    ended(await bench.run(`copy oci:images:app ${image} --no-referrers`), 0);
    ended(await bench.run(`sign ${image} --key ours.key --attachment-repository ${repository}`), 0);
    const policy = `apiVersion: waybill.dev/v1
kind: Policy
name: test
identities:
  release: { key: ours.pub }
rules:
  - name: all
    images: ["${registry.host}/**"]
    signatures: { by: [release] }
`;
    writeFileSync(join(bench.path, 'policy.yaml'), policy);
    const gate = `gate check ${image} --policy policy.yaml --json`;
    await json('gate-check', gate, 1, { COSIGN_REPOSITORY: repository });
    await json('gate-check', `${gate} --attachment-repository ${repository}`);
    // and what is there for all to see is not hidden by it
    ended(await bench.run(`sign ${image} --key ours.key`), 0);
    await json('gate-check', gate, 0, { COSIGN_REPOSITORY: `${registry.host}/nowhere` });
  });

  for (const referrers of ['api', 'none'] as const) {
    test(`30 bundles on one image are verified in at most 65 requests (referrers: ${referrers})`, async () => {
      await using crowded = await startRegistry({ referrers });
      const image = `${crowded.host}/app:1`;
      ended(await bench.run(`copy oci:images:app ${image} --no-referrers`), 0);
      await using store = await openQuietly(crowded.host, 'app');
      const subject = await store.headManifest('1', calm);
      assert.ok(subject);
      for (let number = 0; number < 29; number += 1) await attachSignature(store, subject, number);
      ended(await bench.run(`sign ${image} --key ours.key`), 0);
      crowded.requests.length = 0;
      const result = await json('verify', `verify ${image} ${VERIFY}`);
      assert.equal((result['rejected'] as readonly unknown[]).length, 29);
      assert.ok(crowded.requests.length <= 65, `${crowded.requests.length} requests`);
      const paths = crowded.requests.map(({ method, path }) => `${method} ${path}`);
      assert.equal(new Set(paths).size, paths.length, 'something is fetched twice');
    });
  }

  test('--max-referrers and --max-bundle-bytes: over the one is an error, over the other does not count', async () => {
    const image = `${registry.host}/capped/app:1`;
    ended(await bench.run(`copy oci:images:app ${image} --no-referrers`), 0);
    for (const value of ['a=1', 'a=2', 'a=3'])
      ended(await bench.run(`sign ${image} --key ours.key --annotation ${value}`), 0);
    failed(
      await bench.run(`verify ${image} --key ours.pub --insecure-ignore-tlog --max-referrers 2`),
      6,
      'LIMIT_EXCEEDED',
    );
    failed(await bench.run(`tree ${image} --max-referrers 2`), 6, 'LIMIT_EXCEEDED');
    assert.equal((await json('verify', `verify ${image} ${VERIFY} --max-referrers 3`))['code'], 'VERIFIED');
    const small = await json('verify', `verify ${image} ${VERIFY} --max-bundle-bytes 100`, 1);
    assert.deepEqual(
      (small['rejected'] as { code: string }[]).map(({ code }) => code),
      ['BUNDLE_TOO_LARGE', 'BUNDLE_TOO_LARGE', 'BUNDLE_TOO_LARGE'],
    );
    failed(await bench.run(`tree ${image} --max-bundle-bytes many`), 2, 'USAGE');
  });
});
