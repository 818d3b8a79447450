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
 * The second half of one pass: hashes the tar and reads it, records entries, keeps what the plan wants. Synchronous. What is wrong inside the tar is held
 * back until the digests are known: nothing that was parsed is believed, not even an error, before.
 */
export class LayerPass {
  readonly #job: LayerJob;
  readonly #digester: Digester;
  readonly #collector: EntryCollector;
  readonly #reader: TarReader;
  #failure: unknown;
  #bytes = 0;

  constructor(job: LayerJob, matcher: CaptureMatcher, limits: LayerLimits) {
    this.#job = job;
    this.#digester = createDigester(digestAlgorithm(job.diffId));
    this.#collector = new EntryCollector(layerLabel(job), job.secondLook, {
      matcher,
      limits,
      storedBytes: job.sizeBytes,
    });
    // runtimes ignore global headers, so what they say is not so
    this.#reader = new TarReader(this.#collector, { globalPax: 'ignore', maxEntries: limits.layerEntries });
  }

  /** Takes the next uncompressed bytes. */
  write(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#digester.update(chunk);
    if (this.#failure !== undefined) return;
    try {
      this.#reader.write(chunk);
    } catch (error) {
      this.#failure = error;
    }
  }

  /**
   * The verdict and the records. Call after the stored bytes were found to have the layer's digest.
   * @throws AppError LAYER_DIFF_ID_MISMATCH, then for whatever was wrong inside
   */
  finish(): LayerResult {
    this.#checkDiffId();
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
    return { ...this.#collector.finish(), unpackedBytes: this.#bytes };
  }

  #checkDiffId(): void {
    const diffId = this.#digester.digest();
    if (diffId === this.#job.diffId) return;
    throw layerError(
      'LAYER_DIFF_ID_MISMATCH',
      `${layerLabel(this.#job)} unpacks to ${diffId}, but the config says ${this.#job.diffId}`,
    );
  }

  #translate(error: unknown): unknown {
    if (!(error instanceof AppError) || error.code.startsWith('LAYER_')) return error;
    const code = TAR_CODES[error.code] ?? 'LAYER_MALFORMED';
    return layerError(code, `${layerLabel(this.#job)}: ${error.message}`, { cause: error });
  }
}
