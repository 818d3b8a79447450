import { availableParallelism } from 'node:os';
import { LIMITS, mapConcurrent, throwIfAborted, type ProgressListener } from '../../core/index.ts';
import type { CapturePlan, LayerStack } from '../../filesystem/index.ts';
import type { Image, LayerDescriptor } from '../image.ts';
import type { ImageStore } from '../types.ts';
import { blobIsIntact, fileFacts, sameFacts } from './blob-check.ts';
import type { FileFacts } from './cache-entry.ts';
import { CapturedLayers, identity } from './captured-layers.ts';
import { layerError } from './errors.ts';
import { ExpansionAccount, excessBytes } from './expansion-account.ts';
import { LayerCache } from './layer-cache.ts';
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
import { expansionError } from './stored-pass.ts';

export interface ReadLayersOptions {
  readonly image: Image;
  /** Where the image came from. */
  readonly store: ImageStore;
  /** What to keep besides the records. */
  readonly plan: CapturePlan;
  readonly limits?: Partial<LayerLimits>;
  /** Go on, with a diagnostic `captures-too-large`, where more would be captured than allowed: for inventories. Decisions need all of it. */
  readonly allowsPartial?: boolean;
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
/** Cached layers whose stored bytes are checked at a time. */
const CHECKS_AT_A_TIME = 4;

/**
 * Reads all layers of an image in one pass each, in worker threads. Every byte is verified before anything parsed from it is returned: sizes, digests
 * and diffIDs. Hostile input: sizes, expansion, entry counts, names and captured bytes are capped. With a cache, layers read before are not
 * parsed again; that their stored bytes are still the same is checked, by the file's identity and times, else by hashing them.
 * @returns records and captured bytes per layer, bottom first; give it to `squash`
 * @throws AppError LAYER_*, TOO_MANY_LAYERS, INTERRUPTED, and what the store throws
 */
export async function readLayers(options: ReadLayersOptions): Promise<LayerStack> {
  const { image, signal } = options;
  throwIfAborted(signal);
  if (image.layers.length > LIMITS.layers) {
    throw layerError('TOO_MANY_LAYERS', `${image.layers.length} layers are more than the ${LIMITS.layers} allowed`);
  }
  const results = await new LayersReading(options).run();
  return {
    layers: results.map((result) => result.records),
    firstLayer: 0,
    diagnostics: results.flatMap((result) => result.diagnostics),
  };
}

class LayersReading {
  readonly #options: ReadLayersOptions;
  readonly #limits: LayerLimits;
  readonly #results: CapturedLayers;
  readonly #account = new ExpansionAccount();
  /** Stored bytes of layers that did not have to be read. */
  #cachedBytes = 0;
  #lanes: readonly LayerLane[] = [];

  constructor(options: ReadLayersOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LAYER_LIMITS, ...options.limits };
    const { capturedBytesTotal: totalBytes } = this.#limits;
    this.#results = new CapturedLayers({ totalBytes, allowsPartial: options.allowsPartial === true });
  }

  async run(): Promise<LayerResult[]> {
    const { image, cacheDir, plan } = this.#options;
    const cache = cacheDir === undefined ? undefined : await LayerCache.open(cacheDir, plan, this.#limits);
    // a layer that occurs twice is read once
    const distinct = [...new Map(image.layers.map((layer) => [identity(layer), layer])).values()];
    if (cache) await mapConcurrent(distinct, CHECKS_AT_A_TIME, (layer) => this.#fromCache(cache, layer));
    const queue = distinct.filter((layer) => this.#results.get(layer) === undefined);
    if (queue.length > 0) await this.#readAll(queue, cache);
    else this.#report();
    return image.layers.map((layer) => this.#results.get(layer) as LayerResult);
  }

  async #fromCache(cache: LayerCache, layer: LayerDescriptor): Promise<void> {
    const { store, signal } = this.#options;
    throwIfAborted(signal);
    const cached = await cache.find(layer);
    if (!cached) return;
    if (store.confirmBlob !== undefined) {
      // fetching it will say what is wrong with it
      if (!(await store.confirmBlob(layer.descriptor, signal))) return;
    } else {
      const source = await store.openBlob(layer.descriptor, signal);
      const facts = source.kind === 'file' ? await fileFacts(source.range) : undefined;
      if (!sameFacts(facts, cached.facts)) {
        const intact = await blobIsIntact(layer.descriptor, source, signal);
        throwIfAborted(signal);
        // the workers will say what is wrong with it
        if (!intact) return;
        if (facts) await cache.store(layer, cached.result, facts);
      }
    }
    this.#countExpansion(layer, cached.result);
    this.#results.add(layer, cached.result);
    this.#cachedBytes += layer.descriptor.sizeBytes;
  }

  /** What another run read counts as if this one had: whether an image is refused must not depend on a cache. */
  #countExpansion(layer: LayerDescriptor, { unpackedBytes }: LayerResult): void {
    const { digest, sizeBytes: storedBytes } = layer.descriptor;
    const total = this.#account.add(excessBytes({ storedBytes, unpackedBytes }, this.#limits));
    if (total > this.#limits.expansionExcessBytes) throw expansionError({ index: layer.index, digest }, this.#limits);
  }

  async #readAll(layers: readonly LayerDescriptor[], cache: LayerCache | undefined): Promise<void> {
    // largest first: the last one to finish is then a small one
    const queue = layers.toSorted((a, b) => b.descriptor.sizeBytes - a.descriptor.sizeBytes || a.index - b.index);
    const cores = this.#options.concurrency ?? availableParallelism();
    const count = Math.max(1, Math.min(cores, queue.length));
    const { plan } = this.#options;
    // the largest that a lane reads is its first one
    const lanes = queue.slice(0, count).map(({ descriptor }) => {
      const twoThreads = descriptor.sizeBytes >= TWO_THREADS_BYTES;
      return new LayerLane({ plan, limits: this.#limits, account: this.#account, twoThreads });
    });
    this.#lanes = lanes;
    const timer = setInterval(() => this.#report(), PROGRESS_INTERVAL_MS);
    const stores: Promise<void>[] = [];
    const runLane = async (lane: LayerLane): Promise<void> => {
      for (let layer = queue.shift(); layer !== undefined; layer = queue.shift()) {
        const { result, facts } = await this.#readOne(lane, layer);
        this.#results.add(layer, result);
        if (cache) stores.push(cache.store(layer, result, facts));
      }
      // nobody waits for threads that have nothing left to do to be gone
      void lane.terminate();
    };
    try {
      await Promise.all(lanes.map(runLane));
    } catch (error) {
      await Promise.all(lanes.map((lane) => lane.terminate()));
      throw error;
    } finally {
      clearInterval(timer);
      await Promise.all(stores);
    }
    if (cache) await cache.evict();
    this.#report();
  }

  async #readOne(lane: LayerLane, layer: LayerDescriptor): Promise<{ result: LayerResult; facts?: FileFacts }> {
    const first = await this.#passOver(lane, layer, NO_SECOND_LOOK);
    // content that was recognised as wanted too late (hard links, unusual executables): rare, so a second look pays
    return needsSecondLook(first.result) ? this.#passOver(lane, layer, first.result.missing) : first;
  }

  async #passOver(
    lane: LayerLane,
    layer: LayerDescriptor,
    secondLook: SecondLook,
  ): Promise<{ result: LayerResult; facts?: FileFacts }> {
    const { store, signal } = this.#options;
    throwIfAborted(signal);
    const { descriptor, diffId, index } = layer;
    const source = await store.openBlob(descriptor, signal);
    const { digest, sizeBytes, mediaType } = descriptor;
    const job: LayerJob = { index, digest, sizeBytes, diffId, mediaType, secondLook };
    if (source.kind === 'stream') return { result: await lane.run(job, source.stream, signal) };
    const before = await fileFacts(source.range);
    const result = await lane.run({ ...job, range: source.range }, undefined, signal);
    const after = await fileFacts(source.range);
    return { result, ...(after && sameFacts(before, after) ? { facts: after } : {}) };
  }

  #report(): void {
    const { image, progress } = this.#options;
    const totalBytes = image.layers.reduce((sum, layer) => sum + layer.descriptor.sizeBytes, 0);
    const readBytes = this.#lanes.reduce((sum, lane) => sum + lane.readBytes, this.#cachedBytes);
    progress({
      kind: 'layers',
      doneBytes: Math.min(readBytes, totalBytes),
      totalBytes,
      doneLayers: image.layers.filter((layer) => this.#results.get(layer) !== undefined).length,
      totalLayers: image.layers.length,
    });
  }
}
