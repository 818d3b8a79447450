import { CATALOGERS, capturePlan, runCatalogers, withIntroducingLayers, type CatalogRun } from '../../catalog/index.ts';
import type { Runtime } from '../../core/index.ts';
import {
  DIGEST_ALGORITHMS,
  squash,
  type CapturePlan,
  type FileView,
  type LayerRecords,
  type LayerStack,
} from '../../filesystem/index.ts';
import { layerLimitsFor, readLayers, readRootfs, type Image, type ImageStore } from '../../image/index.ts';
import { LEDGER_PLAN, type UncheckedFiles } from '../../ledger/index.ts';

export interface ScanOptions {
  /** Beyond what the catalogers ask for. */
  readonly extra?: CapturePlan;
  /** Every package lists its files; with `integrity`, and what its record says they contain, and the layers' files have the digests to compare. */
  readonly files?: { readonly integrity: boolean };
  readonly maxLayerBytes?: number;
  /** An inventory goes on where more would be captured than allowed, with a diagnostic; a decision does not. */
  readonly allowsPartial?: boolean;
}

/** An image whose layers were read and verified. */
export interface SquashedImage {
  readonly image: Image;
  readonly stack: LayerStack;
  readonly view: FileView;
}

/** The same, with what the catalogers found. */
export interface ScannedImage extends SquashedImage {
  readonly catalog: CatalogRun;
  /** Reads once more what some files need to be compared; while the store is open. */
  readonly readAgain: (unchecked: UncheckedFiles) => Promise<LayerStack>;
}

/** A root file system on disk, read and cataloged with the files of every package; with `integrity` also what its records say they contain. */
export async function scanRootfs(
  path: string,
  { integrity, signal }: { readonly integrity: boolean; readonly signal: AbortSignal },
): Promise<Omit<ScannedImage, 'image'>> {
  const plan = mergePlans(capturePlan(CATALOGERS, { digests: integrity }), LEDGER_PLAN);
  const read = (digests: CapturePlan['digests']): Promise<LayerStack> =>
    readRootfs({ path, plan: { ...plan, digests: [...plan.digests, ...digests] }, signal, allowsPartial: true });
  const stack = await read([]);
  const view = squash(stack);
  const catalog = runCatalogers({ view, recordedFiles: integrity });
  return { stack, view, catalog, readAgain: ({ rules }) => read(rules) };
}

/** Reads and verifies every layer once and squashes; keeps what the catalogers ask for, and does not run them. */
export async function squashImage(
  image: Image,
  store: ImageStore,
  runtime: Runtime,
  options: ScanOptions = {},
): Promise<SquashedImage> {
  const plan = mergePlans(capturePlan(CATALOGERS, { digests: options.files?.integrity === true }), options.extra);
  const stack = await readPlan(image, store, { ...options, runtime, plan });
  const view = squash(stack);
  return { image, stack: { ...stack, diagnostics: [...stack.diagnostics, ...view.diagnostics] }, view };
}

/** Reads and verifies every layer once, squashes, and catalogs. */
export async function scanImage(
  image: Image,
  store: ImageStore,
  runtime: Runtime,
  options: ScanOptions = {},
): Promise<ScannedImage> {
  const squashed = await squashImage(image, store, runtime, options);
  const catalog = runCatalogers({
    view: squashed.view,
    languageFiles: options.files !== undefined,
    recordedFiles: options.files?.integrity === true,
  });
  const packages = withIntroducingLayers(squashed.stack, catalog.packages);
  const { stack } = squashed;
  return {
    ...squashed,
    catalog: { ...catalog, packages },
    readAgain: (unchecked) => readDigests({ image, stack, unchecked }, store, { ...options, runtime }),
  };
}

/** The same layers with digests of some more files: reads those again that have them. */
async function readDigests(
  what: { readonly image: Image; readonly stack: LayerStack; readonly unchecked: UncheckedFiles },
  store: ImageStore,
  options: ScanOptions & { readonly runtime: Runtime },
): Promise<LayerStack> {
  const { image, stack, unchecked } = what;
  const { digests } = mergePlans(capturePlan(CATALOGERS, { digests: true }), options.extra);
  const layers = image.layers.filter(({ index }) => unchecked.layers.has(index));
  const plan = { captures: [], digests: [...digests, ...unchecked.rules] };
  const again = await readPlan({ ...image, layers }, store, { ...options, plan });
  const read = new Map(layers.map(({ index }, position) => [index, again.layers[position]]));
  return { ...stack, layers: stack.layers.map((records, index) => withDigests(records, read.get(index))) };
}

/** Records with the digests of another pass over the same bytes. */
function withDigests(records: LayerRecords, read: LayerRecords | undefined): LayerRecords {
  if (read === undefined || read.count !== records.count) return records;
  const digests = DIGEST_ALGORITHMS.map((name) => ({ [name]: read[name], [`${name}Record`]: read[`${name}Record`] }));
  return Object.assign({ ...records }, ...digests) as LayerRecords;
}

/** Reads and verifies every layer, keeping nothing but the entries and what `extra` asks for. */
export async function readLayersOnly(
  image: Image,
  store: ImageStore,
  runtime: Runtime,
  options: Pick<ScanOptions, 'maxLayerBytes' | 'extra'> = {},
): Promise<LayerStack> {
  const { extra: plan = { captures: [], digests: [] }, ...limits } = options;
  return readPlan(image, store, { runtime, plan, ...limits });
}

function readPlan(
  image: Image,
  store: ImageStore,
  options: Omit<ScanOptions, 'extra' | 'files'> & { readonly runtime: Runtime; readonly plan: CapturePlan },
): Promise<LayerStack> {
  const { runtime, plan, maxLayerBytes, allowsPartial = false } = options;
  return readLayers({
    image,
    store,
    plan,
    limits: layerLimitsFor(maxLayerBytes),
    allowsPartial,
    ...(runtime.cacheDir === undefined ? {} : { cacheDir: runtime.cacheDir }),
    signal: runtime.signal,
    progress: runtime.progress,
  });
}

function mergePlans(plan: CapturePlan, extra: CapturePlan | undefined): CapturePlan {
  if (extra === undefined) return plan;
  return { captures: [...plan.captures, ...extra.captures], digests: [...plan.digests, ...extra.digests] };
}
