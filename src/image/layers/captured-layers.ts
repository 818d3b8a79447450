import { noCaptures } from '../../filesystem/index.ts';
import type { LayerDescriptor } from '../image.ts';
import { layerError } from './errors.ts';
import { layerLabel, type LayerResult } from './layer-job.ts';

/** Code of the diagnostic for what was not captured because together it would be too much. */
export const CAPTURES_TOO_LARGE = 'captures-too-large';

export interface CapturedLayersOptions {
  /** Captured bytes of all layers together: they are in memory together. */
  readonly totalBytes: number;
  /** Go on with what fits, and a diagnostic; else it is an error that something does not fit. */
  readonly allowsPartial: boolean;
}

interface Held {
  readonly layer: LayerDescriptor;
  readonly result: LayerResult;
}

/**
 * Results of layers, in whatever order they come, with the captured bytes of all of them within a limit. Lower layers lose theirs first, whole layers at a
 * time, as upper ones replace what lower ones hold. Which layers these are depends on what they hold, not on the order in which they were read.
 */
export class CapturedLayers {
  readonly #options: CapturedLayersOptions;
  readonly #held = new Map<string, Held>();
  #capturedBytes = 0;
  /** Index of the lowest layer that may keep what was captured. */
  #lowest = 0;

  constructor(options: CapturedLayersOptions) {
    this.#options = options;
  }

  get(layer: LayerDescriptor): LayerResult | undefined {
    return this.#held.get(identity(layer))?.result;
  }

  /** @throws AppError LAYER_CAPTURES_TOO_LARGE unless partial results are allowed */
  add(layer: LayerDescriptor, result: LayerResult): void {
    if (!this.#options.allowsPartial) refusePartial(result);
    this.#held.set(identity(layer), { layer, result });
    this.#capturedBytes += capturedBytes(result);
    if (layer.index < this.#lowest) this.#drop({ layer, result });
    while (this.#capturedBytes > this.#options.totalBytes) this.#dropLowest();
  }

  #dropLowest(): void {
    if (!this.#options.allowsPartial) {
      throw tooLarge(`package databases and manifests of all layers are more than ${this.#options.totalBytes} bytes`);
    }
    const lowest = [...this.#held.values()]
      .filter(({ result }) => capturedBytes(result) > 0)
      .reduce((a, b) => (b.layer.index < a.layer.index ? b : a));
    this.#lowest = lowest.layer.index + 1;
    this.#drop(lowest);
  }

  #drop({ layer, result }: Held): void {
    const bytes = capturedBytes(result);
    if (bytes === 0) return;
    this.#capturedBytes -= bytes;
    const { descriptor, index } = layer;
    const message = `${layerLabel({ index, digest: descriptor.digest })}: its package databases and manifests are not read, as those of the layers from it upwards are more than ${this.#options.totalBytes} bytes`;
    this.#held.set(identity(layer), {
      layer,
      result: {
        ...result,
        records: { ...result.records, captures: noCaptures(result.records.captures.rules) },
        diagnostics: [{ code: CAPTURES_TOO_LARGE, severity: 'error', message, source: 'image' }, ...result.diagnostics],
      },
    });
  }
}

/**
 * For whom a part is not enough: a decision.
 * @throws AppError LAYER_CAPTURES_TOO_LARGE when not all of the layer's files that were wanted could be captured
 */
export function refusePartial({ diagnostics }: Pick<LayerResult, 'diagnostics'>): void {
  const partial = diagnostics.find(({ code }) => code === CAPTURES_TOO_LARGE);
  if (partial) throw tooLarge(partial.message);
}

function tooLarge(message: string): Error {
  return layerError('LAYER_CAPTURES_TOO_LARGE', message);
}

function capturedBytes({ records }: LayerResult): number {
  return records.captures.bytes.length;
}

/** Layers that agree in this are the same. */
export function identity(layer: LayerDescriptor): string {
  const { digest, mediaType, sizeBytes } = layer.descriptor;
  return JSON.stringify([digest, mediaType, sizeBytes, layer.diffId]);
}
