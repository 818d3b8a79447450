import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCertificate } from '../../src/verification/index.ts';
import { pemOf } from './support/certificates.ts';
import { newAuthority, newWorld } from './support/world.ts';

describe('parseCertificate', () => {
  it('reads what Node reads', () => {
    const { tsa, authority } = newWorld();
    for (const der of [tsa.certificate, tsa.root, authority.intermediate, authority.root]) {
      const [ours, node] = [parseCertificate(der), new X509Certificate(pemOf(der))];
      assert.equal(Buffer.from(ours.serial).toString('hex').toUpperCase(), node.serialNumber.padStart(2, '0'));
      assert.equal(ours.notBefore.getTime(), new Date(node.validFrom).getTime());
      assert.equal(ours.notAfter.getTime(), new Date(node.validTo).getTime());
      assert.deepEqual(Buffer.from(ours.spki), node.publicKey.export({ type: 'spki', format: 'der' }));
    }
  });

  it('throws an Error for whatever is no certificate, and never hangs', () => {
    const der = newAuthority().root;
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(der.length), (index, value, end) => {
        const copy = Buffer.from(der);
        copy[index] = value;
        for (const bytes of [copy, copy.subarray(0, end)]) {
          try {
            parseCertificate(bytes);
          } catch (error) {
            assert.ok(
              error instanceof Error && !(error instanceof TypeError) && !(error instanceof RangeError),
              String(error),
            );
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses indefinite and padded lengths, long tags, nested depth and trailing bytes', () => {
    const der = newAuthority().root;
    const bad = [
      Buffer.alloc(0),
      Buffer.from([0x30]),
      Buffer.from([0x30, 0x80, 0, 0]),
      Buffer.from([0x30, 0x81, 0x01, 0]),
      Buffer.from([0x30, 0x82, 0x00, 0x90]),
      Buffer.from([0x30, 0x85, 1, 1, 1, 1, 1]),
      Buffer.from([0x3f, 0x81, 0x01]),
      Buffer.concat([der, Buffer.from([0])]),
      der.subarray(0, -1),
      Buffer.alloc(60_000, Buffer.from([0x30, 0x82, 0xff, 0xff])),
    ];
    for (const bytes of bad) assert.throws(() => parseCertificate(bytes), Error);
  });
});
