import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  DER_TAG,
  derBitStringBytes,
  derBits,
  derBoolean,
  derChild,
  derChildren,
  DerError,
  derInteger,
  derOid,
  derTime,
  encodeDer,
  readDer,
  tryDer,
} from '../../src/keys/index.ts';

const read = (hex: string): ReturnType<typeof readDer> => readDer(Buffer.from(hex, 'hex'));
const refused = (act: () => unknown): void => assert.throws(act, DerError);

describe('DER', () => {
  it('reads back what it writes, at every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000, size: 'max' }), (bytes) => {
        const der = encodeDer(DER_TAG.sequence, encodeDer(DER_TAG.octetString, bytes), encodeDer(DER_TAG.null));
        const [octets, nothing] = derChildren(readDer(der, DER_TAG.sequence));
        assert.equal(Buffer.compare(octets?.content ?? Buffer.alloc(0), bytes), 0);
        assert.equal(nothing?.content.byteLength, 0);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses what is cut, has more after it, no definite or a padded length, or one beyond its end', () => {
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
      '0000',
      '308100',
      '308200020500',
    ])
      refused(() => derChildren(read(hex)));
    // primitive
    refused(() => derChildren(read('04020500')));
    refused(() => readDer(Buffer.from('0500', 'hex'), DER_TAG.sequence));
    refused(() => derChild([], 0));
  });

  it('is quick on very many members', () => {
    const many = encodeDer(DER_TAG.sequence, Buffer.alloc(4000, '0500', 'hex'));
    refused(() => derChildren(readDer(many)));
  });

  it('integers, booleans and bit strings: the forms of DER only', () => {
    assert.deepEqual(
      ['020100', '02017f', '0201ff', '02020080'].map((hex) => derInteger(read(hex))),
      [0n, 127n, -1n, 128n],
    );
    refused(() => derInteger(read('0200')));
    refused(() => derInteger(encoded(DER_TAG.integer, Buffer.alloc(65, 1))));
    assert.deepEqual([derBoolean(read('0101ff')), derBoolean(read('010100'))], [true, false]);
    for (const hex of ['010101', '0100', '01020000']) refused(() => derBoolean(read(hex)));
    assert.deepEqual(derBits(read('03020520')), [false, false, true]);
    for (const hex of ['0300', '03020820', '030105', '03020520']) refused(() => derBitStringBytes(read(hex)));
  });

  it('CVE-2025-66564: reads no object identifier of absurd length', () => {
    assert.equal(derOid(read('0603883703')), '2.999.3');
    assert.equal(derOid(read('06052b06010401')), '1.3.6.1.4.1');
    refused(() => derOid(encoded(DER_TAG.oid, Buffer.alloc(1_000_000, 1))));
    // one arc of 420 bits
    refused(() => derOid(encoded(DER_TAG.oid, Buffer.concat([Buffer.alloc(59, 0xff), Buffer.of(1)]))));
    for (const hex of ['0600', '060180', '06028001']) refused(() => derOid(read(hex)));
  });

  it('times: in Zulu, of the calendar, without padded fractions', () => {
    const time = (text: string): string => derTime(encoded(DER_TAG.generalizedTime, Buffer.from(text))).toISOString();
    assert.equal(time('20240229120000.25Z'), '2024-02-29T12:00:00.250Z');
    for (const text of [
      '20240229120000',
      '20230229120000Z',
      '20240229120000.20Z',
      '20240229120000+0100',
      '240229120000Z',
    ])
      refused(() => time(text));
  });

  it('tryDer gives undefined for broken bytes, and lets other errors through', () => {
    assert.equal(
      tryDer(() => read('30')),
      undefined,
    );
    assert.equal(tryDer(() => read('0500'))?.tag, DER_TAG.null);
    const bug = (): never => {
      throw new TypeError('a bug');
    };
    assert.throws(() => tryDer(bug), TypeError);
  });
});

function encoded(tag: number, content: Uint8Array): ReturnType<typeof readDer> {
  return readDer(encodeDer(tag, content));
}
