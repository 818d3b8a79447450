import { LIMITS } from '../../core/index.ts';
import { tarError } from './errors.ts';
import { isZeroBlock, longName, parseHeader, type RawHeader } from './header.ts';
import { assembleMember, emptyContext, type TarMember } from './member.ts';
import { asBuffer } from './name.ts';
import { parseNumber } from './numbers.ts';
import { parsePax } from './pax.ts';
import { readOldPairs, sparseMap, SparseMapReader, type SparseMap } from './sparse.ts';
import { TAR_BLOCK_BYTES } from './writer.ts';

/** What happens while an archive streams by. Calls are synchronous and in the archive's order. */
export interface TarHandler {
  /** A member begins. Return true to be given its content. */
  member(member: TarMember): boolean;
  /**
   * The first byte of content that is wanted, unless the member is sparse. Return false when it shows that the content is not wanted after all: then neither
   * `content` nor `contentEnd` is called.
   */
  firstByte?(byte: number): boolean;
  /** Content, holes filled with zeros. The bytes are valid during the call only. */
  content(chunk: Uint8Array): void;
  /** All content was handed over. Called only if `member` returned true. */
  contentEnd(): void;
}

export interface TarReaderOptions {
  /** Entries accepted before TAR_TOO_MANY_ENTRIES; `LIMITS.layerEntries` unless told. */
  readonly maxEntries?: number;
  /** Global pax headers are applied as POSIX says, or ignored as container runtimes do. */
  readonly globalPax: 'apply' | 'ignore';
}

/** What followed the end marker. */
export interface TarEnd {
  readonly entries: number;
  /** Bytes other than zero after the end marker: no tool reads them. */
  readonly junk: boolean;
}

const MAX_META_BYTES = 1024 * 1024;
const ZEROS_BYTES = 64 * 1024;

type State = 'header' | 'meta' | 'old-sparse' | 'map' | 'content' | 'padding' | 'done';

/**
 * A tar reader that is fed with chunks and calls a handler: v7, ustar, pax (paths, sizes, ids, times, extended attributes, GNU sparse 0.0, 0.1, 1.0), GNU
 * (long names and links, old sparse, base-256 numbers), star. Checksums are verified. Hostile input: extended headers, names, maps and
 * entry counts are capped, and nothing is kept but the current header.
 *
 * Ends as Go's reader (and so container runtimes) does: two zero blocks end the archive, also a clean end after any member.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13
 * @see https://www.gnu.org/software/tar/manual/html_node/Tar-Internals.html
 */
export class TarReader {
  readonly #handler: TarHandler;
  readonly #maxEntries: number;
  readonly #applyGlobal: boolean;
  #state: State = 'header';
  #position = 0;
  readonly #partial = Buffer.alloc(TAR_BLOCK_BYTES);
  #partialBytes = 0;
  #entries = 0;
  #zeroBlocks = 0;
  #junk = false;
  // the extended header being collected
  #meta: Uint8Array = new Uint8Array();
  #metaFilled = 0;
  #metaFlag = 0;
  /** What applies to the next member. */
  readonly #next = emptyContext();
  // the current member
  #raw: RawHeader | undefined;
  #remaining = 0;
  #padding = 0;
  #wanted = false;
  #asksFirstByte = false;
  #pairs: number[] = [];
  #mapReader: SparseMapReader | undefined;
  #sparse: SparseMap | undefined;
  #sparseIndex = 0;
  #oldRealBytes = 0;
  #sparsePosition = 0;
  #zeros: Uint8Array | undefined;

  constructor(handler: TarHandler, options: TarReaderOptions) {
    this.#handler = handler;
    this.#maxEntries = options.maxEntries ?? LIMITS.layerEntries;
    this.#applyGlobal = options.globalPax === 'apply';
  }

  /** Bytes of the archive consumed or skipped so far. */
  get position(): number {
    return this.#position;
  }

  /** How many of the next bytes have no effect, so that a reader of a file may seek over them (then call `skip`). */
  get skippableBytes(): number {
    if (this.#state === 'content' && !this.#wanted) return this.#remaining;
    return this.#state === 'padding' ? this.#padding : 0;
  }

  /** Whether the end marker was met: the rest can only be padding. */
  get finished(): boolean {
    return this.#state === 'done';
  }

  /** Passes over bytes, at most `skippableBytes`. */
  skip(bytes: number): void {
    if (bytes > this.skippableBytes) throw tarError('TAR_MALFORMED', 'skipped too far');
    this.#position += bytes;
    if (this.#state === 'content') this.#advanceContent(bytes);
    else this.#advancePadding(bytes);
  }

  /**
   * Feeds the next bytes.
   * @throws AppError TAR_MALFORMED, TAR_CHECKSUM, TAR_LIMIT, TAR_TOO_MANY_ENTRIES, TAR_PATH_ESCAPE, and what the handler throws; the reader is of no use afterwards
   */
  write(chunk: Uint8Array): void {
    // parts of a buffer are buffers: whoever is given one need not make it
    const bytes = asBuffer(chunk);
    const { length } = bytes;
    let offset = 0;
    while (offset < length) {
      const available = length - offset;
      let used: number;
      if (this.#state === 'content') {
        used = Math.min(available, this.#remaining);
        if (this.#asksFirstByte) this.#askFirstByte(bytes[offset] as number);
        if (this.#wanted)
          this.#deliver(offset === 0 && used === length ? bytes : bytes.subarray(offset, offset + used));
        this.#position += used;
        this.#advanceContent(used);
      } else if (this.#state === 'padding') {
        used = Math.min(available, this.#padding);
        this.#position += used;
        this.#advancePadding(used);
      } else if (this.#state === 'meta') {
        used = Math.min(available, this.#meta.length - this.#metaFilled);
        this.#meta.set(bytes.subarray(offset, offset + used), this.#metaFilled);
        this.#metaFilled += used;
        this.#position += used;
        if (this.#metaFilled === this.#meta.length) this.#finishMeta();
      } else if (this.#state === 'done') {
        used = available;
        this.#position += used;
        this.#junk ||= hasNonZero(bytes, offset);
      } else used = this.#collectBlock(bytes, offset);
      offset += used;
    }
  }

  /**
   * Says that no more bytes come.
   * @throws AppError TAR_TRUNCATED when the archive stops inside a member or a header
   */
  end(): TarEnd {
    const { pax, longName: name, longLink: link } = this.#next;
    const pending = pax !== undefined || name !== undefined || link !== undefined;
    const inside = this.#state !== 'header' && this.#state !== 'padding' && this.#state !== 'done';
    if (inside || pending || this.#partialBytes > 0) {
      throw tarError('TAR_TRUNCATED', `the archive ends in the middle of a member, at byte ${this.#position}`);
    }
    return { entries: this.#entries, junk: this.#junk };
  }

  #askFirstByte(byte: number): void {
    this.#asksFirstByte = false;
    this.#wanted = this.#handler.firstByte?.(byte) ?? true;
  }

  #collectBlock(chunk: Buffer, offset: number): number {
    if (this.#partialBytes === 0 && chunk.length - offset >= TAR_BLOCK_BYTES) {
      this.#position += TAR_BLOCK_BYTES;
      this.#block(chunk, offset);
      return TAR_BLOCK_BYTES;
    }
    const used = Math.min(chunk.length - offset, TAR_BLOCK_BYTES - this.#partialBytes);
    chunk.copy(this.#partial, this.#partialBytes, offset, offset + used);
    this.#partialBytes += used;
    this.#position += used;
    if (this.#partialBytes === TAR_BLOCK_BYTES) {
      this.#partialBytes = 0;
      this.#block(this.#partial, 0);
    }
    return used;
  }

  #block(chunk: Buffer, at: number): void {
    if (this.#state === 'old-sparse') this.#oldSparseBlock(blockAt(chunk, at));
    else if (this.#state === 'map') this.#mapBlock(blockAt(chunk, at));
    else if (isZeroBlock(chunk, at)) {
      this.#zeroBlocks += 1;
      if (this.#zeroBlocks === 2) this.#state = 'done';
    } else if (this.#zeroBlocks === 1) {
      throw tarError('TAR_MALFORMED', `a member follows a lone zero block at byte ${this.#position - TAR_BLOCK_BYTES}`);
    } else this.#headerBlock(chunk, at);
  }

  #headerBlock(chunk: Buffer, at: number): void {
    const raw = parseHeader(chunk, at);
    this.#entries += 1;
    if (this.#entries > this.#maxEntries)
      throw tarError('TAR_TOO_MANY_ENTRIES', `more than ${this.#maxEntries} entries`);
    switch (raw.flag) {
      // pax, pax global, Solaris pax, GNU long link, GNU long name
      case 0x78:
      case 0x67:
      case 0x58:
      case 0x4b:
      case 0x4c:
        this.#startMeta(raw);
        return;
      // volume label, GNU directory listing: their content means nothing here
      case 0x56:
      case 0x44:
        this.#clearExtensions();
        this.#startContent(raw.sizeBytes, false);
        return;
      default:
        this.#startMember(raw, chunk, at);
    }
  }

  #startMeta(raw: RawHeader): void {
    if (raw.sizeBytes > MAX_META_BYTES) {
      throw tarError(
        'TAR_LIMIT',
        `an extended header of ${raw.sizeBytes} bytes, more than the ${MAX_META_BYTES} allowed`,
      );
    }
    this.#meta = new Uint8Array(raw.sizeBytes);
    this.#metaFilled = 0;
    this.#metaFlag = raw.flag;
    this.#state = 'meta';
    if (raw.sizeBytes === 0) this.#finishMeta();
  }

  #finishMeta(): void {
    const body = this.#meta;
    if (this.#metaFlag === 0x4c) this.#next.longName = longName(body);
    else if (this.#metaFlag === 0x4b) this.#next.longLink = longName(body);
    else if (this.#metaFlag === 0x67) {
      const records = parsePax(body);
      if (this.#applyGlobal) this.#next.global = { ...this.#next.global, ...records };
    } else this.#next.pax = parsePax(body);
    this.#meta = new Uint8Array();
    this.#startPadding(body.length);
  }

  #startMember(raw: RawHeader, chunk: Buffer, at: number): void {
    this.#raw = raw;
    this.#sparse = undefined;
    const sparse = this.#next.pax?.sparse;
    if (raw.flag === 0x53) {
      const block = blockAt(chunk, at);
      this.#pairs = [];
      readOldPairs(block, 386, 4, this.#pairs);
      this.#oldRealBytes = parseNumber(block, 483, 12);
      if (block[482] !== 0) this.#state = 'old-sparse';
      else this.#openMember(0, sparseMap(this.#pairs, this.#oldRealBytes, this.#storedBytes(raw)));
    } else if (sparse?.major === 1 && sparse.minor === 0) {
      this.#mapReader = new SparseMapReader();
      this.#state = 'map';
      if (this.#storedBytes(raw) < TAR_BLOCK_BYTES) throw tarError('TAR_MALFORMED', 'a sparse file without its map');
    } else if (sparse !== undefined && sparse.map.length > 0) {
      this.#openMember(0, sparseMap(sparse.map, sparse.realBytes ?? 0, this.#storedBytes(raw)));
    } else this.#openMember(0, undefined);
  }

  #storedBytes(raw: RawHeader): number {
    return this.#next.pax?.sizeBytes ?? this.#next.global?.sizeBytes ?? raw.sizeBytes;
  }

  #oldSparseBlock(block: Uint8Array): void {
    readOldPairs(block, 0, 21, this.#pairs);
    if (block[504] !== 0) return;
    const raw = this.#raw as RawHeader;
    this.#openMember(0, sparseMap(this.#pairs, this.#oldRealBytes, this.#storedBytes(raw)));
  }

  #mapBlock(block: Uint8Array): void {
    const reader = this.#mapReader as SparseMapReader;
    const pairs = reader.add(block);
    const stored = this.#storedBytes(this.#raw as RawHeader) - reader.bytes;
    if (stored < 0) throw tarError('TAR_MALFORMED', 'a sparse map reaches beyond its member');
    if (pairs === undefined) return;
    this.#mapReader = undefined;
    this.#openMember(reader.bytes, sparseMap(pairs, this.#next.pax?.sparse?.realBytes ?? 0, stored));
  }

  #openMember(mapBytes: number, sparse: SparseMap | undefined): void {
    const raw = this.#raw as RawHeader;
    const storedBytes = this.#storedBytes(raw) - mapBytes;
    this.#next.sparse = sparse;
    this.#next.storedBytes = storedBytes;
    this.#next.contentOffset = this.#position;
    const member = assembleMember(raw, this.#next);
    this.#clearExtensions();
    this.#sparse = sparse;
    this.#sparseIndex = 0;
    this.#sparsePosition = 0;
    const wanted = this.#handler.member(member);
    this.#asksFirstByte = wanted && sparse === undefined && this.#handler.firstByte !== undefined;
    this.#startContent(member.storedBytes, wanted && member.type === 'file');
    if (wanted && member.type !== 'file') this.#handler.contentEnd();
  }

  #clearExtensions(): void {
    this.#next.pax = undefined;
    this.#next.longName = undefined;
    this.#next.longLink = undefined;
  }

  #startContent(storedBytes: number, wanted: boolean): void {
    this.#remaining = storedBytes;
    this.#padding = (TAR_BLOCK_BYTES - (storedBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
    this.#wanted = wanted;
    this.#state = 'content';
    this.#advanceContent(0);
  }

  #advanceContent(bytes: number): void {
    this.#remaining -= bytes;
    if (this.#remaining > 0) return;
    this.#asksFirstByte = false;
    if (this.#wanted) {
      if (this.#sparse) this.#fillHole(this.#sparse.realBytes);
      this.#wanted = false;
      this.#handler.contentEnd();
    }
    this.#state = 'padding';
    this.#advancePadding(0);
  }

  #startPadding(contentBytes: number): void {
    this.#padding = (TAR_BLOCK_BYTES - (contentBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
    this.#state = 'padding';
    this.#advancePadding(0);
  }

  #advancePadding(bytes: number): void {
    this.#padding -= bytes;
    if (this.#padding <= 0) this.#state = 'header';
  }

  #deliver(chunk: Uint8Array): void {
    const sparse = this.#sparse;
    if (!sparse) {
      this.#handler.content(chunk);
      return;
    }
    let offset = 0;
    while (offset < chunk.length) {
      const start = sparse.pairs[this.#sparseIndex] ?? 0;
      const end = start + (sparse.pairs[this.#sparseIndex + 1] ?? 0);
      if (this.#sparsePosition < start) this.#fillHole(start);
      const used = Math.min(chunk.length - offset, end - this.#sparsePosition);
      if (used > 0) this.#handler.content(chunk.subarray(offset, offset + used));
      this.#sparsePosition += used;
      offset += used;
      if (this.#sparsePosition >= end) this.#sparseIndex += 2;
    }
  }

  #fillHole(end: number): void {
    this.#zeros ??= new Uint8Array(ZEROS_BYTES);
    while (this.#sparsePosition < end) {
      const used = Math.min(ZEROS_BYTES, end - this.#sparsePosition);
      this.#handler.content(this.#zeros.subarray(0, used));
      this.#sparsePosition += used;
    }
  }
}

function blockAt(chunk: Buffer, at: number): Buffer {
  return chunk.subarray(at, at + TAR_BLOCK_BYTES);
}

function hasNonZero(chunk: Uint8Array, offset: number): boolean {
  for (let index = offset; index < chunk.length; index += 1) if (chunk[index] !== 0) return true;
  return false;
}
