import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createStatement, resolvePredicateType, signStatement } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import {
  checkArtifact,
  compileIdentity,
  evaluateSignatures,
  type TrustedIdentity,
  type TrustedRoot,
} from '../../src/verification/index.ts';
import { acceptedSigner, assertRejected } from './support/assert-verdict.ts';
import { CODE_SIGNING, extension, type Extension } from './support/certificates.ts';
import { bodyOf, changed, newBench, type Bench } from './support/check.ts';
import { bytesOf, identity, ISSUER, SAN, signKeyless, SUBJECT, type World } from './support/world.ts';

let world: World;
let root: TrustedRoot;
let wanted: TrustedIdentity;
let check: Bench['check'];

before(async () => {
  ({ world, root, wanted, check } = await newBench());
});

describe('pitfall 1: endless data', () => {
  it('CVE-2023-25656, CVE-2024-29902, CVE-2024-29903, CVE-2024-45395: refuses bundles, log entries, timestamps and chains over the caps', async () => {
    const good = signKeyless(world, { tsas: [world.tsa] });
    assertRejected(await check(good, { maxBytes: 1000 }), 'BUNDLE_TOO_LARGE');
    const huge = Buffer.alloc(16 * 1024 * 1024 + 1, 0x20);
    assertRejected(await check(huge), 'BUNDLE_TOO_LARGE', /16777216/);
    const { tlogEntries, timestampVerificationData, certificate } = good.verificationMaterial;
    const many = <T>(list: readonly T[]): T[] => Array.from({ length: 33 }, () => list[0] as T);
    const entries = changed(good, (json) => (json.verificationMaterial.tlogEntries = many(tlogEntries)));
    assertRejected(await check(entries), 'BUNDLE_MALFORMED', /33 tlogEntries/);
    assertRejected(await check(entries, { maxLogEntries: 33 }), 'LOG_INVALID', /twice/);
    assertRejected(await check(good, { maxLogEntries: 0 }), 'BUNDLE_MALFORMED', /1 tlogEntries/);
    const stamps = changed(good, (json) => {
      json.verificationMaterial.timestampVerificationData.rfc3161Timestamps = many(
        timestampVerificationData.rfc3161Timestamps,
      );
    });
    assertRejected(await check(stamps), 'BUNDLE_MALFORMED', /33 rfc3161Timestamps/);
    const chain = changed(good, (json) => {
      delete json.verificationMaterial.certificate;
      json.verificationMaterial['x509CertificateChain'] = { certificates: many([certificate]) };
    });
    assertRejected(await check(chain), 'BUNDLE_MALFORMED', /33 certificates/);
  });

  it('refuses proofs with too many hashes and checkpoints that are too long', async () => {
    const good = signKeyless(world);
    const hashes = changed(good, (json) => {
      const proof = json.verificationMaterial.tlogEntries[0]?.inclusionProof;
      if (proof !== undefined) proof.hashes = Array.from({ length: 65 }, () => proof.rootHash);
    });
    assertRejected(await check(hashes), 'LOG_MALFORMED', /too long/);
    const note = changed(good, (json) => {
      const proof = json.verificationMaterial.tlogEntries[0]?.inclusionProof;
      if (proof !== undefined) proof.checkpoint.envelope += 'x'.repeat(70_000);
    });
    assertRejected(await check(note), 'LOG_MALFORMED', /too long/);
  });
});

describe('pitfall 2: payload type confusion', () => {
  it('refuses another payload type, and two kinds of content', async () => {
    assertRejected(await check(signKeyless(world, { payloadType: 'application/json' })), 'PAYLOAD_TYPE');
    const both = changed(signKeyless(world), (json) => {
      json.messageSignature = { messageDigest: { algorithm: 'SHA2_256', digest: 'AAAA' }, signature: 'AAAA' };
    });
    assertRejected(await check(both), 'BUNDLE_MALFORMED', /two kinds/);
  });

  it('refuses a payload or a payload type changed after signing', async () => {
    const relabelled = changed(signKeyless(world, { payloadType: 'text/plain' }), (json) => {
      if (json.dsseEnvelope !== undefined) json.dsseEnvelope.payloadType = 'application/vnd.in-toto+json';
    });
    assertRejected(await check(relabelled), 'SIGNATURE_INVALID');
    const other = Buffer.from(signStatement(sha256Digest('another')));
    const swapped = changed(signKeyless(world), (json) => {
      if (json.dsseEnvelope !== undefined) json.dsseEnvelope.payload = other.toString('base64');
    });
    assertRejected(await check(swapped, { subject: sha256Digest('another') }), 'SIGNATURE_INVALID');
  });
});

describe('pitfall 3: subject digest mismatch', () => {
  it('CVE-2022-36056: refuses a good bundle about something else, by digest and algorithm, whatever the name', async () => {
    assertRejected(await check(signKeyless(world), { subject: sha256Digest('another') }), 'SUBJECT_MISMATCH');
    const payload = createStatement({
      subjects: [{ name: SUBJECT, digest: { sha512: SUBJECT.slice(7).repeat(2) } }],
      predicateType: 'https://e.x/',
      predicateJson: Buffer.from('{}'),
    });
    assertRejected(await check(signKeyless(world, { payload })), 'SUBJECT_MISMATCH');
  });
});

describe('pitfall 4: predicate type confusion', () => {
  it('CVE-2022-35929, CVE-2022-35930, CVE-2026-39395, GHSA-r2xv-vpr2-42m9: an attestation of one type is none of another, and no signature', async () => {
    const payload = createStatement({
      subjects: [{ digest: { sha256: SUBJECT.slice(7) } }],
      predicateType: 'https://cyclonedx.org/bom',
      predicateJson: Buffer.from('{}'),
    });
    const bytes = bytesOf(signKeyless(world, { payload }));
    const common = {
      keys: [],
      identities: [wanted],
      trust: [{ root }],
      subject: SUBJECT,
      requireTransparencyLog: true,
    };
    const asSignature = await evaluateSignatures([{ bytes }], { ...common, kind: 'signature' });
    assert.deepEqual([asSignature.satisfied, asSignature.rejected[0]?.code], [false, 'PREDICATE_TYPE']);
    const provenance = resolvePredicateType('slsaprovenance1');
    const asProvenance = await evaluateSignatures([{ bytes }], {
      ...common,
      kind: 'attestation',
      predicateType: provenance,
    });
    assert.equal(asProvenance.rejected[0]?.code, 'PREDICATE_TYPE');
    const file = await checkArtifact(bytes, { ...common, file: { digest: SUBJECT }, predicateType: provenance });
    assertRejected(file, 'PREDICATE_TYPE');
  });
});

describe('pitfall 5: unanchored expressions', () => {
  it('an expression must meet the whole identity, in linear time', async () => {
    const bundle = signKeyless(world);
    const partial = await identity({ identity: { regexp: 'https://github.com/acme' } });
    assertRejected(await check(bundle, { identities: [partial] }), 'IDENTITY_MISMATCH');
    const alternatives = await identity({ identity: { regexp: 'https://github.com/a|.*release' } });
    assertRejected(await check(bundle, { identities: [alternatives] }), 'IDENTITY_MISMATCH');
    const whole = await identity({ identity: { regexp: 'https://github\\.com/acme/app/.*@refs/tags/v[0-9]+' } });
    acceptedSigner(await check(bundle, { identities: [whole] }));
    const evil = await identity({ identity: { regexp: '(?:h*)*(?:h*)*(?:h*)*x' } });
    const long = signKeyless(world, { names: extension.uri('h'.repeat(8000)) });
    assertRejected(await check(long, { identities: [evil] }), 'IDENTITY_MISMATCH');
  });

  it('CVE-2026-22772: an expression must meet the whole issuer, host and all', async () => {
    const issuers = (regexp: string): Promise<TrustedIdentity> => identity({ issuer: { regexp } });
    const bundle = signKeyless(world);
    acceptedSigner(await check(bundle, { identities: [await issuers('https://token\\.actions\\.[a-z]+\\.com')] }));
    for (const partial of ['https://token', 'token\\.actions\\.githubusercontent\\.com', 'https://[a-z]+|.*x'])
      assertRejected(await check(bundle, { identities: [await issuers(partial)] }), 'IDENTITY_MISMATCH', /issuer/);
    const evil = 'https://evil.test/https://login.example.com';
    const elsewhere = signKeyless(world, { certificate: { extensions: issuedBy(evil) } });
    const wanted = await issuers('https://[a-z]+\\.example\\.com');
    assertRejected(await check(elsewhere, { identities: [wanted] }), 'IDENTITY_MISMATCH', /issuer/);
  });

  it('an exact identity is text: no pattern, no other case, no prefix', async () => {
    for (const other of [SAN.replace('.', '?'), SAN.toUpperCase(), SAN.slice(0, -1), `${SAN} `, '.*']) {
      assertRejected(
        await check(signKeyless(world), { identities: [await identity({ identity: other })] }),
        'IDENTITY_MISMATCH',
      );
    }
  });
});

describe('pitfall 6: the empty policy', () => {
  it('nobody is trusted unless named', async () => {
    await assert.rejects(check(signKeyless(world), { identities: [] }), { code: 'VERIFICATION_NO_KEYS', exitCode: 2 });
    await assert.rejects(check(signKeyless(world), { trust: [] }), { code: 'VERIFICATION_NO_TRUST_ROOT', exitCode: 2 });
    const empty = { code: 'VERIFICATION_IDENTITY', exitCode: 2 };
    await assert.rejects(compileIdentity({ issuer: ISSUER }), empty);
    await assert.rejects(compileIdentity({ issuer: ISSUER, identity: '' }), empty);
    await assert.rejects(compileIdentity({ issuer: ISSUER, identity: { regexp: '.*' } }), empty);
    await assert.rejects(compileIdentity({ issuer: ISSUER, extensions: {} }), empty);
    await assert.rejects(compileIdentity({ issuer: ISSUER, identity: { regexp: '(' } }), empty);
    await assert.rejects(compileIdentity({ identity: SAN } as never), empty);
    await assert.rejects(compileIdentity({ issuer: ISSUER, extensions: { sourceRepo: 'x' } as never }), empty);
  });
});

describe('pitfall 26: tricks with JSON', () => {
  it('refuses duplicate keys, __proto__, lax base64 and numbers that are none', async () => {
    const text = Buffer.from(bytesOf(signKeyless(world))).toString();
    const tricks: readonly [string, string][] = [
      [text.replace('{', '{"mediaType":"x",'), 'BUNDLE_MALFORMED'],
      [text.replace('{', '{"__proto__":{},'), 'BUNDLE_MALFORMED'],
      [text.replace(/"payload":"[^"]{4}/, (found) => `${found}\\n`), 'BUNDLE_MALFORMED'],
      [text.replace('"logIndex":"1000005"', '"logIndex":"0x10"'), 'LOG_MALFORMED'],
      [text.replace('"logIndex":"1000005"', '"logIndex":1e30'), 'LOG_MALFORMED'],
      [text.replace('"logIndex":"1000005"', '"logIndex":"1000006"'), 'LOG_INVALID'],
      [text.replace(/"keyId":"./, (found) => `${found} `), 'LOG_MALFORMED'],
      [text.replace('v0.3+json', 'v9.9+json'), 'BUNDLE_VERSION'],
      [text.replace('v0.3+json', 'v0.3+json; x=y'), 'BUNDLE_VERSION'],
    ];
    for (const [trick, code] of tricks) {
      assert.notEqual(trick, text);
      assertRejected(await check(Buffer.from(trick)), code);
    }
  });

  it('refuses a log body with duplicate keys, of another kind than it says, or of a kind not read', async () => {
    const good = signKeyless(world);
    const body = bodyOf(good);
    const bodies: readonly [string, string][] = [
      [body.replace('{', '{"kind":"dsse",'), 'LOG_MALFORMED'],
      [body.replace('"kind":"dsse"', '"kind":"rekord"'), 'LOG_MALFORMED'],
      [body.replace('0.0.1', '0.0.9'), 'LOG_MALFORMED'],
      ['null', 'LOG_MALFORMED'],
      ['{', 'LOG_MALFORMED'],
    ];
    for (const [text, code] of bodies) {
      const bundle = changed(good, (json) => {
        for (const entry of json.verificationMaterial.tlogEntries)
          entry['canonicalizedBody'] = Buffer.from(text).toString('base64');
      });
      assertRejected(await check(bundle), code);
    }
    const kind = changed(good, (json) => {
      for (const entry of json.verificationMaterial.tlogEntries)
        entry['kindVersion'] = { kind: 'intoto', version: '0.0.2' };
    });
    assertRejected(await check(kind), 'LOG_MISMATCH');
  });
});

/** What a certificate says whose identity this issuer vouches for. */
function issuedBy(issuer: string): readonly Extension[] {
  const usual = [extension.usage(0x80), extension.purposes([CODE_SIGNING]), extension.uri(SAN)];
  return [...usual, extension.fulcio(1, issuer), extension.fulcio(8, issuer)];
}
