import { compareCodeUnits, type Digest } from '../core/index.ts';
import { evidenceError } from './errors.ts';

/** All blobs of one document: in base64 it stays below the longest text the runtime knows, and below what a replay reads. */
const MAX_DOCUMENT_BYTES = 320 * 1024 * 1024;

/** The blobs of one evidence document, each once. Lives as long as one collection. */
export class BlobCollector {
  readonly #blobs = new Map<Digest, Uint8Array>();

  /** Whoever adds has compared the digest; opening the evidence compares it again. */
  add(digest: Digest, bytes: Uint8Array): void {
    this.#blobs.set(digest, bytes);
  }

  /** Adds what another collector holds. */
  addAll(other: BlobCollector): void {
    for (const [digest, bytes] of other.#blobs) this.#blobs.set(digest, bytes);
  }

  /** base64 by digest, sorted. @throws AppError EVIDENCE_TOO_LARGE */
  listing(): Readonly<Record<string, string>> {
    const totalBytes = this.#blobs.values().reduce((sum, bytes) => sum + bytes.byteLength, 0);
    if (totalBytes > MAX_DOCUMENT_BYTES) {
      throw evidenceError(
        'EVIDENCE_TOO_LARGE',
        `the evidence of these images is ${totalBytes} bytes, more than the ${MAX_DOCUMENT_BYTES} allowed`,
        { hint: 'check fewer images at a time' },
      );
    }
    const sorted = [...this.#blobs].toSorted(([a], [b]) => compareCodeUnits(a, b));
    return Object.fromEntries(sorted.map(([digest, bytes]) => [digest, Buffer.from(bytes).toString('base64')]));
  }
}
