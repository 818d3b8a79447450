import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseBundle } from '../../src/attestation/index.ts';
import { isAppError } from '../../src/core/index.ts';

type Json = Record<string, unknown>;

const PAYLOAD = Buffer.from('{}').toString('base64');
const envelope: Json = { payload: PAYLOAD, payloadType: 'application/vnd.in-toto+json', signatures: [{ sig: 'AAAA' }] };

function bundle(changes: Json = {}): Uint8Array {
  const base = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: 'a hint' } },
    dsseEnvelope: envelope,
  };
  return Buffer.from(JSON.stringify({ ...base, ...changes }));
}

const material = (changes: Json): Uint8Array => bundle({ verificationMaterial: { publicKey: {}, ...changes } });
const enveloped = (changes: Json): Uint8Array => bundle({ dsseEnvelope: { ...envelope, ...changes } });
const certificate = { rawBytes: 'AAAA' };

describe('parseBundle', () => {
  it('reads a keyed bundle', () => {
    const parsed = parseBundle(bundle());
    assert.equal(parsed.version, '0.3');
    assert.equal(parsed.keyid, '');
    assert.deepEqual(parsed.material, { kind: 'public-key', hint: 'a hint' });
    assert.equal(Buffer.from(parsed.payload).toString(), '{}');
    assert.deepEqual([parsed.logEntries, parsed.timestamps], [[], []]);
  });

  it('reads keyid, log entries, timestamps, certificates, and null as absent', () => {
    const parsed = parseBundle(
      bundle({
        messageSignature: null,
        verificationMaterial: {
          certificate,
          tlogEntries: [{ logIndex: '1' }],
          timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: 'BBBB' }] },
        },
        dsseEnvelope: { ...envelope, signatures: [{ sig: 'AAAA', keyid: 'k' }] },
      }),
    );
    assert.equal(parsed.keyid, 'k');
    assert.equal(parsed.logEntries.length, 1);
    assert.equal(parsed.timestamps.length, 1);
    assert.equal(parsed.material.kind, 'certificates');
  });

  it('knows versions by exact media type, and a floor', () => {
    const legacy = 'application/vnd.dev.sigstore.bundle+json;version=';
    assert.equal(parseBundle(bundle({ mediaType: `${legacy}0.3` })).version, '0.3');
    assert.equal(parseBundle(bundle({ mediaType: `${legacy}0.1` }), { minVersion: '0.1' }).version, '0.1');
    const refused = [`${legacy}0.2`, `${legacy}9`, 'application/vnd.dev.sigstore.bundle.v9.9+json'];
    for (const mediaType of [...refused, 'application/vnd.dev.sigstore.bundle.v0.3+json; x=y']) {
      assert.throws(() => parseBundle(bundle({ mediaType })), { code: 'BUNDLE_VERSION' }, mediaType);
    }
  });

  it('refuses over the cap before parsing', () => {
    assert.throws(() => parseBundle(Buffer.alloc(101, 0x7b), { maxBytes: 100 }), { code: 'BUNDLE_TOO_LARGE' });
  });

  const many = (item: unknown): readonly unknown[] => Array.from({ length: 33 }, () => item);
  const malformed: Readonly<Record<string, Uint8Array>> = {
    nothing: Buffer.alloc(0),
    'no object': Buffer.from('[]'),
    'no JSON': Buffer.from('{"mediaType"'),
    'no media type': bundle({ mediaType: undefined }),
    'another media type': bundle({ mediaType: 'application/json' }),
    'a media type of another kind': bundle({ mediaType: 7 }),
    'two kinds of content': bundle({ messageSignature: { signature: 'AAAA' } }),
    'a message signature': bundle({ dsseEnvelope: undefined, messageSignature: { signature: 'AAAA' } }),
    'no content': bundle({ dsseEnvelope: undefined }),
    'an unknown member': bundle({ dsse_envelope: envelope }),
    'no material': bundle({ verificationMaterial: undefined }),
    'material without key': bundle({ verificationMaterial: {} }),
    'two kinds of material': material({ certificate }),
    'an empty chain': bundle({ verificationMaterial: { x509CertificateChain: { certificates: [] } } }),
    'a certificate without bytes': bundle({ verificationMaterial: { certificate: {} } }),
    'a hint that is no string': bundle({ verificationMaterial: { publicKey: { hint: 7 } } }),
    'a huge hint': bundle({ verificationMaterial: { publicKey: { hint: 'x'.repeat(5000) } } }),
    'no signature': enveloped({ signatures: [] }),
    'two signatures': enveloped({ signatures: [{ sig: 'AAAA' }, { sig: 'AAAA' }] }),
    'an empty signature': enveloped({ signatures: [{ sig: '' }] }),
    'signatures of another kind': enveloped({ signatures: { sig: 'AAAA' } }),
    'an unknown signature member': enveloped({ signatures: [{ sig: 'AAAA', cert: 'x' }] }),
    'no payload': enveloped({ payload: '' }),
    'no payload type': enveloped({ payloadType: '' }),
    'lenient base64': enveloped({ payload: 'e30' }),
    'base64 with line feeds': enveloped({ payload: 'e3\n0=' }),
    'base64 with loose bits': enveloped({ payload: 'e31=' }),
    'URL-safe base64': enveloped({ signatures: [{ sig: '-_-_' }] }),
    'too many log entries': material({ tlogEntries: many({}) }),
    'log entries of another kind': material({ tlogEntries: ['x'] }),
    'too many timestamps': material({
      timestampVerificationData: { rfc3161Timestamps: many({ signedTimestamp: 'AAAA' }) },
    }),
    'too many certificates': bundle({
      verificationMaterial: { x509CertificateChain: { certificates: many(certificate) } },
    }),
    'a duplicate key': Buffer.from(`{"mediaType":"x",${Buffer.from(bundle()).toString().slice(1)}`),
    'a __proto__ key': Buffer.from(`{"__proto__":{},${Buffer.from(bundle()).toString().slice(1)}`),
    'deep nesting': material({ tlogEntries: [JSON.parse('[{"x":'.repeat(30) + '1' + '}]'.repeat(30)) as unknown] }),
  };
  for (const [what, bytes] of Object.entries(malformed)) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseBundle(bytes), { code: 'BUNDLE_MALFORMED', exitCode: 6 });
    });
  }

  it('throws nothing but AppError for any bytes and any near miss', () => {
    const near = fc
      .record({ verificationMaterial: fc.jsonValue(), dsseEnvelope: fc.jsonValue() }, { requiredKeys: [] })
      .map((changes) => bundle(changes as Json));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), near), (bytes) => {
        try {
          parseBundle(bytes);
        } catch (error) {
          assert.ok(isAppError(error), String(error));
        }
      }),
    );
  });
});
