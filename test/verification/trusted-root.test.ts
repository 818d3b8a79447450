import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../src/core/index.ts';
import { parseTrustedRoot, parseTrustedRoots, thresholdsOf } from '../../src/verification/index.ts';
import { bytesOf, newWorld, rootJson, type RootJson, type World } from './support/world.ts';

let world: World;

before(() => {
  world = newWorld();
});

function withChange(change: (json: RootJson) => void): Uint8Array {
  const json = structuredClone(rootJson(world));
  change(json);
  return bytesOf(json);
}

function assertMalformed(bytes: Uint8Array, reason: RegExp): void {
  assert.throws(
    () => parseTrustedRoot(bytes),
    (error) => {
      assert.ok(isAppError(error));
      assert.deepEqual([error.code, error.exitCode], ['TRUST_ROOT_MALFORMED', 6]);
      assert.match(error.message, reason);
      return true;
    },
  );
}

describe('parseTrustedRoot', () => {
  it('reads v0.1 (both spellings) and v0.2', () => {
    const types = [
      'application/vnd.dev.sigstore.trustedroot.v0.2+json',
      'application/vnd.dev.sigstore.trustedroot.v0.1+json',
      'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    ];
    for (const mediaType of types) {
      const root = parseTrustedRoot(withChange((json) => (json.mediaType = mediaType)));
      assert.equal(root.certificateAuthorities[0]?.operator, 'one.test');
      assert.deepEqual(thresholdsOf(root), { logs: 1, timestamps: 1, scts: 1 });
    }
  });

  it('refuses other media types, by exact comparison', () => {
    for (const mediaType of [
      '',
      'application/json',
      'application/vnd.dev.sigstore.trustedroot.v0.9+json',
      'application/vnd.dev.sigstore.trustedroot.v0.2+json; x=y',
    ]) {
      assertMalformed(
        withChange((json) => (json.mediaType = mediaType)),
        /mediaType/,
      );
    }
    assertMalformed(bytesOf({ ...rootJson(world), mediaType: undefined }), /mediaType is missing/);
  });

  it('refuses what is not strict JSON, and what is too large', () => {
    const text = Buffer.from(bytesOf(rootJson(world))).toString();
    assertMalformed(Buffer.from(text.replace('{', '{"tlogs":[],')), /twice/);
    assertMalformed(Buffer.from(text.replace('{', '{"__proto__":{},')), /__proto__/);
    assertMalformed(Buffer.from(''), /not JSON/);
    assertMalformed(Buffer.from('[]'), /not an object/);
    assertMalformed(Buffer.alloc(4 * 1024 * 1024 + 1, 0x20), /4194304/);
    assertMalformed(
      withChange((json) => (json.tlogs = Array.from({ length: 129 }, () => json.tlogs[0] ?? {}))),
      /128/,
    );
  });

  it('refuses entries without a start, with an end before it, empty chains and broken keys', () => {
    const logKey = (json: RootJson): Record<string, unknown> => json.tlogs[0]?.['publicKey'] as Record<string, unknown>;
    const changes: readonly [(json: RootJson) => void, RegExp][] = [
      [(json) => (logKey(json)['validFor'] = { end: '2040-01-01T00:00:00Z' }), /start is missing/],
      [(json) => delete logKey(json)['validFor'], /validFor is missing/],
      [
        (json) => (logKey(json)['validFor'] = { start: '2040-01-01T00:00:00Z', end: '2020-01-01T00:00:00Z' }),
        /ends before/,
      ],
      [(json) => (logKey(json)['validFor'] = { start: 'yesterday' }), /not a time/],
      [(json) => (logKey(json)['rawBytes'] = 'AAAA'), /does not parse/],
      [(json) => (logKey(json)['rawBytes'] = 'not base64'), /not base64/],
      [(json) => (logKey(json)['keyDetails'] = 'PKIX_ED25519'), /is said to be ed25519/],
      [(json) => delete json.tlogs[0]?.['logId'], /no logId/],
      [
        (json) => json.certificateAuthorities.forEach((entry) => (entry['certChain'] = { certificates: [] })),
        /empty chain/,
      ],
      [(json) => json.certificateAuthorities.forEach((entry) => delete entry['certChain']), /certChain is missing/],
      [(json) => json.timestampAuthorities.forEach((entry) => delete entry['validFor']), /validFor is missing/],
      [
        (json) =>
          json.timestampAuthorities.forEach((entry) => (entry['certChain'] = { certificates: [{ rawBytes: 'AAAA' }] })),
        /does not parse/,
      ],
    ];
    for (const [change, reason] of changes) assertMalformed(withChange(change), reason);
  });

  it('leaves out keys of kinds that are not read, and says so', () => {
    const root = parseTrustedRoot(
      withChange((json) => {
        for (const log of json.tlogs) (log['publicKey'] as Record<string, unknown>)['keyDetails'] = 'ML_DSA_65';
      }),
    );
    assert.equal(root.transparencyLogs.length, 0);
    assert.deepEqual(
      root.ignored.map(({ what }) => what),
      ['tlogs[0]', 'tlogs[1]'],
    );
    assert.equal(thresholdsOf(root).logs, 0);
  });

  it('throws nothing but its own error, whatever is changed', () => {
    const bytes = bytesOf(rootJson(world));
    fc.assert(
      fc.property(fc.nat(bytes.byteLength - 1), fc.integer({ min: 0, max: 255 }), (index, value) => {
        const copy = Buffer.from(bytes);
        copy[index] = value;
        try {
          parseTrustedRoot(copy);
        } catch (error) {
          assert.ok(isAppError(error), String(error));
          assert.equal(error.code, 'TRUST_ROOT_MALFORMED');
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('parseTrustedRoots', () => {
  it('reads one root, pretty-printed or not, or several as lines', () => {
    const json = rootJson(world);
    assert.equal(parseTrustedRoots(bytesOf(json)).length, 1);
    assert.equal(parseTrustedRoots(Buffer.from(JSON.stringify(json, null, 2))).length, 1);
    const line = JSON.stringify(json);
    assert.equal(parseTrustedRoots(Buffer.from(`${line}\n${line}\r\n\n`)).length, 2);
    assert.throws(() => parseTrustedRoots(Buffer.from(`${line}\n{`)), { code: 'TRUST_ROOT_MALFORMED' });
    assert.throws(() => parseTrustedRoots(Buffer.from(`${line}\n`.repeat(33))), { code: 'TRUST_ROOT_MALFORMED' });
  });
});
