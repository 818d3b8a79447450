const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const DESCRIPTOR = Buffer.from('PK\x07\x08', 'latin1');
const DESCRIPTOR_BYTES = 16;
const HAS_DESCRIPTOR_FLAG = 0x8;
const MAX_NAME_BYTES = 4096;

/** What an archive's reader may need of it: told in order, each part once. The memory is valid during the call only. */
export type KeepBytes = (bytes: Buffer, offset: number) => void;

/**
 * Goes through a zip archive while it streams by, entry by entry as their local headers come, and hands on what may be needed later: entries whose name is
 * wanted, and all from where no more entry begins (the central directory). Only the central directory says what really is an entry, so
 * whoever reads the rest must check that nothing else was needed. Where the headers make no sense, all that follows is handed on. What is handed on
 * does not depend on how the bytes are cut. Hostile bytes; never throws, linear time.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT section 4.3
 */
export class ZipWalk {
  readonly #wants: (name: string) => boolean;
  readonly #keep: KeepBytes;
  /** Bytes that could not be judged without those that follow, and where they begin. */
  #carry: Buffer = Buffer.alloc(0);
  #offset = 0;
  #state: 'header' | 'content' | 'search' | 'rest' = 'header';
  #isWanted = false;
  #contentStart = 0;
  #contentEnd = 0;

  constructor(wants: (name: string) => boolean, keep: KeepBytes) {
    this.#wants = wants;
    this.#keep = keep;
  }

  add(chunk: Buffer): void {
    const data = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    let at = 0;
    for (let next = this.#step(data, at); next !== undefined; next = this.#step(data, at)) at = next;
    // the end of the data is reached, or what is left cannot be judged yet
    if (this.#state === 'content' || this.#state === 'rest') at = data.length;
    else if (this.#state === 'search') at = this.#searched(data, at);
    this.#carry = Buffer.from(data.subarray(at));
    this.#offset += at;
  }

  /** No more bytes come. */
  end(): void {
    this.#keep(this.#carry, this.#offset);
    this.#carry = Buffer.alloc(0);
  }

  /** @returns where to go on in the data; undefined when more is needed */
  #step(data: Buffer, at: number): number | undefined {
    if (at >= data.length) return undefined;
    if (this.#state === 'header') return this.#header(data, at);
    if (this.#state === 'search') return this.#search(data, at);
    const end = this.#state === 'rest' ? data.length : Math.min(data.length, this.#contentEnd - this.#offset);
    if (this.#isWanted || this.#state === 'rest') this.#keep(data.subarray(at, end), this.#offset + at);
    if (this.#state === 'rest' || this.#offset + end < this.#contentEnd) return undefined;
    this.#state = 'header';
    return end;
  }

  #header(data: Buffer, at: number): number | undefined {
    if (data.length - at < 4) return undefined;
    if (data.readUInt32LE(at) !== LOCAL) return this.#keepRest(at);
    if (data.length - at < LOCAL_BYTES) return undefined;
    const nameBytes = data.readUInt16LE(at + 26);
    const end = at + LOCAL_BYTES + nameBytes + data.readUInt16LE(at + 28);
    if (data.length < end) return undefined;
    const compressedBytes = data.readUInt32LE(at + 18);
    // larger ones are said elsewhere
    if (compressedBytes === 0xffffffff) return this.#keepRest(at);
    const name = data.toString('utf8', at + LOCAL_BYTES, at + LOCAL_BYTES + Math.min(nameBytes, MAX_NAME_BYTES));
    this.#isWanted = this.#wants(name);
    if (this.#isWanted) this.#keep(data.subarray(at, end), this.#offset + at);
    this.#contentStart = this.#offset + end;
    this.#contentEnd = this.#contentStart + compressedBytes;
    this.#state = (data.readUInt16LE(at + 6) & HAS_DESCRIPTOR_FLAG) === 0 ? 'content' : 'search';
    if (this.#state === 'content' && compressedBytes === 0) this.#state = 'header';
    return end;
  }

  #keepRest(at: number): number {
    this.#state = 'rest';
    return at;
  }

  /** The size comes after the content, in a record that has to agree with where it lies. */
  #search(data: Buffer, from: number): number | undefined {
    for (let found = data.indexOf(DESCRIPTOR, from); found !== -1; found = data.indexOf(DESCRIPTOR, found + 1)) {
      if (found + DESCRIPTOR_BYTES > data.length) return undefined;
      if (data.readUInt32LE(found + 8) !== this.#offset + found - this.#contentStart) continue;
      const end = found + DESCRIPTOR_BYTES;
      if (this.#isWanted) this.#keep(data.subarray(from, end), this.#offset + from);
      this.#state = 'header';
      return end;
    }
    return undefined;
  }

  /** Where to search on when there are more bytes. */
  #searched(data: Buffer, from: number): number {
    const rest = Math.max(from, data.length - (DESCRIPTOR_BYTES - 1));
    const found = data.indexOf(DESCRIPTOR.subarray(0, 1), rest);
    const end = found === -1 ? data.length : found;
    if (this.#isWanted) this.#keep(data.subarray(from, end), this.#offset + from);
    return end;
  }
}
