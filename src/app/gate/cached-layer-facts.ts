import { mapConcurrent, type JsonValue } from '../../core/index.ts';
import type { LayerFacts } from '../../evidence/index.ts';
import { FactsCache, type Image, type ImageStore } from '../../image/index.ts';
import type { OpenedStore } from '../store/open-image-store.ts';
import type { LayerFactsOptions } from './layer-facts.ts';

/** Raised whenever the same layers would give other facts; for sources that run as they are, as each build has a digest of its own. */
const FACTS_VERSION = 2;

/** Layers that a registry is asked about at a time. */
const QUESTIONS_AT_A_TIME = 8;

/**
 * What was asked for of the layers of an image in a registry: as found when they were last read and verified, if they are still there with their sizes; else by
 * reading them. Of other stores the layers themselves are looked at each time, as their bytes may have changed, and so for an SBOM, which says more than layers do.
 * @throws AppError codes of reading layers
 */
export async function cachedLayerFacts(
  image: Image,
  opened: OpenedStore,
  options: LayerFactsOptions,
): Promise<LayerFacts> {
  const { request, runtime } = options;
  const read = async (): Promise<LayerFacts> => {
    const { layerFacts } = await import('./layer-facts.ts');
    return layerFacts(image, opened, options);
  };
  const { store } = opened;
  if (runtime.cacheDir === undefined || request.scan || store.confirmBlob === undefined) return read();
  const cache = await FactsCache.open(runtime.cacheDir);
  if (cache === undefined) return read();
  const question = questionOf(image, options);
  const kept = await cache.find(question);
  if (kept !== undefined && (await areThere(image, store, runtime.signal))) return kept as unknown as LayerFacts;
  const facts = await read();
  await cache.store(question, facts as unknown as JsonValue);
  return facts;
}

/** Everything that the facts depend on: layers as stored and unpacked, what the configuration says about them, and what is asked. */
function questionOf({ layers, config, configDigest }: Image, { request, maxLayerBytes }: LayerFactsOptions): JsonValue {
  const { compareWith, containWith, traces = false, files, bases = [], system } = request;
  return {
    version: FACTS_VERSION,
    layers: layers.map(({ descriptor, diffId }) => {
      const { digest, mediaType, sizeBytes } = descriptor;
      return { digest, mediaType, sizeBytes, diffId };
    }),
    env: config.env,
    workingDirectory: config.workingDirectory ?? null,
    // the checks of files and configuration look at all of it
    config: files || system ? configDigest : null,
    maxLayerBytes: maxLayerBytes ?? null,
    request: { compareWith, containWith: containWith.map(({ digest }) => digest), traces, files, bases, system },
  };
}

async function areThere({ layers }: Image, store: ImageStore, signal: AbortSignal): Promise<boolean> {
  const distinct = [...new Map(layers.map(({ descriptor }) => [descriptor.digest, descriptor])).values()];
  const found = await mapConcurrent(distinct, QUESTIONS_AT_A_TIME, async (descriptor) =>
    store.confirmBlob?.(descriptor, signal),
  );
  return found.every((is) => is === true);
}
