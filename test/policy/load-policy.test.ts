import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { TemporaryDirectory } from '../../src/core/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { allResults, decide, evidenceNeeds, loadPolicy } from '../../src/policy/index.ts';
import {
  buildImage,
  createSigner,
  evidenceView,
  fakeDigest,
  lockBytes,
  noChanges,
  policyOf,
  signature,
} from '../support/gate-world.ts';

const debian = buildImage({ diffIds: [fakeDigest('debian')] });
const lock = lockBytes([
  {
    entry: 'debian',
    image: 'docker.io/library/debian',
    tag: '12',
    observedAt: '2026-11-20T00:00:00Z',
    images: [debian],
  },
]);

let release: KeySigner;
let stranger: KeySigner;

before(async () => {
  release = await createSigner();
  stranger = await createSigner();
});

const POLICY = `
apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: keys/release.pub } }
rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [release] } }]
`;

async function folder(
  policy: string,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<{ readonly directory: TemporaryDirectory; readonly path: string }> {
  const directory = await TemporaryDirectory.create();
  await mkdir(join(directory.path, 'keys'));
  await writeFile(join(directory.path, 'policy.yaml'), policy);
  await writeFile(join(directory.path, 'keys', 'release.pub'), release.publicKey.pem);
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory.path, name), content);
  return { directory, path: join(directory.path, 'policy.yaml') };
}

describe('loadPolicy', () => {
  test('reads keys relative to the policy; the digest covers the policy and every file', async () => {
    const { directory, path } = await folder(POLICY);
    await using _ = directory;
    const loaded = await loadPolicy(path);
    assert.equal(loaded.keys.get('release')?.fingerprint, release.publicKey.fingerprint);
    assert.equal((await loadPolicy(path, { expectedDigest: loaded.digest })).digest, loaded.digest);
    await writeFile(join(directory.path, 'keys', 'release.pub'), stranger.publicKey.pem);
    assert.notEqual((await loadPolicy(path)).digest, loaded.digest);
    await assert.rejects(loadPolicy(path, { expectedDigest: loaded.digest }), {
      code: 'POLICY_DIGEST_MISMATCH',
      exitCode: 2,
    });
  });

  test('the digest does not depend on where the folder lies', async () => {
    const one = await folder(POLICY);
    const two = await folder(POLICY);
    await using _one = one.directory;
    await using _two = two.directory;
    assert.equal((await loadPolicy(one.path)).digest, (await loadPolicy(two.path)).digest);
  });

  test('a link that leads out of the folder is refused; one that stays is not', async () => {
    const { directory, path } = await folder(POLICY.replace('keys/release.pub', 'link.pub'));
    await using _ = directory;
    await symlink(join(directory.path, 'keys', 'release.pub'), join(directory.path, 'link.pub'));
    assert.equal((await loadPolicy(path)).keys.size, 1);
    const outside = await folder(POLICY.replace('keys/release.pub', 'link.pub'));
    await using _outside = outside.directory;
    await symlink(join(directory.path, 'keys', 'release.pub'), join(outside.directory.path, 'link.pub'));
    await assert.rejects(loadPolicy(outside.path), { code: 'POLICY_FILE_OUTSIDE' });
  });

  test('a folder, a missing file, a private key are refused by name', async () => {
    const asFolder = await folder(POLICY.replace('keys/release.pub', 'keys'));
    await using _a = asFolder.directory;
    await assert.rejects(loadPolicy(asFolder.path), { code: 'FILE_NOT_REGULAR' });
    const missing = await folder(POLICY.replace('keys/release.pub', 'nowhere.pub'));
    await using _b = missing.directory;
    await assert.rejects(loadPolicy(missing.path), { code: 'POLICY_FILE_MISSING', exitCode: 2 });
    const wrong = await folder(POLICY.replace('keys/release.pub', 'wrong.pub'), { 'wrong.pub': 'hello' });
    await using _c = wrong.directory;
    await assert.rejects(loadPolicy(wrong.path), { code: 'POLICY_KEY_INVALID' });
  });

  test('lockHead pins the lock; a broken chain is refused', async () => {
    const head =
      (await policyOf(basePolicy(''), { 'keys/release.pub': release.publicKey.pem, l: lock })).lock?.head ?? '';
    const files = { 'keys/release.pub': release.publicKey.pem, l: lock };
    assert.equal((await policyOf(basePolicy(`lockHead: "${head}",`), files)).lock?.records.length, 1);
    await assert.rejects(policyOf(basePolicy(`lockHead: "${fakeDigest('x')}",`), files), {
      code: 'POLICY_LOCK_HEAD_MISMATCH',
    });
    const altered = Buffer.from(Buffer.from(lock).toString().replace('"sequence":0', '"sequence":1'));
    await assert.rejects(policyOf(basePolicy(''), { ...files, l: altered }), { code: 'LOCK_CHAIN_BROKEN' });
  });

  test('lockSignedBy: the bundle beside the lock must be by a named key and over these bytes', async () => {
    const { sha256Digest } = await import('../../src/core/index.ts');
    const policy = basePolicy('lockSignedBy: [release],');
    const facts = {
      images: [buildImage({ diffIds: [fakeDigest('debian'), fakeDigest('app')] })],
      facts: { comparisons: [noChanges(1)] },
    };
    const code = async (bundle: Uint8Array | undefined): Promise<string | undefined> => {
      const files = {
        'keys/release.pub': release.publicKey.pem,
        l: lock,
        ...(bundle === undefined ? {} : { 'l.sigstore.json': bundle }),
      };
      const decision = await decide(evidenceView(facts), await policyOf(policy, files), {
        now: new Date('2026-11-24T00:00:00Z'),
      });
      return decision.images.flatMap(allResults).find((result) => result.check === 'base')?.code;
    };
    assert.equal(await code(undefined), 'BASE_LOCK_UNSIGNED');
    assert.equal(await code((await signature(release, sha256Digest(lock))).bundle), 'BASE_CONTENT');
    assert.equal(await code((await signature(stranger, sha256Digest(lock))).bundle), 'BASE_LOCK_UNTRUSTED');
    assert.equal(await code((await signature(release, fakeDigest('older lock'))).bundle), 'BASE_LOCK_UNTRUSTED');
  });
});

function basePolicy(pin: string): string {
  return `
apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: keys/release.pub } }
bases: { lock: l, ${pin} entries: [{ name: debian, image: docker.io/library/debian }] }
rules: [{ name: r, images: ["registry.example.com/**"], base: { allow: [debian] } }]
`;
}

const nothingElse = { build: false, contain: false, files: false, system: false };

describe('evidenceNeeds', () => {
  test('asks for what matching rules look at, and nothing for images that no rule speaks of', async () => {
    const files = { 'keys/release.pub': release.publicKey.pem, l: lock };
    const base = (await policyOf(basePolicy(''), files)).policy;
    assert.deepEqual(evidenceNeeds(base, 'registry.example.com/x'), {
      bundles: false,
      layers: true,
      scan: false,
      compare: true,
      ...nothingElse,
      build: true,
      contain: true,
    });
    assert.deepEqual(evidenceNeeds(base, 'other.example.com/x'), {
      bundles: false,
      layers: false,
      scan: false,
      compare: false,
      ...nothingElse,
    });
    assert.deepEqual(evidenceNeeds(base, null), {
      bundles: false,
      layers: false,
      scan: false,
      compare: false,
      ...nothingElse,
    });
    const signatures = (await policyOf(POLICY, files)).policy;
    assert.deepEqual(evidenceNeeds(signatures, 'registry.example.com/x'), {
      bundles: true,
      layers: false,
      scan: false,
      compare: false,
      ...nothingElse,
    });
    const rederive = POLICY.replace(
      'signatures: { by: [release] }',
      'attestations: [{ type: cyclonedx, by: [release], rederive: true }]',
    );
    assert.deepEqual(evidenceNeeds((await policyOf(rederive, files)).policy, 'registry.example.com/x'), {
      bundles: true,
      layers: true,
      scan: true,
      compare: false,
      ...nothingElse,
    });
  });
});
