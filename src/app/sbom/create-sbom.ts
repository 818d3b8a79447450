import { ExitCode, LIMITS, readInputFile, TOOL_NAME, TOOL_VERSION, type Runtime } from '../../core/index.ts';
import {
  formatExactPlatform,
  formatPlatform,
  listPlatformImages,
  loadImageOrIndex,
  parseImageReference,
  type Image,
  type ImageIndex,
} from '../../image/index.ts';
import { parseLock } from '../../provenance/index.ts';
import { buildIndexDocument, type SbomDocument } from '../../sbom/index.ts';
import { appError } from '../errors.ts';
import { openImageStore, type ImageAccess, type OpenedStore } from '../store/open-image-store.ts';
import { imageSbom, readSourceDateEpoch, rootfsSbom, type PlatformSbom, type SbomSettings } from './platform-sbom.ts';
import { loadOne } from '../store/resolve-target.ts';
import { warnOfDiagnostics, warnOfNotes } from './warn-of-diagnostics.ts';

export interface CreateSbomOptions {
  readonly image: string;
  readonly access: ImageAccess;
  readonly allPlatforms?: boolean;
  readonly maxLayerBytes?: number;
  /** `all-layers`: also what lower layers hold and upper ones hide. `squashed` unless told. */
  readonly scope?: 'squashed' | 'all-layers';
  /** A lock of observed bases: each component says whether it came with the longest that matches. */
  readonly lockFile?: string;
  /** Compare the content of files with what their packages recorded. */
  readonly integrity?: boolean;
  /** The ledger shall be a document of its own. */
  readonly ledgerDocument?: boolean;
  /** Nothing catalogued is a result, not NOTHING_CATALOGUED. */
  readonly allowEmpty: boolean;
  /** Diagnostics make the outcome a partial result. */
  readonly strict: boolean;
  /** Told how the platforms are called before their layers are read; what it throws ends the work. */
  readonly onPlatforms?: (names: readonly string[]) => void;
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
  const settings: SbomSettings = {
    sourceDateEpoch,
    lock,
    hidden: options.scope === 'all-layers',
    integrity: options.integrity === true,
    ledgerDocument: options.ledgerDocument === true,
  };
  const created =
    reference.transport === 'dir'
      ? { platforms: [await rootfsSbom(reference.path, runtime, settings)] }
      : await imageSboms(options, runtime, settings);
  for (const sbom of created.platforms) {
    warnOfDiagnostics(sbom.diagnostics, runtime);
    warnOfNotes(sbom.notes, runtime);
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

async function imageSboms(options: CreateSbomOptions, runtime: Runtime, settings: SbomSettings): Promise<CreatedSboms> {
  await using opened = await openImageStore(options.image, options.access, runtime);
  const { images, index } = await selectImages(opened, options, runtime);
  const platforms: PlatformSbom[] = [];
  const nameOf = platformNames(images);
  options.onPlatforms?.(images.map(nameOf));
  for (const image of images) {
    const limits = options.maxLayerBytes === undefined ? {} : { maxLayerBytes: options.maxLayerBytes };
    platforms.push(await imageSbom(image, opened, { runtime, ...limits, settings, platformName: nameOf(image) }));
  }
  return index === undefined ? { platforms } : { platforms, index: indexDocument(index, opened, platforms) };
}

/** Names platforms, those of Windows that differ in the version of the system only with it: `windows/amd64:10.0.20348.1`. */
function platformNames(images: readonly Image[]): (image: Image) => string {
  const names = images.map(({ platform }) => formatPlatform(platform));
  return ({ platform }) => {
    const name = formatPlatform(platform);
    const isShared = names.filter((other) => other === name).length > 1;
    return isShared ? formatExactPlatform(platform) : name;
  };
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
