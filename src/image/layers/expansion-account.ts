import type { LayerLimits } from './layer-job.ts';

/** What the layers of one image unpack to beyond what their stored bytes excuse, summed up by all threads that read some of them. */
export class ExpansionAccount {
  /** To give to other threads. */
  readonly shared: SharedArrayBuffer;
  readonly #bytes: BigInt64Array;

  constructor(shared = new SharedArrayBuffer(8)) {
    this.shared = shared;
    this.#bytes = new BigInt64Array(shared);
  }

  /** @returns the sum after it */
  add(bytes: number): number {
    return Number(Atomics.add(this.#bytes, 0, BigInt(bytes))) + bytes;
  }
}

/** Bytes of a layer that count against `expansionExcessBytes`. */
export function excessBytes(
  layer: { readonly storedBytes: number; readonly unpackedBytes: number },
  limits: Pick<LayerLimits, 'expansionRatio'>,
): number {
  return Math.max(0, layer.unpackedBytes - layer.storedBytes * limits.expansionRatio);
}
