import { AppError, createDigester, digestAlgorithm, type Digester } from '../../core/index.ts';
import type { CaptureMatcher } from '../../filesystem/index.ts';
import { TarReader } from '../../formats/index.ts';
import { EntryCollector } from './entry-collector.ts';
import { layerError, type LayerErrorCode } from './errors.ts';
import { layerLabel, type LayerJob, type LayerLimits, type LayerResult } from './layer-job.ts';

const TAR_CODES: Readonly<Record<string, LayerErrorCode>> = {
  TAR_TRUNCATED: 'LAYER_TRUNCATED',
  TAR_PATH_ESCAPE: 'LAYER_PATH_ESCAPE',
  TAR_TOO_MANY_ENTRIES: 'LAYER_TOO_MANY_ENTRIES',
  FILESYSTEM_TOO_LARGE: 'LAYER_TOO_LARGE',
};

/**
 * The uncompressed half of one pass: hashes the tar, reads it, records entries, keeps what the plan wants. Synchronous. What is wrong inside the tar is held
 * back until the digests are known: nothing that was parsed is believed, not even an error, before.
 */
export class LayerPass {
  readonly #job: LayerJob;
  readonly #limits: LayerLimits;
  readonly #collector: EntryCollector;
  readonly #reader: TarReader;
  readonly #digester: Digester;
  #bytes = 0;
  #failure: unknown;

  constructor(job: LayerJob, matcher: CaptureMatcher, limits: LayerLimits) {
    this.#job = job;
    this.#limits = limits;
    this.#digester = createDigester(digestAlgorithm(job.diffId));
    this.#collector = new EntryCollector(layerLabel(job), job.secondLook, { matcher, limits });
    // runtimes ignore global headers, so what they say is not so
    this.#reader = new TarReader(this.#collector, { globalPax: 'ignore', maxEntries: limits.layerEntries });
  }

  /** Uncompressed bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes the next uncompressed bytes.
   * @throws AppError LAYER_TOO_LARGE, LAYER_EXPANSION: limits that cannot wait for the end
   */
  write(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#checkSize();
    this.#digester.update(chunk);
    if (this.#failure !== undefined) return;
    try {
      this.#reader.write(chunk);
    } catch (error) {
      this.#failure = error;
    }
  }

  #checkSize(): void {
    if (this.#bytes > this.#limits.layerBytes) {
      throw layerError(
        'LAYER_TOO_LARGE',
        `${layerLabel(this.#job)} unpacks to more than the ${this.#limits.layerBytes} bytes allowed`,
        { hint: 'raise --max-layer-bytes if the image is trusted' },
      );
    }
    const { ratioFloorBytes, expansionRatio } = this.#limits;
    if (this.#bytes > ratioFloorBytes && this.#bytes > this.#job.sizeBytes * expansionRatio) {
      throw layerError('LAYER_EXPANSION', `${layerLabel(this.#job)} expands more than ${expansionRatio} times`);
    }
  }

  /**
   * The verdict and the records. Call after the stored bytes were found to have the layer's digest.
   * @throws AppError LAYER_DIFF_ID_MISMATCH first, then whatever was wrong inside
   */
  finish(): LayerResult {
    const diffId = this.#digester.digest();
    if (diffId !== this.#job.diffId) {
      throw layerError(
        'LAYER_DIFF_ID_MISMATCH',
        `${layerLabel(this.#job)} unpacks to ${diffId}, but the config says ${this.#job.diffId}`,
      );
    }
    if (this.#failure !== undefined) throw this.#translate(this.#failure);
    try {
      const end = this.#reader.end();
      if (end.junk) {
        this.#collector.diagnose({
          code: 'data-after-end',
          severity: 'warning',
          message: `the layer ${this.#job.digest} has data after the end of its archive, which no runtime reads`,
        });
      }
    } catch (error) {
      throw this.#translate(error);
    }
    return this.#collector.finish();
  }

  #translate(error: unknown): unknown {
    if (!(error instanceof AppError) || error.code.startsWith('LAYER_')) return error;
    const code = TAR_CODES[error.code] ?? 'LAYER_MALFORMED';
    return layerError(code, `${layerLabel(this.#job)}: ${error.message}`, { cause: error });
  }
}
