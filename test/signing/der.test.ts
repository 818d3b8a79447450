import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { derChildren, derOidText, derSmallInteger, readDer } from '../../src/signing/der/read-der.ts';
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

describe('DER', () => {
  it('reads back what it writes, at every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000, size: 'max' }), (bytes) => {
        const [octets, flag, nothing] =
          derChildren(readDer(derSequence(derOctetString(bytes), derBoolean(true), derNull()))) ?? [];
        assert.equal(Buffer.compare(octets?.content ?? Buffer.alloc(0), bytes), 0);
        assert.deepEqual([flag?.content[0], nothing?.content.byteLength], [0xff, 0]);
      }),
      { numRuns: 50 },
    );
  });

  it('reads back object identifiers and integers', () => {
    for (const oid of [
      '1.2.840.113549.1.9.16.1.4',
      '2.16.840.1.101.3.4.2.1',
      '1.3.6.1.4.1.57264.1.8',
      '2.999.3',
      '0.9.2342',
    ])
      assert.equal(derOidText(readDer(derOid(oid))), oid);
    for (const value of [0, 1, 127, 128, 255, 256, 65_535]) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      assert.equal(derSmallInteger(readDer(derInteger(bytes))), value);
    }
    assert.equal(Buffer.from(derInteger(Buffer.of(0x80))).toString('hex'), '02020080');
  });

  it('refuses what is cut, has more after it, no definite length, or a length beyond its end', () => {
    for (const hex of [
      '',
      '30',
      '3001',
      '30800000',
      '3084ffffffff',
      '3085010000000000',
      '300000',
      '1f0100',
      '3003020500',
    ])
      assert.equal(derChildren(readDer(Buffer.from(hex, 'hex'))), undefined, hex);
    assert.equal(derOidText(readDer(Buffer.from('060180', 'hex'))), undefined);
    assert.equal(derOidText(readDer(Buffer.from('0600', 'hex'))), undefined);
  });

  it('never throws on hostile bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const nested = derSequence(derSequence(bytes, bytes));
        for (const input of [bytes, nested]) {
          fulcioExtensions(input);
          parseTimestampReply(input);
          derOidText(readDer(input));
        }
      }),
    );
  });

  it('CVE-2025-66564: reads no object identifier of absurd length', () => {
    const length = Buffer.from([0x06, 0x83, 0x0f, 0x42, 0x40]);
    const endless = Buffer.concat([length, Buffer.alloc(1_000_000, 0x01)]);
    assert.equal(derOidText(readDer(endless)), undefined);
    const oneArc = Buffer.concat([Buffer.from([0x06, 60]), Buffer.alloc(59, 0xff), Buffer.of(0x01)]);
    assert.equal(derOidText(readDer(oneArc)), undefined);
    assert.equal(parseTimestampReply(derSequence(derSequence(derInteger(Buffer.of(0))), endless)), undefined);
  });

  it('is quick on very many members', () => {
    const many = derSequence(...Array.from({ length: 2000 }, () => derNull()));
    assert.equal(derChildren(readDer(many)), undefined);
  });
});
