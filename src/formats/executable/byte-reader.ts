/** Numbers out of untrusted bytes: every read is checked and gives undefined outside of them. */
export interface ByteReader {
  readonly bytes: Buffer;
  readonly littleEndian: boolean;
  u16(offset: number): number | undefined;
  u32(offset: number): number | undefined;
  /** undefined, too, when the value is above 2^53: no file reaches that far. */
  u64(offset: number): number | undefined;
}

/** A reader over the same memory (nothing is copied). */
export function createByteReader(bytes: Uint8Array, littleEndian: boolean): ByteReader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fits = (offset: number, size: number): boolean => offset >= 0 && offset + size <= buffer.byteLength;
  const u32 = (offset: number): number | undefined => {
    if (!fits(offset, 4)) return undefined;
    return littleEndian ? buffer.readUInt32LE(offset) : buffer.readUInt32BE(offset);
  };
  return {
    bytes: buffer,
    littleEndian,
    u16(offset) {
      if (!fits(offset, 2)) return undefined;
      return littleEndian ? buffer.readUInt16LE(offset) : buffer.readUInt16BE(offset);
    },
    u32,
    u64(offset) {
      const first = u32(offset);
      const second = u32(offset + 4);
      if (first === undefined || second === undefined) return undefined;
      const value = littleEndian ? second * 2 ** 32 + first : first * 2 ** 32 + second;
      return Number.isSafeInteger(value) ? value : undefined;
    },
  };
}
