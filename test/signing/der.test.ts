import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { derChildren, derInteger as integerOf, derOid as oidOf, readDer } from '../../src/keys/index.ts';
import {
  derBoolean,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
} from '../../src/signing/der/write-der.ts';
import { fulcioExtensions } from '../../src/signing/fulcio/extensions.ts';
import { parseTimestampReply } from '../../src/signing/witness/timestamp-reply.ts';

describe('DER that is written', () => {
  it('is read back', () => {
    const written = derSequence(derOctetString(Buffer.of(7)), derBoolean(true), derNull());
    const [octets, flag, nothing] = derChildren(readDer(written));
    assert.deepEqual([octets?.content[0], flag?.content[0], nothing?.content.byteLength], [7, 0xff, 0]);
    for (const oid of [
      '1.2.840.113549.1.9.16.1.4',
      '2.16.840.1.101.3.4.2.1',
      '1.3.6.1.4.1.57264.1.8',
      '2.999.3',
      '0.9.2342',
    ])
      assert.equal(oidOf(readDer(derOid(oid))), oid);
    for (const value of [0, 1, 127, 128, 255, 256, 65_535]) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      assert.equal(integerOf(readDer(derInteger(bytes))), BigInt(value));
    }
    assert.equal(Buffer.from(derInteger(Buffer.of(0x80))).toString('hex'), '02020080');
  });
});

describe('certificates and replies of services', () => {
  it('never throws on hostile bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const nested = derSequence(derSequence(bytes, bytes));
        for (const input of [bytes, nested]) {
          fulcioExtensions(input);
          parseTimestampReply(input);
        }
      }),
    );
  });

  it('CVE-2025-66564: an object identifier of absurd length is no reply', () => {
    const length = Buffer.from([0x06, 0x83, 0x0f, 0x42, 0x40]);
    const endless = Buffer.concat([length, Buffer.alloc(1_000_000, 0x01)]);
    assert.equal(parseTimestampReply(derSequence(derSequence(derInteger(Buffer.of(0))), endless)), undefined);
  });
});
