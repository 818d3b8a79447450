import { capturePlan, runCatalogers, type CatalogRun } from '../catalog/index.ts';
import { LIMITS, type Runtime } from '../core/index.ts';
import { squash, type CapturePlan, type FileView, type LayerStack } from '../filesystem/index.ts';
import { readLayers, type Image, type ImageStore } from '../image/index.ts';

export interface ScanOptions {
  /** Beyond what the catalogers ask for. */
  readonly extra?: CapturePlan;
  readonly maxLayerBytes?: number;
}

/** An image whose layers were read and verified, with what the catalogers found. */
export interface ScannedImage {
  readonly image: Image;
  readonly stack: LayerStack;
  readonly view: FileView;
  readonly catalog: CatalogRun;
}

/** Reads and verifies every layer once, squashes, and catalogs. */
export async function scanImage(
  image: Image,
  store: ImageStore,
  runtime: Runtime,
  options: ScanOptions = {},
): Promise<ScannedImage> {
  const limits = options.maxLayerBytes === undefined ? {} : { maxLayerBytes: options.maxLayerBytes };
  const stack = await readPlan(image, store, { runtime, plan: mergePlans(capturePlan(), options.extra), ...limits });
  const view = squash(stack);
  return { image, stack, view, catalog: runCatalogers({ view, languageFiles: false }) };
}

/** Reads and verifies every layer, keeping nothing but the entries. */
export async function readLayersOnly(
  image: Image,
  store: ImageStore,
  runtime: Runtime,
  options: Pick<ScanOptions, 'maxLayerBytes'> = {},
): Promise<LayerStack> {
  return readPlan(image, store, { runtime, plan: { captures: [], digests: [] }, ...options });
}

function readPlan(
  image: Image,
  store: ImageStore,
  options: { readonly runtime: Runtime; readonly plan: CapturePlan; readonly maxLayerBytes?: number },
): Promise<LayerStack> {
  const { runtime, plan, maxLayerBytes } = options;
  return readLayers({
    image,
    store,
    plan,
    limits: { layerBytes: maxLayerBytes ?? LIMITS.layerBytes },
    ...(runtime.cacheDir === undefined ? {} : { cacheDir: runtime.cacheDir }),
    signal: runtime.signal,
    progress: runtime.progress,
  });
}

function mergePlans(plan: CapturePlan, extra: CapturePlan | undefined): CapturePlan {
  if (extra === undefined) return plan;
  return { captures: [...plan.captures, ...extra.captures], digests: [...plan.digests, ...extra.digests] };
}
