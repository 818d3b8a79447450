import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sha256Digest } from '../../src/core/index.ts';
import { openEvidence } from '../../src/evidence/index.ts';
import { allResults, baseVoucher, decide } from '../../src/policy/index.ts';
import {
  attestation,
  buildImage,
  buildIndex,
  createSigner,
  evidenceDocument,
  fakeDigest,
  lockBytes,
  noChanges,
  policyOf,
  type Attached,
} from '../support/gate-world.ts';
import { CI_IDENTITY, keyless, newWorld, rootBytes, withTrustedRoot } from '../support/keyless-world.ts';
import { bytesOf, signKeyless } from '../verification/support/world.ts';

const NOW = new Date('2026-01-20T12:00:00Z');
const VSA = 'https://slsa.dev/verification_summary/v1';
const OTHER = 'https://github.com/acme/other/.github/workflows/release.yml@refs/tags/v1';
const world = newWorld();
const vendor = await createSigner();
const base = buildImage({ diffIds: [fakeDigest('base-1'), fakeDigest('base-2')] });
const baseIndex = buildIndex([{ image: base, architecture: 'amd64' }]);
const app = buildImage({ diffIds: [...base.diffIds, fakeDigest('app')] });

interface Given {
  readonly bundles?: readonly Attached[];
  readonly signedBy?: string;
  readonly lockSignedBy?: string;
  readonly lockBundle?: Uint8Array;
  /** Whether there is a trusted root: the policy's, the evidence's, none. */
  readonly root?: 'policy' | 'evidence' | 'none';
  readonly require?: string;
}

const plainLock = lockOf([]);

function lockOf(bundles: readonly Attached[]): Uint8Array {
  const image = 'docker.io/library/debian';
  const observedAt = '2026-01-10T00:00:00Z';
  return lockBytes([{ entry: 'debian', image, tag: '12', observedAt, images: [base], index: baseIndex, bundles }]);
}

function policyFor(given: Given): ReturnType<typeof policyOf> {
  const { signedBy = 'ci', root = 'policy' } = given;
  const pin = given.lockSignedBy === undefined ? '' : `lockSignedBy: [${given.lockSignedBy}],`;
  return policyOf(
    `apiVersion: waybill.dev/v1
kind: Policy
${root === 'policy' ? 'trust: { trustedRoot: root.json }' : ''}
identities: { ci: ${CI_IDENTITY}, v: { key: v.pub } }
bases:
  { lock: lock.jsonl, ${pin} entries: [{ name: debian, image: docker.io/library/debian, upgrades: allow, signedBy: [${signedBy}] }] }
rules:
  - { name: r, images: ["registry.example.com/**"], base: { allow: [debian], tamper: allow, require: [${given.require ?? ''}] } }
`,
    {
      'v.pub': vendor.publicKey.pem,
      'root.json': rootBytes(world),
      'lock.jsonl': lockOf(given.bundles ?? []),
      ...(given.lockBundle === undefined ? {} : { 'lock.jsonl.sigstore.json': given.lockBundle }),
    },
  );
}

async function bad(given: Given): Promise<readonly string[]> {
  const loaded = await policyFor(given);
  const plain = evidenceDocument({ images: [app], facts: { comparisons: [noChanges(2)] } });
  const document = given.root === 'evidence' ? withTrustedRoot(plain, rootBytes(world)) : plain;
  const decision = await decide(openEvidence(document), loaded, { now: NOW });
  return decision.images
    .flatMap(allResults)
    .filter((result) => result.outcome !== 'pass')
    .map((result) => `${result.outcome} ${result.code}`);
}

describe('bases signed without keys', () => {
  const require = 'authenticated';

  test('a signature by the entry’s identity over manifest or index authenticates; the root is the policy’s or the evidence’s', async () => {
    for (const subject of [base.digest, baseIndex.digest]) {
      const bundles = [keyless(world, subject)];
      assert.deepEqual(await bad({ bundles, require }), []);
      assert.deepEqual(await bad({ bundles, require, root: 'evidence' }), []);
    }
  });

  test('by somebody else, or under authorities that are not trusted, it does not', async () => {
    for (const bundle of [keyless(world, base.digest, { san: OTHER }), keyless(newWorld('others.test'), base.digest)])
      assert.deepEqual(await bad({ bundles: [bundle], require }), ['fail BASE_NOT_AUTHENTICATED']);
  });

  test('by an identity of the policy whom the entry does not name, it does not', async () => {
    const bundles = [keyless(world, base.digest)];
    assert.deepEqual(await bad({ bundles, require, signedBy: 'v' }), ['fail BASE_NOT_AUTHENTICATED']);
  });

  test('without a trusted root it is an error', async () => {
    const bundles = [keyless(world, base.digest)];
    assert.deepEqual(await bad({ bundles, require, root: 'none' }), ['error TRUST_ROOT_MISSING']);
  });

  test('a verification summary of the base that passed authenticates; one that failed, or another attestation, does not', async () => {
    const summary = (verificationResult: string): unknown => ({
      verificationResult,
      resourceUri: 'pkg:docker/debian',
      policy: {},
    });
    const by = (predicate: unknown, type = VSA): Attached => keyless(world, base.digest, { type, predicate });
    assert.deepEqual(await bad({ bundles: [by(summary('PASSED'))], require }), []);
    for (const bundle of [by(summary('FAILED')), by({}), by(summary('PASSED'), 'https://example.com/other')])
      assert.deepEqual(await bad({ bundles: [bundle], require }), ['fail BASE_NOT_AUTHENTICATED']);
    const keyed = await attestation(vendor, base.digest, { type: VSA, predicate: summary('PASSED') });
    assert.deepEqual(await bad({ bundles: [keyed], require, signedBy: 'v' }), []);
  });
});

describe('what is worth keeping in a lock', () => {
  test('bundles that vouch for the base once they are verified', async () => {
    const vouches = await baseVoucher(await policyFor({ root: 'none' }), { now: NOW, trustedRoot: rootBytes(world) });
    assert.equal(await vouches(keyless(world, base.digest).bundle, base.digest), true);
    assert.equal(await vouches(keyless(world, base.digest).bundle, baseIndex.digest), false);
    assert.equal(await vouches(keyless(world, base.digest, { san: OTHER }).bundle, base.digest), false);
    assert.equal(await vouches(keyless(newWorld('others.test'), base.digest).bundle, base.digest), false);
    assert.equal(
      await vouches(keyless(world, base.digest, { type: 'https://cyclonedx.org/bom' }).bundle, base.digest),
      false,
    );
    assert.equal(await vouches(Buffer.from('{}'), base.digest), false);
  });
});

describe('locks signed without keys', () => {
  const lock = sha256Digest(plainLock);
  const lockSignedBy = 'ci';

  test('as base lock signs them, and as blob sign does', async () => {
    assert.deepEqual(await bad({ lockSignedBy, lockBundle: keyless(world, lock).bundle }), []);
    const asFile = bytesOf(signKeyless(world, { file: plainLock }));
    assert.deepEqual(await bad({ lockSignedBy, lockBundle: asFile }), []);
  });

  test('by somebody else, of another lock, or as another statement they are refused', async () => {
    for (const lockBundle of [
      keyless(world, lock, { san: OTHER }).bundle,
      keyless(world, fakeDigest('other')).bundle,
      keyless(world, lock, { type: VSA, predicate: { verificationResult: 'PASSED', resourceUri: '' } }).bundle,
      bytesOf(signKeyless(world, { file: Buffer.from('another lock') })),
      bytesOf(signKeyless(newWorld('others.test'), { file: plainLock })),
      Buffer.from('{}'),
    ])
      assert.deepEqual(await bad({ lockSignedBy, lockBundle }), ['error BASE_LOCK_UNTRUSTED']);
  });

  test('by an identity of the policy that lockSignedBy does not name they are refused', async () => {
    const lockBundle = keyless(world, lock).bundle;
    assert.deepEqual(await bad({ lockSignedBy: 'v', lockBundle }), ['error BASE_LOCK_UNTRUSTED']);
  });

  test('without a trusted root that is said, and not that they are unsigned', async () => {
    const lockBundle = keyless(world, lock).bundle;
    assert.deepEqual(await bad({ lockSignedBy, lockBundle, root: 'none' }), ['error TRUST_ROOT_MISSING']);
    assert.deepEqual(await bad({ lockSignedBy, root: 'none' }), ['error BASE_LOCK_UNSIGNED']);
  });
});
