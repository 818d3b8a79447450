import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createStatement, resolvePredicateType } from '../../src/attestation/index.ts';
import { evaluateSignatures, signerId, type TrustedIdentity, type TrustedRoot } from '../../src/verification/index.ts';
import { acceptedSigner, assertRejected } from './support/assert-verdict.ts';
import { extension, newPair } from './support/certificates.ts';
import { changed, keyOf, newBench, type Bench } from './support/check.ts';
import { newLog } from './support/log.ts';
import {
  bytesOf,
  identity,
  ISSUER,
  newWorld,
  rootJson,
  SAN,
  signKeyless,
  SUBJECT,
  trustedRoot,
  type World,
} from './support/world.ts';

let world: World;
let root: TrustedRoot;
let wanted: TrustedIdentity;
let check: Bench['check'];

before(async () => {
  ({ world, root, wanted, check } = await newBench());
});

describe('pitfall 10: one signature out of many', () => {
  it('accepts the good one between bad ones, and gives a reason for each of the rest', async () => {
    const stranger = newWorld('stranger.test');
    const candidates = [
      { bytes: Buffer.from('rubbish') },
      { bytes: bytesOf(signKeyless(stranger)) },
      { bytes: bytesOf(signKeyless(world)) },
      { bytes: bytesOf(signKeyless(world, { names: extension.email('mallory@evil.test') })) },
    ];
    const common = {
      keys: [],
      identities: [wanted],
      trust: [{ root }],
      subject: SUBJECT,
      requireTransparencyLog: true,
    };
    const result = await evaluateSignatures(candidates, { ...common, kind: 'signature' });
    assert.equal(result.satisfied, true);
    const codes = result.rejected.map(({ code }) => code);
    assert.deepEqual(codes, ['BUNDLE_MALFORMED', 'CERTIFICATE_UNTRUSTED', 'IDENTITY_MISMATCH']);
    assert.match(result.rejected[1]?.claimedIdentity ?? '', /acme/);
  });
});

describe('pitfall 11: thresholds met by duplicates', () => {
  const common = { keys: [], subject: SUBJECT, requireTransparencyLog: true, kind: 'signature', threshold: 2 } as const;

  it('one identity that signs twice is one; two that meet one expression are one', async () => {
    const again = [{ bytes: bytesOf(signKeyless(world)) }, { bytes: bytesOf(signKeyless(world)) }];
    const other = await identity({ identity: 'bob@acme.test' });
    const twice = await evaluateSignatures(again, { ...common, identities: [wanted, other], trust: [{ root }] });
    assert.deepEqual([twice.satisfied, twice.accepted.length, twice.signers.length], [false, 2, 1]);
    assert.deepEqual(twice.signers.map(signerId), [JSON.stringify([ISSUER, SAN])]);
    // the same rule twice is no way around it
    const doubled = await evaluateSignatures(again, { ...common, identities: [wanted, wanted], trust: [{ root }] });
    assert.equal(doubled.satisfied, false);
    const byBoth = [
      { bytes: bytesOf(signKeyless(world)) },
      { bytes: bytesOf(signKeyless(world, { names: extension.uri(`${SAN}0`) })) },
    ];
    const broad = await identity({ identity: { regexp: '.*@refs/tags/v.*' } });
    const one = await evaluateSignatures(byBoth, { ...common, identities: [broad, other], trust: [{ root }] });
    assert.deepEqual([one.satisfied, one.signers.length], [false, 2]);
    await assert.rejects(evaluateSignatures(byBoth, { ...common, identities: [broad], trust: [{ root }] }), {
      code: 'VERIFICATION_THRESHOLD',
    });
    const exact = await evaluateSignatures(byBoth, { ...common, identities: [broad, wanted], trust: [{ root }] });
    assert.equal(exact.satisfied, true);
  });

  it('what one signer meets in several bundles is joined, and rules are dealt out to the best', async () => {
    const byRef = async (ref: string): Promise<TrustedIdentity> =>
      identity({ extensions: { sourceRepositoryRef: ref } });
    const rules = [await identity({ identity: { regexp: '.+' } }), await byRef('refs/heads/a')];
    const bytesWith = (names: string, ref: string): { readonly bytes: Uint8Array } => ({
      bytes: bytesOf(signKeyless(world, { names: extension.uri(names), extensions: [extension.fulcio(14, ref)] })),
    });
    const options = { ...common, identities: rules, trust: [{ root }] };
    // the first meets both rules, and must leave the one that the second needs
    const both = [bytesWith(SAN, 'refs/heads/b'), bytesWith(SAN, 'refs/heads/a'), bytesWith(`${SAN}0`, 'refs/heads/b')];
    assert.equal((await evaluateSignatures(both, options)).satisfied, true);
    assert.equal((await evaluateSignatures(both.slice(0, 2), options)).satisfied, false);
  });

  it('a key and an identity are two', async () => {
    const pair = newPair();
    const keys = [{ key: keyOf(pair), requireTransparencyLog: false }];
    const candidates = [
      { bytes: bytesOf(signKeyless(world)) },
      { bytes: bytesOf(signKeyless(world, { keyed: pair })) },
    ];
    const both = await evaluateSignatures(candidates, { ...common, keys, identities: [wanted], trust: [{ root }] });
    assert.equal(both.satisfied, true);
  });

  it('CVE-2026-49834: logs, timestamps and certificate logs are counted by operator', async () => {
    const second = newLog(1, { operator: 'one.test' });
    const foreign = newLog(1, { operator: 'two.test' });
    const withLogs = trustedRoot(world, (json) => {
      json.tlogs.push(...rootJson({ ...world, rekor1: second, rekor2: foreign }).tlogs);
    });
    const thresholds = { logs: 2 };
    const sameOperator = signKeyless(world, { logs: [world.rekor1, second] });
    assertRejected(
      await check(sameOperator, { trust: [{ root: withLogs, thresholds }] }),
      'LOG_THRESHOLD',
      /1 distinct/,
    );
    const two = signKeyless(world, { logs: [world.rekor1, foreign] });
    acceptedSigner(await check(two, { trust: [{ root: withLogs, thresholds }] }));
    const times = signKeyless(world, { tsas: [world.tsa, world.tsa], logs: [world.rekor2] });
    assertRejected(await check(times, { trust: [{ root, thresholds: { timestamps: 2 } }] }), 'TIME_THRESHOLD');
    assertRejected(
      await check(signKeyless(world), { trust: [{ root, thresholds: { scts: 2 } }] }),
      'SCT_INVALID',
      /1 distinct/,
    );
  });

  it('operators without a name are one', async () => {
    const foreign = newLog(1, { operator: 'two.test' });
    const nameless = trustedRoot(world, (json) => {
      json.tlogs.push(...rootJson({ ...world, rekor1: foreign }).tlogs);
      for (const log of json.tlogs) delete log['operator'];
    });
    const two = signKeyless(world, { logs: [world.rekor1, foreign] });
    assertRejected(await check(two, { trust: [{ root: nameless, thresholds: { logs: 2 } }] }), 'LOG_THRESHOLD');
  });

  it('a copy of a log entry is refused', async () => {
    const doubled = changed(signKeyless(world), (json) => {
      const [entry] = json.verificationMaterial.tlogEntries;
      if (entry !== undefined) json.verificationMaterial.tlogEntries.push({ ...entry, logIndex: '99' });
    });
    assertRejected(await check(doubled), 'LOG_INVALID');
  });
});

describe('pitfall 18: hints only select', () => {
  it('a hint of a trusted key, or a key id, does not make a signature', async () => {
    const [mine, other] = [newPair(), newPair()];
    const keys = [{ key: keyOf(mine), requireTransparencyLog: false }];
    const bundle = changed(signKeyless(world, { keyed: other }), (json) => {
      json.verificationMaterial['publicKey'] = { hint: keyOf(mine).hint };
      const [signature] = json.dsseEnvelope?.signatures ?? [];
      if (signature !== undefined) signature.keyid = keyOf(mine).hint;
    });
    assertRejected(await check(bundle, { keys, identities: [] }), 'SIGNATURE_INVALID');
  });
});

describe('pitfall 19: keyed where an identity is demanded, and the reverse', () => {
  it('refuses the one for the other', async () => {
    const pair = newPair();
    assertRejected(await check(signKeyless(world, { keyed: pair })), 'KEYED_UNSUPPORTED');
    assertRejected(
      await check(signKeyless(world), { keys: [{ key: keyOf(pair) }], identities: [] }),
      'KEYLESS_UNSUPPORTED',
    );
    const two = changed(signKeyless(world), (json) => (json.verificationMaterial['publicKey'] = { hint: 'x' }));
    assertRejected(await check(two), 'BUNDLE_MALFORMED', /2 kinds of key material/);
  });
});

describe('pitfall 21: nothing checked is never a pass', () => {
  it('CVE-2025-25204, CVE-2026-44310: no bundle, or none of the type, is not satisfied', async () => {
    const common = {
      keys: [],
      identities: [wanted],
      trust: [{ root }],
      subject: SUBJECT,
      requireTransparencyLog: true,
    };
    assert.equal((await evaluateSignatures([], { ...common, kind: 'signature' })).satisfied, false);
    const none = { ...common, kind: 'attestation', predicateType: resolvePredicateType('slsaprovenance1') } as const;
    assert.equal((await evaluateSignatures([{ bytes: bytesOf(signKeyless(world)) }], none)).satisfied, false);
    const hollow = trustedRoot(world, (json) => (json.certificateAuthorities = []));
    assertRejected(await check(signKeyless(world), { trust: [{ root: hollow }] }), 'CERTIFICATE_UNTRUSTED');
  });
});

describe('pitfall 22: strangers with push rights', () => {
  it('what they attach is refused and blocks nothing', async () => {
    const stranger = newWorld('stranger.test');
    const predicateType = resolvePredicateType('slsaprovenance1');
    const payload = createStatement({
      subjects: [{ digest: { sha256: SUBJECT.slice(7) } }],
      predicateType: predicateType.uri,
      predicateJson: Buffer.from('{}'),
    });
    const candidates = [signKeyless(stranger, { payload }), signKeyless(world, { payload })].map((bundle) => ({
      bytes: bytesOf(bundle),
    }));
    const common = {
      keys: [],
      identities: [wanted],
      trust: [{ root }],
      subject: SUBJECT,
      requireTransparencyLog: true,
    };
    const result = await evaluateSignatures(candidates, { ...common, kind: 'attestation', predicateType });
    assert.deepEqual([result.satisfied, result.accepted.length, result.rejected.length], [true, 1, 1]);
  });
});
