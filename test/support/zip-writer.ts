import { crc32, deflateRawSync } from 'node:zlib';

/** Content of an entry, or how to write it in an unusual way. */
export type ZipInput = string | Uint8Array | ZipInputDetails;

export interface ZipInputDetails {
  readonly content: string | Uint8Array;
  readonly stored?: boolean;
  /** What the central directory says instead of the truth. */
  readonly claims?: {
    readonly sizeBytes?: number;
    readonly compressedBytes?: number;
    readonly offset?: number;
    readonly crc32?: number;
  };
  readonly method?: number;
  readonly flags?: number;
  /** Sizes behind the content, as streaming writers do. */
  readonly descriptor?: boolean;
}

export interface ZipOptions {
  readonly comment?: string;
  readonly prefix?: string;
  /** Offsets count from the prefix, as those of a launch script put in front do. True unless told. */
  readonly prefixUncounted?: boolean;
  readonly zip64?: boolean;
}

/** A zip archive made of an object literal, or of pairs when a name comes twice. */
export function zipArchive(
  input: Readonly<Record<string, ZipInput>> | readonly (readonly [string, ZipInput])[],
  options: ZipOptions = {},
): Buffer {
  const pairs = Array.isArray(input) ? (input as readonly (readonly [string, ZipInput])[]) : Object.entries(input);
  const prefix = Buffer.from(options.prefix ?? '');
  const base = options.prefixUncounted === false ? prefix.length : 0;
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = base;
  for (const [name, value] of pairs) {
    const details = typeof value === 'string' || value instanceof Uint8Array ? { content: value } : value;
    const { local, central } = writeEntry(name, details, { offset, zip64: options.zip64 === true });
    parts.push(local);
    directory.push(central);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = writeEnd({ count: pairs.length, sizeBytes: central.length, offset, options });
  return Buffer.concat([prefix, ...parts, central, end]);
}

function writeEntry(
  name: string,
  details: ZipInputDetails,
  at: { readonly offset: number; readonly zip64: boolean },
): { readonly local: Buffer; readonly central: Buffer } {
  const content = Buffer.from(details.content as string);
  const method = details.method ?? (details.stored === true ? 0 : 8);
  const data = method === 8 ? deflateRawSync(content) : content;
  const nameBytes = Buffer.from(name);
  const { claims = {} } = details;
  const flags = (details.flags ?? 0) | 0x800 | (details.descriptor === true ? 8 : 0);
  const checksum = claims.crc32 ?? crc32(content);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(flags, 6);
  local.writeUInt16LE(method, 8);
  if (details.descriptor !== true) {
    local.writeUInt32LE(checksum, 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(content.length, 22);
  }
  local.writeUInt16LE(nameBytes.length, 26);
  const descriptor = Buffer.alloc(details.descriptor === true ? 16 : 0);
  if (details.descriptor === true) {
    descriptor.write('PK\x07\x08', 'latin1');
    descriptor.writeUInt32LE(checksum, 4);
    descriptor.writeUInt32LE(data.length, 8);
    descriptor.writeUInt32LE(content.length, 12);
  }
  const sizes = [claims.sizeBytes ?? content.length, claims.compressedBytes ?? data.length, claims.offset ?? at.offset];
  const extra = at.zip64 ? Buffer.alloc(28) : Buffer.alloc(0);
  if (at.zip64) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    for (const [index, size] of sizes.entries()) extra.writeBigUInt64LE(BigInt(size), 4 + 8 * index);
  }
  const [sizeBytes, compressedBytes, offset] = at.zip64 ? [0xffffffff, 0xffffffff, 0xffffffff] : sizes;
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(flags, 8);
  central.writeUInt16LE(method, 10);
  central.writeUInt32LE(checksum, 16);
  central.writeUInt32LE(compressedBytes!, 20);
  central.writeUInt32LE(sizeBytes!, 24);
  central.writeUInt16LE(nameBytes.length, 28);
  central.writeUInt16LE(extra.length, 30);
  central.writeUInt32LE(offset!, 42);
  return {
    local: Buffer.concat([local, nameBytes, data, descriptor]),
    central: Buffer.concat([central, nameBytes, extra]),
  };
}

function writeEnd(of: {
  readonly count: number;
  readonly sizeBytes: number;
  readonly offset: number;
  readonly options: ZipOptions;
}): Buffer {
  const { count, sizeBytes, offset, options } = of;
  const comment = Buffer.from(options.comment ?? '');
  const isLarge = options.zip64 === true || count > 0xffff;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(isLarge ? 0xffff : count, 8);
  end.writeUInt16LE(isLarge ? 0xffff : count, 10);
  end.writeUInt32LE(isLarge ? 0xffffffff : sizeBytes, 12);
  end.writeUInt32LE(isLarge ? 0xffffffff : offset, 16);
  end.writeUInt16LE(comment.length, 20);
  if (!isLarge) return Buffer.concat([end, comment]);
  const large = Buffer.alloc(76);
  large.writeUInt32LE(0x06064b50, 0);
  large.writeBigUInt64LE(44n, 4);
  large.writeBigUInt64LE(BigInt(count), 24);
  large.writeBigUInt64LE(BigInt(count), 32);
  large.writeBigUInt64LE(BigInt(sizeBytes), 40);
  large.writeBigUInt64LE(BigInt(offset), 48);
  large.writeUInt32LE(0x07064b50, 56);
  large.writeBigUInt64LE(BigInt(offset + sizeBytes), 64);
  large.writeUInt32LE(1, 72);
  return Buffer.concat([large, end, comment]);
}
