import { availableParallelism } from 'node:os';
import { LIMITS, throwIfAborted, type ProgressListener } from '../../core/index.ts';
import type { CapturePlan, LayerStack } from '../../filesystem/index.ts';
import type { Image, LayerDescriptor } from '../image.ts';
import type { ImageStore } from '../types.ts';
import { layerError } from './errors.ts';
import {
  DEFAULT_LAYER_LIMITS,
  needsSecondLook,
  NO_SECOND_LOOK,
  type LayerJob,
  type LayerLimits,
  type LayerResult,
  type SecondLook,
} from './layer-job.ts';
import { LayerLane } from './layer-lane.ts';

export interface ReadLayersOptions {
  readonly image: Image;
  /** Where the image came from. */
  readonly store: ImageStore;
  /** What to keep besides the records. */
  readonly plan: CapturePlan;
  readonly limits?: Partial<LayerLimits>;
  /** Layers read at a time; the number of cores unless told. */
  readonly concurrency?: number;
  /** The user's cache directory, or undefined for no cache. */
  readonly cacheDir?: string | undefined;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

const PROGRESS_INTERVAL_MS = 100;
/** Below this size a second thread costs more than it brings. */
const TWO_THREADS_BYTES = 8 * 1024 * 1024;

/**
 * Reads all layers of an image in one pass each, in worker threads. Every byte is verified before anything parsed from it is returned: sizes, digests
 * and diffIDs. Hostile input: sizes, expansion, entry counts, names and captured bytes are capped.
 * @returns records and captured bytes per layer, bottom first; give it to `squash`
 * @throws AppError LAYER_*, TOO_MANY_LAYERS, INTERRUPTED, and what the store throws
 */
export async function readLayers(options: ReadLayersOptions): Promise<LayerStack> {
  const { image, signal } = options;
  throwIfAborted(signal);
  if (image.layers.length > LIMITS.layers) {
    throw layerError('TOO_MANY_LAYERS', `${image.layers.length} layers are more than the ${LIMITS.layers} allowed`);
  }
  const results = await readAll(options);
  return {
    layers: results.map((result) => result.records),
    firstLayer: 0,
    diagnostics: results.flatMap((result) => result.diagnostics),
  };
}

async function readAll(options: ReadLayersOptions): Promise<LayerResult[]> {
  const { image, signal } = options;
  const results: LayerResult[] = Array.from({ length: image.layers.length });
  // largest first: the last one to finish is then a small one
  const queue = image.layers.toSorted((a, b) => b.descriptor.sizeBytes - a.descriptor.sizeBytes || a.index - b.index);
  const lanes = Math.min(options.concurrency ?? availableParallelism(), queue.length);
  const limits: LayerLimits = { ...DEFAULT_LAYER_LIMITS, ...options.limits };
  const twoThreads = queue.some((layer) => layer.descriptor.sizeBytes >= TWO_THREADS_BYTES);
  const workers = Array.from({ length: lanes }, () => new LayerLane({ plan: options.plan, limits, twoThreads }));
  const stopProgress = reportProgress(options, workers, results);
  const runLane = async (worker: LayerLane): Promise<void> => {
    for (let layer = queue.shift(); layer !== undefined; layer = queue.shift()) {
      results[layer.index] = await readOne(worker, layer, options);
      throwIfAborted(signal);
    }
  };
  try {
    await Promise.all(workers.map(runLane));
    return results;
  } finally {
    stopProgress();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function readOne(worker: LayerLane, layer: LayerDescriptor, options: ReadLayersOptions): Promise<LayerResult> {
  const first = await passOver(worker, layer, { secondLook: NO_SECOND_LOOK, options });
  // hard links whose own path a rule matches, to content that was not kept because its path is another: rare, so a second look pays
  if (!needsSecondLook(first)) return first;
  return passOver(worker, layer, { secondLook: first.missing, options });
}

async function passOver(
  worker: LayerLane,
  layer: LayerDescriptor,
  { secondLook, options }: { secondLook: SecondLook; options: ReadLayersOptions },
): Promise<LayerResult> {
  const { descriptor, diffId, index } = layer;
  const source = await options.store.openBlob(descriptor, options.signal);
  const job: LayerJob = {
    index,
    digest: descriptor.digest,
    sizeBytes: descriptor.sizeBytes,
    diffId,
    mediaType: descriptor.mediaType,
    ...(source.kind === 'file' ? { range: source.range } : {}),
    secondLook,
  };
  return worker.run(job, source.kind === 'stream' ? source.stream : undefined, options.signal);
}

/** Tells about bytes and layers done, about ten times a second, until told to stop. */
function reportProgress(
  options: ReadLayersOptions,
  workers: readonly LayerLane[],
  results: readonly (LayerResult | undefined)[],
): () => void {
  const { image, progress } = options;
  const totalBytes = image.layers.reduce((sum, layer) => sum + layer.descriptor.sizeBytes, 0);
  const report = (): void => {
    const readBytes = workers.reduce((sum, worker) => sum + worker.readBytes, 0);
    progress({
      kind: 'layers',
      doneBytes: Math.min(readBytes, totalBytes),
      totalBytes,
      doneLayers: results.filter((result) => result !== undefined).length,
      totalLayers: image.layers.length,
    });
  };
  const timer = setInterval(report, PROGRESS_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    report();
  };
}
