import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sha256Digest } from '../../src/core/index.ts';
import { allResults, decide, type Decision } from '../../src/policy/index.ts';
import { parseLock } from '../../src/provenance/index.ts';
import {
  attestation,
  buildImage,
  buildIndex,
  createSigner,
  evidenceView,
  fakeDigest,
  lockBytes,
  noChanges,
  policyOf,
  signature,
  type ImageFacts,
  type LockSpec,
} from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const vendor = await createSigner();
const stranger = await createSigner();
const keys = { 'v.pub': vendor.publicKey.pem, 's.pub': stranger.publicKey.pem };
const base = buildImage({ diffIds: [fakeDigest('base-1'), fakeDigest('base-2')] });
const app = buildImage({ diffIds: [...base.diffIds, fakeDigest('app')] });

function policyText(bases: string, check = ''): string {
  return `apiVersion: waybill.dev/v1
kind: Policy
identities: { v: { key: v.pub }, s: { key: s.pub } }
bases: { lock: lock.jsonl, ${bases} }
rules: [{ name: r, images: ["registry.example.com/**"], base: { allow: [debian], tamper: allow${check} } }]
`;
}

const ENTRY =
  'entries: [{ name: debian, image: docker.io/library/debian, tags: ["12", "12.*"], upgrades: allow, signedBy: [v] }, { name: other, image: docker.io/library/other, upgrades: allow }]';

const spec = (more: Partial<LockSpec> = {}): LockSpec => ({
  entry: 'debian',
  image: 'docker.io/library/debian',
  tag: '12',
  observedAt: '2026-11-20T00:00:00Z',
  images: [base],
  ...more,
});

async function decision(
  lock: Uint8Array,
  given: {
    readonly bases?: string;
    readonly check?: string;
    readonly files?: Record<string, Uint8Array | string>;
    readonly facts?: Partial<ImageFacts>;
  } = {},
): Promise<Decision> {
  const loaded = await policyOf(policyText(given.bases ?? ENTRY, given.check), {
    ...keys,
    'lock.jsonl': lock,
    ...given.files,
  });
  const facts: ImageFacts = { images: [app], facts: { comparisons: [noChanges(2)] }, ...given.facts };
  return decide(evidenceView(facts), loaded, { now: NOW });
}

const bad = (made: Decision): readonly string[] =>
  made.images
    .flatMap(allResults)
    .filter((result) => result.outcome !== 'pass')
    .map((result) => `${result.outcome} ${result.code}`);

describe('records that do not count', () => {
  test('the honest one does', async () => assert.deepEqual(bad(await decision(lockBytes([spec()]))), []));

  for (const [what, records, code] of [
    ['of another entry', [spec({ entry: 'other', image: 'docker.io/library/other' })], 'fail BASE_NOT_ALLOWED'],
    ['of another image under the entry’s name', [spec({ image: 'evil.io/library/debian' })], 'fail BASE_NOT_ALLOWED'],
    ['of an entry that is not in the policy', [spec({ entry: 'ghost' })], 'fail BASE_NOT_ALLOWED'],
    ['of a tag that no glob allows', [spec({ tag: '11' })], 'fail BASE_NOT_ALLOWED'],
    ['of a tag that only begins like an allowed one', [spec({ tag: '12x' })], 'fail BASE_NOT_ALLOWED'],
    ['without a tag', [spec({ tag: null })], 'fail BASE_NOT_ALLOWED'],
    [
      'of another platform',
      [spec({ images: [buildImage({ diffIds: base.diffIds, architecture: 'arm64' })] })],
      'fail BASE_NOT_ALLOWED',
    ],
    ['without layers', [spec({ images: [buildImage({ diffIds: [] })] })], 'fail BASE_NOT_ALLOWED'],
    [
      'of trivial layers only',
      [spec({ images: [buildImage({ diffIds: base.diffIds.slice(0, 1) })], trivialLayers: [0] })],
      'fail BASE_NOT_ALLOWED',
    ],
    [
      'whose layers are in another order',
      [spec({ images: [buildImage({ diffIds: base.diffIds.toReversed() })] })],
      'fail BASE_NOT_ALLOWED',
    ],
  ] as const) {
    test(`a record ${what}`, async () => {
      const found = bad(await decision(lockBytes(records)));
      assert.ok(found.includes(code), found.join());
    });
  }

  test('a longer match that is not allowed decides over a shorter one that is', async () => {
    const longer = buildImage({ diffIds: app.diffIds });
    const lock = lockBytes([spec(), spec({ entry: 'other', image: 'docker.io/library/other', images: [longer] })]);
    assert.ok(bad(await decision(lock)).includes('fail BASE_NOT_ALLOWED'));
  });

  test('history: a digest that its tag left longer ago than the window', async () => {
    const bases = ENTRY.replace('signedBy', 'history: 30d, signedBy');
    const next = buildImage({ diffIds: [fakeDigest('next')] });
    const lock = (leftAt: string): Uint8Array =>
      lockBytes([spec({ observedAt: '2026-01-01T00:00:00Z' }), spec({ observedAt: leftAt, images: [next] })]);
    assert.deepEqual(bad(await decision(lock('2026-10-25T13:00:00Z'), { bases })), []);
    assert.ok(bad(await decision(lock('2026-10-25T11:00:00Z'), { bases })).includes('fail BASE_NOT_ALLOWED'));
  });
});

describe('authenticated', () => {
  const check = ', require: [authenticated]';
  const index = buildIndex([{ image: base, architecture: 'amd64' }]);

  test('by the platform manifest, or by the index that lists it', async () => {
    assert.deepEqual(
      bad(await decision(lockBytes([spec({ bundles: [await signature(vendor, base.digest)] })]), { check })),
      [],
    );
    const listed = lockBytes([spec({ index, bundles: [await signature(vendor, index.digest)] })]);
    assert.deepEqual(bad(await decision(listed, { check })), []);
  });

  for (const [what, make] of [
    ['of another digest', () => signature(vendor, fakeDigest('else'), { at: base.digest })],
    ['by another identity of the policy', () => signature(stranger, base.digest)],
    [
      'that is an attestation',
      () => attestation(vendor, base.digest, { type: 'https://cyclonedx.org/bom', predicate: {} }),
    ],
    [
      'kept under a digest that is no part of the base',
      async () => ({ ...(await signature(vendor, base.digest)), at: fakeDigest('nowhere') }),
    ],
  ] as const) {
    test(`not by a signature ${what}`, async () => {
      assert.deepEqual(bad(await decision(lockBytes([spec({ bundles: [await make()] })]), { check })), [
        'fail BASE_NOT_AUTHENTICATED',
      ]);
    });
  }

  test('not by the signature of another record of the same image', async () => {
    const signed = buildImage({ diffIds: [fakeDigest('signed')] });
    const lock = lockBytes([spec({ images: [signed], bundles: [await signature(vendor, signed.digest)] }), spec()]);
    assert.deepEqual(bad(await decision(lock, { check })), ['fail BASE_NOT_AUTHENTICATED']);
  });
});

describe('the lock itself', () => {
  const records = lockBytes([spec(), spec({ tag: '12.1' }), spec({ tag: '12.2' })]);
  const lines = Buffer.from(records).toString().split('\n').slice(0, -1);
  const bytes = (...parts: readonly string[]): Uint8Array => Buffer.from(parts.map((line) => `${line}\n`).join(''));

  for (const [what, altered, code] of [
    ['reordered', bytes(lines[1]!, lines[0]!, lines[2]!), 'LOCK_CHAIN_BROKEN'],
    ['with a line left out', bytes(lines[0]!, lines[2]!), 'LOCK_CHAIN_BROKEN'],
    ['with a line twice', bytes(lines[0]!, lines[0]!), 'LOCK_CHAIN_BROKEN'],
    ['that starts in the middle', bytes(lines[1]!, lines[2]!), 'LOCK_CHAIN_BROKEN'],
    ['with an edited tag', bytes(lines[0]!.replace('"tag":"12"', '"tag":"13"'), lines[1]!), 'LOCK_CHAIN_BROKEN'],
    ['cut off', Buffer.from(records).subarray(0, -10), 'LOCK_MALFORMED'],
    ['without its last newline', Buffer.from(records).subarray(0, -1), 'LOCK_MALFORMED'],
    ['with a blank line', bytes(lines[0]!, '', lines[1]!), 'JSON_INVALID'],
    ['with an unknown member', bytes(lines[0]!.replace('{', '{"x":1,')), 'LOCK_MALFORMED'],
    ['with a member twice', bytes(lines[0]!.replace('{', '{"tag":"11",')), 'JSON_INVALID'],
    [
      'with other diffIDs than its config',
      bytes(lines[0]!.replace(fakeDigest('base-1'), fakeDigest('evil'))),
      'LOCK_PLATFORM_MISMATCH',
    ],
    [
      'with another platform than its config',
      bytes(lines[0]!.replace('"architecture":"amd64"', '"architecture":"arm64"')),
      'LOCK_PLATFORM_MISMATCH',
    ],
    [
      'with a manifest that it keeps no bytes of',
      bytes(lines[0]!.replaceAll(base.digest, fakeDigest('gone'))),
      'LOCK_BLOB_MISMATCH',
    ],
    [
      'with other bytes for a digest that an earlier line keeps',
      bytes(lines[0]!, lines[1]!.replace('"blobs":{', `"blobs":{"${base.digest}":"e30=",`).replace(',}', '}')),
      'LOCK_BLOB_MISMATCH',
    ],
  ] as const) {
    test(`${what} is refused`, () => assert.throws(() => parseLock(altered), { code }));
  }

  test('shortened at a line is noticed only where it is pinned or signed', async () => {
    const short = bytes(lines[0]!);
    assert.equal(parseLock(short).records.length, 1);
    const bases = `lockHead: "${sha256Digest(lines[2]!)}", ${ENTRY}`;
    assert.deepEqual(bad(await decision(records, { bases })), []);
    await assert.rejects(decision(short, { bases }), { code: 'POLICY_LOCK_HEAD_MISMATCH' });
  });

  const bases = `lockSignedBy: [v], ${ENTRY}`;
  const signed = async (bundle: Uint8Array | undefined): Promise<readonly string[]> =>
    bad(
      await decision(records, {
        bases,
        ...(bundle === undefined ? {} : { files: { 'lock.jsonl.sigstore.json': bundle } }),
      }),
    );
  const lock = sha256Digest(records);

  test('signed by the identity it must be signed by', async () => {
    assert.deepEqual(await signed((await signature(vendor, lock)).bundle), []);
  });

  for (const [what, make, code] of [
    ['not signed', async () => undefined, 'error BASE_LOCK_UNSIGNED'],
    ['signed by another identity', async () => (await signature(stranger, lock)).bundle, 'error BASE_LOCK_UNTRUSTED'],
    [
      'with the signature of another lock',
      async () => (await signature(vendor, sha256Digest(bytes(lines[0]!)))).bundle,
      'error BASE_LOCK_UNTRUSTED',
    ],
    ['with a signature that is no bundle', async () => Buffer.from('{}'), 'error BASE_LOCK_UNTRUSTED'],
    [
      'attested as something else',
      async () => (await attestation(vendor, lock, { type: 'https://cyclonedx.org/bom', predicate: {} })).bundle,
      'error BASE_LOCK_UNTRUSTED',
    ],
  ] as const) {
    test(`${what} is an error`, async () => assert.deepEqual(await signed(await make()), [code]));
  }
});
