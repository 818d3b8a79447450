import { createHash, hash, type Hash } from 'node:crypto';
import type { DigestAlgorithm } from '../../filesystem/index.ts';

const NO_DIGESTS: readonly never[] = [];

/** Digests of the file that streams by. A file that comes in one piece takes the cheap way, which matters for small ones. */
export class ContentHashes {
  #algorithms: readonly DigestAlgorithm[] = [];
  #running: readonly Hash[] = [];

  begin(algorithms: readonly DigestAlgorithm[]): void {
    this.#algorithms = algorithms;
    this.#running = [];
  }

  update(chunk: Uint8Array): void {
    if (this.#algorithms.length === 0) return;
    if (this.#running.length === 0) this.#running = this.#algorithms.map((algorithm) => createHash(algorithm));
    for (const running of this.#running) running.update(chunk);
  }

  /** @param direct the whole file when nothing was given to `update` */
  digests(direct: Uint8Array | undefined): readonly { readonly algorithm: DigestAlgorithm; readonly hex: string }[] {
    if (this.#algorithms.length === 0) return NO_DIGESTS;
    const empty = new Uint8Array();
    return this.#algorithms.map((algorithm, index) => ({
      algorithm,
      hex: this.#running[index]?.digest('hex') ?? hash(algorithm, direct ?? empty, 'hex'),
    }));
  }
}
