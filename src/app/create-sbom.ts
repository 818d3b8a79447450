import { CATALOGERS, runCatalogers, capturePlan, type CatalogRun } from '../catalog/index.ts';
import { ExitCode, LIMITS, TOOL_NAME, TOOL_VERSION, writeFileAtomic, type Runtime } from '../core/index.ts';
import { squash } from '../filesystem/index.ts';
import {
  formatPlatform,
  listPlatformImages,
  loadImageOrIndex,
  parseImageReference,
  readRootfs,
  type Image,
  type ImageReference,
} from '../image/index.ts';
import type { Diagnostic } from '../packages/index.ts';
import {
  buildSbomDocument,
  writeCycloneDx,
  type SbomDocument,
  type SbomOutput,
  type SbomSubject,
} from '../sbom/index.ts';
import { appError } from './errors.ts';
import { openImageStore, type ImageAccess, type OpenedStore } from './open-image-store.ts';
import { loadOne } from './resolve-target.ts';
import { warnOfDiagnostics } from './warn-of-diagnostics.ts';
import { scanImage, type ScannedImage } from './scan-image.ts';

export interface CreateSbomOptions {
  readonly image: string;
  readonly access: ImageAccess;
  readonly allPlatforms?: boolean;
  readonly maxLayerBytes?: number;
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
  readonly packages: number;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads and verifies an image, catalogs it and builds its SBOM: one per platform under `allPlatforms`.
 * @throws AppError NOTHING_CATALOGUED unless allowed, and the codes of reading
 */
export async function createSboms(options: CreateSbomOptions, runtime: Runtime): Promise<readonly PlatformSbom[]> {
  const sourceDateEpoch = readSourceDateEpoch(runtime.env['SOURCE_DATE_EPOCH']);
  const reference = parseImageReference(options.image);
  const found =
    reference.transport === 'dir'
      ? [await rootfsSbom(reference.path, runtime, sourceDateEpoch)]
      : await imageSboms(options, runtime, sourceDateEpoch);
  for (const sbom of found) {
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
  return found;
}

/** Diagnostics under `strict` are a partial result. */
export function sbomExitCode(sboms: readonly PlatformSbom[], strict: boolean): ExitCode {
  return strict && sboms.some((sbom) => sbom.diagnostics.length > 0) ? ExitCode.Partial : ExitCode.Passed;
}

async function rootfsSbom(path: string, runtime: Runtime, sourceDateEpoch: number | undefined): Promise<PlatformSbom> {
  const stack = await readRootfs({ path, plan: capturePlan(), signal: runtime.signal });
  const catalog = runCatalogers({ view: squash(stack), languageFiles: false });
  return platformSbom({ layers: [] }, catalog, { diagnostics: stack.diagnostics, sourceDateEpoch });
}

async function imageSboms(
  options: CreateSbomOptions,
  runtime: Runtime,
  sourceDateEpoch: number | undefined,
): Promise<PlatformSbom[]> {
  await using opened = await openImageStore(options.image, options.access, runtime);
  const sboms: PlatformSbom[] = [];
  for (const image of await selectImages(opened, options, runtime)) {
    sboms.push(
      await imageSbom(image, opened, {
        runtime,
        sourceDateEpoch,
        ...(options.maxLayerBytes === undefined ? {} : { maxLayerBytes: options.maxLayerBytes }),
      }),
    );
  }
  return sboms;
}

async function selectImages(
  opened: OpenedStore,
  options: CreateSbomOptions,
  runtime: Runtime,
): Promise<readonly Image[]> {
  if (options.allPlatforms !== true) return [await loadOne(opened, options.access, runtime)];
  const found = await loadImageOrIndex(opened.store, { reference: opened.target, signal: runtime.signal });
  return found.kind === 'image' ? [found.image] : listPlatformImages(opened.store, found.index, runtime.signal);
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
  return scannedSbom(scanned, opened, sourceDateEpoch);
}

/** The SBOM of an image whose layers were read. */
export function scannedSbom(
  scanned: ScannedImage,
  opened: OpenedStore,
  sourceDateEpoch: number | undefined,
): PlatformSbom {
  const { image, catalog, stack } = scanned;
  return {
    ...platformSbom(imageSubject(image, opened.reference, opened.repository), catalog, {
      diagnostics: stack.diagnostics,
      sourceDateEpoch,
    }),
    platform: formatPlatform(image.platform),
    digest: image.digest,
  };
}

function platformSbom(
  subject: SbomSubject,
  catalog: CatalogRun,
  options: { readonly diagnostics: readonly Diagnostic[]; readonly sourceDateEpoch: number | undefined },
): PlatformSbom {
  const diagnostics = [...options.diagnostics, ...catalog.diagnostics];
  const document = buildSbomDocument({
    subject,
    distribution: catalog.distribution,
    packages: catalog.packages,
    diagnostics,
    notes: catalog.notes,
    tool: { name: TOOL_NAME, version: TOOL_VERSION },
    catalogers: catalog.catalogers,
    ...(options.sourceDateEpoch === undefined ? {} : { sourceDateEpoch: options.sourceDateEpoch }),
  });
  return { document, packages: catalog.packages.length, diagnostics };
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

/**
 * Conflicts that can be told before anything is read.
 * @throws AppError OUTPUT_CONFLICT
 */
export function checkOutputs(outputs: readonly SbomOutput[]): void {
  if (outputs.filter((output) => output.file === undefined).length > 1) {
    throw appError('OUTPUT_CONFLICT', 'two outputs go to stdout', {
      hint: 'give all but one a file: -o cyclonedx-xml=bom.xml',
    });
  }
  requireDistinct(outputs.flatMap((output) => output.file ?? []));
}

/** Writes or returns every output of every SBOM. Files are whole or not there. */
export async function writeSbomOutputs(
  sboms: readonly PlatformSbom[],
  outputs: readonly SbomOutput[],
  renderTable: (document: SbomDocument) => string,
): Promise<{ readonly stdout: string; readonly files: readonly string[] }> {
  checkShares(sboms, outputs);
  const stdout: string[] = [];
  const files: string[] = [];
  for (const sbom of sboms) {
    for (const output of outputs) {
      const bytes =
        output.specVersion === undefined
          ? renderTable(sbom.document)
          : await writeCycloneDx(sbom.document, {
              format: output.format === 'cyclonedx-xml' ? 'xml' : 'json',
              specVersion: output.specVersion,
            });
      if (output.file === undefined) stdout.push(typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes));
      else {
        const path = outputPath(output.file, sbom);
        await writeFileAtomic(path, typeof bytes === 'string' ? `${bytes.trimEnd()}\n` : bytes, {
          ifExists: 'replace',
        });
        files.push(path);
      }
    }
  }
  return { stdout: stdout.map((text) => text.replace(/\n$/, '')).join('\n'), files };
}

/** Tables may follow each other on stdout; everything else needs a place of its own for each platform. */
function checkShares(sboms: readonly PlatformSbom[], outputs: readonly SbomOutput[]): void {
  if (sboms.length <= 1) return;
  const shared = outputs.find(
    (output) => !output.file?.includes('{platform}') && !(output.format === 'table' && output.file === undefined),
  );
  if (shared) {
    throw appError('OUTPUT_CONFLICT', `${sboms.length} platforms cannot share one output`, {
      hint: "name files with {platform}: -o 'cyclonedx-json=bom-{platform}.json'",
    });
  }
  requireDistinct(
    outputs.flatMap((output) =>
      output.file === undefined ? [] : sboms.map((sbom) => outputPath(output.file as string, sbom)),
    ),
  );
}

function outputPath(file: string, sbom: PlatformSbom): string {
  return file.replaceAll('{platform}', (sbom.platform ?? 'rootfs').replaceAll('/', '-'));
}

function requireDistinct(files: readonly string[]): void {
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined) {
    throw appError('OUTPUT_CONFLICT', `two outputs go to ${twice}`, { hint: 'give each a file of its own' });
  }
}

/** What `waybill sbom catalogers` lists. */
export function listCatalogers(): readonly CatalogerInfo[] {
  return CATALOGERS.map(({ id, title, version, specifications, statement }) => ({
    id,
    title,
    version,
    specifications,
    ...statement,
  }));
}

export interface CatalogerInfo {
  readonly id: string;
  readonly title: string;
  readonly version: number;
  readonly specifications: readonly string[];
  readonly packageTypes: readonly string[];
  readonly reads: readonly string[];
  readonly licenses: boolean;
  readonly dependencies: boolean;
  readonly files: boolean;
}
