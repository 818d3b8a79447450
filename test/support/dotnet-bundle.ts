import { deflateRawSync } from 'node:zlib';

/** One file inside a made-up bundle. */
export interface BundleFileInput {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly compressed?: boolean;
}

const SIGNATURE = '8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae';

/**
 * Puts files behind a program as .NET's bundler does.
 * @param host makes the program around the data by which it finds its bundle; must have the same length for any data of 40 bytes
 */
export function dotnetBundle(
  host: (data: Buffer) => Buffer,
  files: readonly BundleFileInput[],
  version: 1 | 2 | 6 = 6,
): Buffer {
  let offset = host(marker(0)).length;
  const bodies: Buffer[] = [];
  const entries: Buffer[] = [];
  for (const { path, content, compressed = false } of files) {
    const plain = Buffer.from(content);
    const stored = compressed ? deflateRawSync(plain) : plain;
    const numbers = [offset, plain.length, ...(version === 6 ? [compressed ? stored.length : 0] : [])];
    entries.push(Buffer.concat([...numbers.map(number), Buffer.from([0]), text(path)]));
    bodies.push(stored);
    offset += stored.length;
  }
  const header = Buffer.alloc(12);
  header.writeUInt32LE(version, 0);
  header.writeUInt32LE(files.length, 8);
  const locations = Buffer.alloc(version === 1 ? 0 : 40);
  return Buffer.concat([host(marker(offset)), ...bodies, header, text('Zx9BundleId0'), locations, ...entries]);
}

function marker(offset: number): Buffer {
  return Buffer.concat([number(offset), Buffer.from(SIGNATURE, 'hex')]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}
