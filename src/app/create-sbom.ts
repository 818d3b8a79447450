import { catalogHidden, capturePlan, runCatalogers, splitByBase, type CatalogRun } from '../catalog/index.ts';
import {
  ExitCode,
  LIMITS,
  readInputFile,
  TOOL_NAME,
  TOOL_VERSION,
  type JsonValue,
  type Runtime,
} from '../core/index.ts';
import { squash, type LayerStack } from '../filesystem/index.ts';
import {
  formatPlatform,
  listPlatformImages,
  loadImageOrIndex,
  parseImageReference,
  readRootfs,
  type Image,
  type ImageIndex,
  type ImageReference,
} from '../image/index.ts';
import type { CatalogNote, Diagnostic } from '../packages/index.ts';
import { matchBases, parseLock, type Lock } from '../provenance/index.ts';
import {
  buildIndexDocument,
  buildSbomDocument,
  type SbomBase,
  type SbomDocument,
  type SbomSubject,
} from '../sbom/index.ts';
import { appError } from './errors.ts';
import { openImageStore, type ImageAccess, type OpenedStore } from './open-image-store.ts';
import { loadOne } from './resolve-target.ts';
import { scanImage, type ScannedImage } from './scan-image.ts';
import { warnOfDiagnostics } from './warn-of-diagnostics.ts';

export interface CreateSbomOptions {
  readonly image: string;
  readonly access: ImageAccess;
  readonly allPlatforms?: boolean;
  readonly maxLayerBytes?: number;
  /** `all-layers`: also what lower layers hold and upper ones hide. `squashed` unless told. */
  readonly scope?: 'squashed' | 'all-layers';
  /** A lock of observed bases: each component says whether it came with the longest that matches. */
  readonly lockFile?: string;
  /** Nothing catalogued is a result, not NOTHING_CATALOGUED. */
  readonly allowEmpty: boolean;
  /** Diagnostics make the outcome a partial result. */
  readonly strict: boolean;
}

/** The SBOM of one platform manifest, or of a root file system. */
export interface PlatformSbom {
  readonly document: SbomDocument;
  readonly platform?: string;
  readonly digest?: string;
  /** Those that containers see. */
  readonly packages: number;
  readonly diagnostics: readonly Diagnostic[];
  readonly notes: readonly CatalogNote[];
}

export interface CreatedSboms {
  readonly platforms: readonly PlatformSbom[];
  /** The index's own, under `allPlatforms` of an index. */
  readonly index?: SbomDocument;
}

/**
 * Reads and verifies an image, catalogs it and builds its SBOM: one per platform under `allPlatforms`, and one of the index.
 * @throws AppError NOTHING_CATALOGUED unless allowed, and the codes of reading
 */
export async function createSboms(options: CreateSbomOptions, runtime: Runtime): Promise<CreatedSboms> {
  const sourceDateEpoch = readSourceDateEpoch(runtime.env['SOURCE_DATE_EPOCH']);
  const reference = parseImageReference(options.image);
  const lock =
    options.lockFile === undefined ? undefined : parseLock(await readInputFile(options.lockFile, LIMITS.lockBytes));
  const created =
    reference.transport === 'dir'
      ? { platforms: [await rootfsSbom(reference.path, runtime, sourceDateEpoch)] }
      : await imageSboms(options, runtime, { sourceDateEpoch, lock, hidden: options.scope === 'all-layers' });
  for (const sbom of created.platforms) {
    warnOfDiagnostics(sbom.diagnostics, runtime);
    if (sbom.packages === 0 && !options.allowEmpty) {
      throw appError(
        'NOTHING_CATALOGUED',
        `no package was found in ${options.image}${sbom.platform === undefined ? '' : ` (${sbom.platform})`}`,
        {
          hint: 'if the image really holds none, say --allow-empty; `waybill sbom catalogers` lists what is looked for',
        },
      );
    }
  }
  return created;
}

/** Diagnostics under `strict` are a partial result. */
export function sbomExitCode(sboms: readonly PlatformSbom[], strict: boolean): ExitCode {
  return strict && sboms.some((sbom) => sbom.diagnostics.length > 0) ? ExitCode.Partial : ExitCode.Passed;
}

async function rootfsSbom(path: string, runtime: Runtime, sourceDateEpoch: number | undefined): Promise<PlatformSbom> {
  const stack = await readRootfs({ path, plan: capturePlan(), signal: runtime.signal });
  const catalog = runCatalogers({ view: squash(stack), languageFiles: false });
  return platformSbom({ layers: [] }, catalog, { stack, sourceDateEpoch });
}

/** What decides about an SBOM beside the image. */
export interface SbomSettings {
  readonly sourceDateEpoch: number | undefined;
  readonly lock?: Lock | undefined;
  /** Also what upper layers hide. */
  readonly hidden?: boolean;
}

async function imageSboms(options: CreateSbomOptions, runtime: Runtime, settings: SbomSettings): Promise<CreatedSboms> {
  await using opened = await openImageStore(options.image, options.access, runtime);
  const { images, index } = await selectImages(opened, options, runtime);
  const platforms: PlatformSbom[] = [];
  for (const image of images) {
    const scanned = await scanImage(image, opened.store, runtime, {
      maxLayerBytes: options.maxLayerBytes ?? LIMITS.layerBytes,
    });
    platforms.push(scannedSbom(scanned, opened, settings));
  }
  return index === undefined ? { platforms } : { platforms, index: indexDocument(index, opened, platforms) };
}

async function selectImages(
  opened: OpenedStore,
  options: CreateSbomOptions,
  runtime: Runtime,
): Promise<{ readonly images: readonly Image[]; readonly index?: ImageIndex }> {
  if (options.allPlatforms !== true) return { images: [await loadOne(opened, options.access, runtime)] };
  const found = await loadImageOrIndex(opened.store, { reference: opened.target, signal: runtime.signal });
  if (found.kind === 'image') return { images: [found.image] };
  return { images: await listPlatformImages(opened.store, found.index, runtime.signal), index: found.index };
}

function indexDocument(index: ImageIndex, opened: OpenedStore, platforms: readonly PlatformSbom[]): SbomDocument {
  const { reference, repository } = opened;
  return buildIndexDocument({
    ...(repository === undefined ? {} : { name: repository }),
    ...(repository === undefined || reference.tag === undefined ? {} : { tag: reference.tag }),
    digest: index.digest,
    mediaType: index.manifest.mediaType,
    platforms: platforms.map(({ platform = '', document }) => ({ platform, document })),
    tool: { name: TOOL_NAME, version: TOOL_VERSION },
  });
}

export interface ImageSbomOptions {
  readonly runtime: Runtime;
  readonly sourceDateEpoch: number | undefined;
  readonly maxLayerBytes?: number;
}

/** The SBOM of an image that was loaded: reads its layers. */
export async function imageSbom(image: Image, opened: OpenedStore, options: ImageSbomOptions): Promise<PlatformSbom> {
  const { runtime, sourceDateEpoch, maxLayerBytes } = options;
  const scanned = await scanImage(image, opened.store, runtime, { maxLayerBytes: maxLayerBytes ?? LIMITS.layerBytes });
  return scannedSbom(scanned, opened, { sourceDateEpoch });
}

/** The SBOM of an image whose layers were read. */
export function scannedSbom(scanned: ScannedImage, opened: OpenedStore, settings: SbomSettings): PlatformSbom {
  const { image, catalog, stack } = scanned;
  const base = settings.lock === undefined ? undefined : provedBase(scanned, settings.lock);
  return {
    ...platformSbom(imageSubject(image, opened.reference, opened.repository), catalog, {
      ...settings,
      stack,
      ...(base === undefined ? {} : { base }),
    }),
    platform: formatPlatform(image.platform),
    digest: image.digest,
  };
}

/** The longest base in the lock whose layers are this image's bottom ones. */
function provedBase({ image, stack, catalog }: ScannedImage, lock: Lock): SbomBase | undefined {
  const [longest] = matchBases(lock, { platform: image.platform, diffIds: image.config.diffIds });
  if (longest === undefined) return undefined;
  const { layerCount, record } = longest;
  const base = runCatalogers({ view: squash(stack, layerCount), languageFiles: false });
  return {
    image: record.image,
    digest: record.digest,
    layerCount,
    ...splitByBase(catalog.packages, base.packages),
  };
}

interface PlatformOptions extends SbomSettings {
  readonly stack: LayerStack;
  readonly base?: SbomBase;
}

function platformSbom(subject: SbomSubject, catalog: CatalogRun, options: PlatformOptions): PlatformSbom {
  const diagnostics = [...options.stack.diagnostics, ...catalog.diagnostics];
  const hidden = options.hidden === true ? catalogHidden(options.stack, catalog.packages) : undefined;
  const notes = [...catalog.notes, ...(hidden?.notes ?? [])];
  const described: JsonValue = hidden === undefined ? null : { scope: 'all-layers' };
  const document = buildSbomDocument({
    subject,
    distribution: catalog.distribution,
    packages: [...catalog.packages, ...(hidden?.packages ?? [])],
    diagnostics,
    notes,
    tool: { name: TOOL_NAME, version: TOOL_VERSION },
    catalogers: catalog.catalogers,
    options: described,
    ...(options.base === undefined ? {} : { base: options.base }),
    ...(options.sourceDateEpoch === undefined ? {} : { sourceDateEpoch: options.sourceDateEpoch }),
  });
  return { document, packages: catalog.packages.length, diagnostics, notes };
}

/** What an SBOM says of its image. The name is left out for layouts and archives: names written inside those are nobody's word. */
export function imageSubject(image: Image, reference: ImageReference, repository: string | undefined): SbomSubject {
  const { created, labels } = image.config;
  return {
    ...(repository === undefined ? {} : { name: repository }),
    ...(image.syntheticManifest === true ? {} : { digest: image.digest, manifestMediaType: image.manifest.mediaType }),
    platform: image.platform,
    ...(created === undefined || created === '' ? {} : { created }),
    ...(repository === undefined || reference.tag === undefined ? {} : { tags: [reference.tag] }),
    labels,
    layers: image.layers.map((layer) => ({
      digest: layer.descriptor.digest,
      diffId: layer.diffId,
      ...(layer.createdBy === undefined ? {} : { createdBy: layer.createdBy }),
    })),
  };
}

/** Seconds since the epoch; anything else is a mistake worth stopping for. @see https://reproducible-builds.org/specs/source-date-epoch/ */
export function readSourceDateEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,12}$/.test(text))
    throw appError(
      'SOURCE_DATE_EPOCH_INVALID',
      `SOURCE_DATE_EPOCH is ${JSON.stringify(text.slice(0, 80))}, not a number of seconds`,
    );
  return Number(text);
}
