import { compareCodeUnits, type Digest } from '../core/index.ts';

/** The blobs of one evidence document, each once. Lives as long as one collection. */
export class BlobCollector {
  readonly #blobs = new Map<Digest, Uint8Array>();

  /** Whoever adds has compared the digest; opening the evidence compares it again. */
  add(digest: Digest, bytes: Uint8Array): void {
    this.#blobs.set(digest, bytes);
  }

  /** base64 by digest, sorted. */
  listing(): Readonly<Record<string, string>> {
    const sorted = [...this.#blobs].toSorted(([a], [b]) => compareCodeUnits(a, b));
    return Object.fromEntries(sorted.map(([digest, bytes]) => [digest, Buffer.from(bytes).toString('base64')]));
  }
}
