import { catalogHidden, runCatalogers, splitByBase } from '../../catalog/index.ts';
import { TOOL_NAME, TOOL_VERSION, type JsonValue, type Runtime } from '../../core/index.ts';
import { squash } from '../../filesystem/index.ts';
import { formatPlatform, type Image, type ImageReference } from '../../image/index.ts';
import { LEDGER_MEDIA_TYPE, LEDGER_PLAN, type LedgerDocument, type LedgerSummary } from '../../ledger/index.ts';
import type { CatalogNote, Diagnostic } from '../../packages/index.ts';
import { matchBases, type Lock } from '../../provenance/index.ts';
import { buildSbomDocument, type SbomBase, type SbomDocument, type SbomSubject } from '../../sbom/index.ts';
import {
  accountFiles,
  integrityNotes,
  ledgerLayers,
  strippedNotes,
  writeLedgerDocument,
  type FilesToAccount,
} from './account-files.ts';
import { appError } from '../errors.ts';
import type { OpenedStore } from '../store/open-image-store.ts';
import { scanImage, scanRootfs, type ScannedImage } from './scan-image.ts';

/** The SBOM of one platform manifest, or of a root file system. */
export interface PlatformSbom {
  readonly document: SbomDocument;
  readonly platform?: string;
  readonly digest?: string;
  /** Those that containers see. */
  readonly packages: number;
  readonly diagnostics: readonly Diagnostic[];
  readonly notes: readonly CatalogNote[];
  readonly ledger: LedgerSummary;
  /** When asked for. */
  readonly ledgerDocument?: LedgerDocument;
}

/** What decides about an SBOM beside the image. */
export interface SbomSettings {
  readonly sourceDateEpoch: number | undefined;
  readonly lock?: Lock | undefined;
  /** Also what upper layers hide. */
  readonly hidden?: boolean;
  readonly integrity?: boolean;
  readonly ledgerDocument?: boolean;
}

/** The SBOM of a root file system on disk. */
export async function rootfsSbom(path: string, runtime: Runtime, settings: SbomSettings): Promise<PlatformSbom> {
  const integrity = settings.integrity === true;
  const scanned = await scanRootfs(path, { integrity, signal: runtime.signal });
  return platformSbom({ layers: [] }, { ...scanned, integrity, layers: [], baseLayers: 0 }, settings);
}

export interface ImageSbomOptions {
  readonly runtime: Runtime;
  readonly settings: SbomSettings;
  /** How the image's platform is called, if not by system, architecture and variant alone. */
  readonly platformName?: string;
  readonly maxLayerBytes?: number;
}

/** The SBOM of an image that was loaded: reads its layers and accounts for its files. */
export async function imageSbom(image: Image, opened: OpenedStore, options: ImageSbomOptions): Promise<PlatformSbom> {
  const { runtime, settings, platformName = formatPlatform(image.platform), maxLayerBytes } = options;
  const integrity = settings.integrity === true;
  const scanned = await scanImage(image, opened.store, runtime, {
    extra: LEDGER_PLAN,
    files: { integrity },
    ...(maxLayerBytes === undefined ? {} : { maxLayerBytes }),
    allowsPartial: true,
  });
  const { stack, view, catalog, readAgain } = scanned;
  const base = settings.lock === undefined ? undefined : provedBase(scanned, settings.lock);
  if (settings.lock !== undefined && base === undefined) {
    const message = `no base of the lock is what ${image.digest} stands on: components say nothing of a base`;
    runtime.progress({ kind: 'warning', message });
  }
  const files = {
    stack,
    view,
    catalog,
    integrity,
    readAgain,
    layers: ledgerLayers(image),
    baseLayers: base?.layerCount ?? 0,
  };
  return platformSbom(imageSubject(image, opened.reference, opened.repository), files, {
    ...settings,
    digest: image.digest,
    platform: platformName,
    ...(base === undefined ? {} : { base }),
  });
}

/** The document of an image whose layers were read, as far as re-derivation compares it. */
export function rederivedDocument({ image, catalog, stack }: ScannedImage, opened: OpenedStore): SbomDocument {
  return buildSbomDocument({
    subject: imageSubject(image, opened.reference, opened.repository),
    distribution: catalog.distribution,
    packages: catalog.packages,
    diagnostics: [...stack.diagnostics, ...catalog.diagnostics],
    tool: { name: TOOL_NAME, version: TOOL_VERSION },
    catalogers: catalog.catalogers,
  });
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
  readonly digest?: string;
  readonly platform?: string;
  readonly base?: SbomBase;
}

async function platformSbom(
  subject: SbomSubject,
  files: FilesToAccount,
  options: PlatformOptions,
): Promise<PlatformSbom> {
  const { stack, catalog, integrity } = files;
  const { digest, platform, base, sourceDateEpoch } = options;
  const diagnostics = [...stack.diagnostics, ...catalog.diagnostics];
  const { ledger, summary } = await accountFiles(files);
  const about = { ...(digest === undefined ? {} : { digest }), ...(platform === undefined ? {} : { platform }) };
  const written = options.ledgerDocument === true ? writeLedgerDocument(ledger, { ...about, catalog }) : undefined;
  const hidden = options.hidden === true ? catalogHidden(stack, files.view, catalog) : undefined;
  const notes = [...catalog.notes, ...integrityNotes(ledger), ...strippedNotes(ledger), ...(hidden?.notes ?? [])];
  const document = buildSbomDocument({
    subject,
    distribution: catalog.distribution,
    packages: [...catalog.packages, ...(hidden?.packages ?? [])],
    diagnostics,
    notes,
    tool: { name: TOOL_NAME, version: TOOL_VERSION },
    catalogers: catalog.catalogers,
    options: describeOptions(options),
    ledger: {
      summary,
      integrity,
      ...(written === undefined ? {} : { document: { digest: written.digest, mediaType: LEDGER_MEDIA_TYPE } }),
    },
    ...(base === undefined ? {} : { base }),
    ...(sourceDateEpoch === undefined ? {} : { sourceDateEpoch }),
  });
  return {
    document,
    ...about,
    packages: catalog.packages.length,
    diagnostics,
    notes,
    ledger: summary,
    ...(written === undefined ? {} : { ledgerDocument: written }),
  };
}

/** What changes the bytes of an SBOM beside the image: part of its serial number. Null when nothing was asked for. */
function describeOptions({ hidden, integrity, ledgerDocument }: SbomSettings): JsonValue {
  const described = {
    ...(hidden === true ? { scope: 'all-layers' } : {}),
    ...(integrity === true ? { integrity: true } : {}),
    ...(ledgerDocument === true ? { ledgerDocument: true } : {}),
  };
  return Object.keys(described).length === 0 ? null : described;
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

/** Of the year 9999: later ones have no form in documents. */
const LAST_SECOND = 253_402_300_799;

/** Seconds since the epoch; anything else is a mistake worth stopping for. @see https://reproducible-builds.org/specs/source-date-epoch/ */
export function readSourceDateEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,12}$/.test(text) || Number(text) > LAST_SECOND)
    throw appError(
      'SOURCE_DATE_EPOCH_INVALID',
      `SOURCE_DATE_EPOCH is ${JSON.stringify(text.slice(0, 80))}, not a number of seconds`,
    );
  return Number(text);
}
