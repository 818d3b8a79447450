import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { attestStatement, resolvePredicateType, type LegacyCandidate } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import {
  checkLegacy,
  evaluateSignatures,
  type BundleVerdict,
  type CheckBundleOptions,
  type LegacyVerdict,
} from '../../src/verification/index.ts';
import { acceptedSigner, assertRejected } from './support/assert-verdict.ts';
import { newPair, pemOf } from './support/certificates.ts';
import { bodyOf, keyOf, newBench, type Bench } from './support/check.ts';
import { stamp } from './support/timestamp.ts';
import { SIGNED_AT, signKeyless, SUBJECT, type SignedBundle, type SignOptions } from './support/world.ts';

let bench: Bench;

before(async () => {
  bench = await newBench();
});

const DOCUMENT = {
  critical: {
    identity: { 'docker-reference': 'registry.test/app' },
    image: { 'docker-manifest-digest': SUBJECT },
    type: 'cosign container image signature',
  },
  optional: { env: 'prod', count: 3 },
};

/** The annotations of the older layout with what proves a bundle. */
function proofsOf(bundle: SignedBundle): Pick<LegacyCandidate, 'certificate' | 'rekorBundle' | 'timestamp'> {
  const { certificate, tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  const [entry] = tlogEntries;
  const [token] = timestampVerificationData.rfc3161Timestamps;
  const payload = {
    body: Buffer.from(bodyOf(bundle)).toString('base64'),
    integratedTime: Number(entry?.['integratedTime']),
    logIndex: Number(entry?.['logIndex']),
    logID: bench.world.rekor1.id.toString('hex'),
  };
  return {
    ...(certificate === undefined ? {} : { certificate: pemOf(Buffer.from(certificate.rawBytes, 'base64')) }),
    ...(entry === undefined
      ? {}
      : {
          rekorBundle: JSON.stringify({
            SignedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp,
            Payload: payload,
          }),
        }),
    ...(token === undefined ? {} : { timestamp: JSON.stringify({ SignedRFC3161Timestamp: token.signedTimestamp }) }),
  };
}

function signature(options: SignOptions = {}, document: unknown = DOCUMENT): LegacyCandidate {
  const payload = Buffer.from(JSON.stringify(document));
  const bundle = signKeyless(bench.world, { file: payload, ...options });
  return {
    kind: 'signature',
    manifest: sha256Digest('manifest'),
    digest: sha256Digest(payload),
    payload,
    signature: Buffer.from(bundle.messageSignature?.signature ?? '', 'base64'),
    ...proofsOf(bundle),
  };
}

function attestation(options: SignOptions = {}): LegacyCandidate {
  const payload = attestStatement({
    predicateType: 'https://cyclonedx.org/bom',
    predicateJson: Buffer.from('{}'),
    subject: SUBJECT,
  });
  const bundle = signKeyless(bench.world, { payload, ...options });
  const envelope = Buffer.from(JSON.stringify(bundle.dsseEnvelope));
  return {
    kind: 'attestation',
    manifest: sha256Digest('manifest'),
    digest: sha256Digest(envelope),
    payload: envelope,
    ...proofsOf(bundle),
  };
}

function check(
  candidate: LegacyCandidate,
  changes: Partial<CheckBundleOptions> = {},
): Promise<BundleVerdict | LegacyVerdict> {
  const { root, wanted } = bench;
  const trust = [{ root }];
  return checkLegacy(candidate, {
    keys: [],
    identities: [wanted],
    trust,
    subject: SUBJECT,
    requireTransparencyLog: true,
    ...changes,
  });
}

describe('checkLegacy', () => {
  it('accepts a keyless signature by the promise of the log, and says what was signed', async () => {
    const verdict = await check(signature());
    acceptedSigner(verdict);
    assert.ok(verdict.ok && 'layout' in verdict);
    assert.deepEqual([verdict.annotations, verdict.imageName], [{ env: 'prod' }, 'registry.test/app']);
    assert.equal(verdict.log.evaluated && verdict.log.verified[0]?.proof, 'promise');
  });

  it('accepts a timestamp over the signature where no log is asked for', async () => {
    const stamped = signature({ logs: [], tsas: [bench.world.tsa] });
    assert.equal((await check(stamped, { requireTransparencyLog: false })).ok, true);
    assertRejected(await check(stamped), 'LOG_MISSING');
  });

  it('accepts keys, with and without a log', async () => {
    const pair = newPair();
    const options = { keys: [{ key: keyOf(pair) }], identities: [] };
    assert.equal((await check(signature({ keyed: pair }), options)).ok, true);
    const bare = signature({ keyed: pair, logs: [] });
    assert.equal((await check(bare, { ...options, requireTransparencyLog: false })).ok, true);
    assertRejected(await check(bare, options), 'LOG_MISSING');
  });

  it('compares type, digest and annotations of what was signed', async () => {
    const critical = { ...DOCUMENT.critical, image: { 'docker-manifest-digest': sha256Digest('another') } };
    const cases: readonly [unknown, string][] = [
      [{ ...DOCUMENT, critical }, 'SUBJECT_MISMATCH'],
      [{ ...DOCUMENT, critical: { ...DOCUMENT.critical, type: 'atomic container signature' } }, 'PREDICATE_TYPE'],
      [{}, 'BUNDLE_MALFORMED'],
      [[], 'BUNDLE_MALFORMED'],
    ];
    for (const [document, code] of cases) assertRejected(await check(signature({}, document)), code);
    const wanted = { annotations: { env: 'test' } };
    assertRejected(await check(signature(), wanted), 'ANNOTATION_MISMATCH');
    const type = { predicateType: resolvePredicateType('cyclonedx') };
    assertRejected(await check(signature(), type), 'PREDICATE_TYPE');
  });

  it('CVE-2022-23649, CVE-2026-22703: refuses proofs of something else, and what does not parse', async () => {
    const [mine, other] = [signature(), signature()];
    const changes: readonly [Partial<LegacyCandidate>, string][] = [
      [{ rekorBundle: other.rekorBundle ?? '' }, 'LOG_MISMATCH'],
      [{ rekorBundle: '{}' }, 'LOG_MALFORMED'],
      [{ rekorBundle: 'x' }, 'LOG_MALFORMED'],
      [{ certificate: other.certificate ?? '' }, 'SIGNATURE_INVALID'],
      [{ certificate: 'x' }, 'CERTIFICATE_MALFORMED'],
      [{ signature: other.signature ?? Buffer.alloc(1) }, 'SIGNATURE_INVALID'],
      [{ signature: Buffer.alloc(0) }, 'BUNDLE_MALFORMED'],
      [{ timestamp: 'x' }, 'TIMESTAMP_INVALID'],
      [{ payload: Buffer.from(mine.payload).subarray(1) }, 'SIGNATURE_INVALID'],
    ];
    for (const [change, code] of changes) {
      assertRejected(await check({ ...mine, ...change }), code);
    }
    assertRejected(await check(mine, { maxBytes: 10 }), 'BUNDLE_TOO_LARGE');
  });

  it('accepts attestations, whose timestamps are over the envelope', async () => {
    const predicateType = resolvePredicateType('cyclonedx');
    const verdict = await check(attestation(), { predicateType });
    assert.ok(verdict.ok && 'statement' in verdict);
    const unlogged = attestation({ logs: [] });
    const token = stamp(bench.world.tsa, unlogged.payload, { at: SIGNED_AT }).toString('base64');
    const stamped = { ...unlogged, timestamp: JSON.stringify({ SignedRFC3161Timestamp: token }) };
    assert.equal((await check(stamped, { requireTransparencyLog: false })).ok, true);
    const overSignature = attestation({ logs: [], tsas: [bench.world.tsa] });
    assertRejected(await check(overSignature, { requireTransparencyLog: false }), 'TIMESTAMP_INVALID');
    const other = { predicateType: resolvePredicateType('slsaprovenance1') };
    assertRejected(await check(attestation(), other), 'PREDICATE_TYPE');
  });
});

describe('evaluateSignatures with the older layout', () => {
  it('counts signers of both layouts once, each kind for itself', async () => {
    const { root, wanted, world } = bench;
    const common = {
      keys: [],
      identities: [wanted],
      trust: [{ root }],
      subject: SUBJECT,
      requireTransparencyLog: true,
    };
    const bytes = Buffer.from(JSON.stringify(signKeyless(world)));
    const legacy = [signature(), attestation(), { ...signature(), rekorBundle: 'x' }];
    const result = await evaluateSignatures([{ bytes }], { ...common, kind: 'signature', legacy });
    assert.deepEqual(
      [
        result.satisfied,
        result.signers.length,
        result.accepted.length,
        result.acceptedLegacy.length,
        result.rejected.length,
      ],
      [true, 1, 1, 1, 1],
    );
    const predicateType = resolvePredicateType('cyclonedx');
    const attested = await evaluateSignatures([], { ...common, kind: 'attestation', predicateType, legacy });
    assert.deepEqual([attested.satisfied, attested.accepted.length, attested.acceptedLegacy.length], [true, 1, 0]);
    assert.equal((await evaluateSignatures([], { ...common, kind: 'signature' })).satisfied, false);
  });
});
