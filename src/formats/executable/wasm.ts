const MAGIC = Buffer.from('\0asm', 'latin1');
const CUSTOM = 0;
/** Compilers make some dozens. */
const MAX_SECTIONS = 4096;
const MAX_NUMBER_BYTES = 5;

/**
 * The content of the first custom section of a name in a hostile WebAssembly module. Never throws.
 * @returns a view of the bytes, undefined when there is none or it is cut off
 * @see https://webassembly.github.io/spec/core/binary/modules.html#custom-section
 */
export function wasmCustomSection(bytes: Uint8Array, name: string): Buffer | undefined {
  const module = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!module.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  let at = 8;
  for (let count = 0; count < MAX_SECTIONS && at < module.length; count += 1) {
    const size = readNumber(module, at + 1);
    if (size === undefined) return undefined;
    const end = size.next + size.value;
    if (end > module.length) return undefined;
    const title = module[at] === CUSTOM ? readNumber(module, size.next) : undefined;
    if (title !== undefined && title.value === name.length) {
      const start = title.next + title.value;
      if (start <= end && module.toString('latin1', title.next, start) === name) return module.subarray(start, end);
    }
    at = end;
  }
  return undefined;
}

/** Unsigned LEB128 of at most 32 bits. */
function readNumber(bytes: Buffer, start: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let used = 0; used < MAX_NUMBER_BYTES; used += 1) {
    const byte = bytes[start + used];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * used);
    if (byte < 0x80) return { value, next: start + used + 1 };
  }
  return undefined;
}
