/** DER of the few types that requests are made of. @see https://www.itu.int/rec/T-REC-X.690 */
const TAG = { boolean: 0x01, integer: 0x02, octetString: 0x04, null: 0x05, oid: 0x06, sequence: 0x30 } as const;

export function derSequence(...members: readonly Uint8Array[]): Uint8Array {
  return element(TAG.sequence, Buffer.concat(members));
}

/** A non-negative integer from big-endian bytes. */
export function derInteger(bigEndian: Uint8Array): Uint8Array {
  const start = bigEndian.findIndex((byte) => byte !== 0);
  const bytes = start === -1 ? Buffer.of(0) : bigEndian.subarray(start);
  // a set top bit would make it negative
  return element(TAG.integer, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

export function derOctetString(bytes: Uint8Array): Uint8Array {
  return element(TAG.octetString, bytes);
}

export function derBoolean(value: boolean): Uint8Array {
  return element(TAG.boolean, Buffer.of(value ? 0xff : 0x00));
}

export function derNull(): Uint8Array {
  return element(TAG.null, new Uint8Array());
}

/** An object identifier from its dotted text, which must be well-formed. */
export function derOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(TAG.oid, Buffer.from([first * 40 + second, ...rest].flatMap((arc) => base128(arc))));
}

function base128(arc: number): readonly number[] {
  const bytes = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift((left % 128) | 0x80);
  return bytes;
}

function element(tag: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(tag), lengthOf(content.byteLength), content]);
}

function lengthOf(sizeBytes: number): Uint8Array {
  if (sizeBytes < 0x80) return Buffer.of(sizeBytes);
  const bytes: number[] = [];
  for (let left = sizeBytes; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}
