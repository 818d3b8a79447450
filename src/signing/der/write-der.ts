import { DER_TAG, encodeDer } from '../../keys/index.ts';

/** DER of the few types that requests are made of. @see https://www.itu.int/rec/T-REC-X.690 */
export function derSequence(...members: readonly Uint8Array[]): Uint8Array {
  return encodeDer(DER_TAG.sequence, ...members);
}

/** A non-negative integer from big-endian bytes. */
export function derInteger(bigEndian: Uint8Array): Uint8Array {
  const start = bigEndian.findIndex((byte) => byte !== 0);
  const bytes = start === -1 ? Buffer.of(0) : bigEndian.subarray(start);
  // a set top bit would make it negative
  return encodeDer(DER_TAG.integer, ...((bytes[0] ?? 0) >= 0x80 ? [Buffer.of(0)] : []), bytes);
}

export function derOctetString(bytes: Uint8Array): Uint8Array {
  return encodeDer(DER_TAG.octetString, bytes);
}

export function derBoolean(value: boolean): Uint8Array {
  return encodeDer(DER_TAG.boolean, Buffer.of(value ? 0xff : 0x00));
}

export function derNull(): Uint8Array {
  return encodeDer(DER_TAG.null);
}

/** An object identifier from its dotted text, which must be well-formed. */
export function derOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encodeDer(DER_TAG.oid, Buffer.from([first * 40 + second, ...rest].flatMap((arc) => base128(arc))));
}

function base128(arc: number): readonly number[] {
  const bytes = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift((left % 128) | 0x80);
  return bytes;
}
