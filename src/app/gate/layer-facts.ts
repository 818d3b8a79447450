import { CATALOGERS, readOsStanzas, type OsStanzas } from '../../catalog/index.ts';
import type { Runtime } from '../../core/index.ts';
import {
  collectLedgerFacts,
  collectSystemFacts,
  listed,
  systemPlan,
  unreadParts,
  type LayerFacts,
  type LayerRequest,
  type LedgerFacts,
  type LedgerFactsInput,
} from '../../evidence/index.ts';
import { squash, type CapturePlan, type FileView } from '../../filesystem/index.ts';
import type { Image } from '../../image/index.ts';
import { LEDGER_PLAN } from '../../ledger/index.ts';
import {
  COMPARISON_CAPTURES,
  COMPARISON_DIGESTS,
  compareWithBase,
  findContainment,
  findSystemTraces,
  type BaseContainment,
} from '../../provenance/index.ts';
import { comparableSbom } from '../../sbom/index.ts';
import { accountFiles, ledgerLayers } from '../sbom/account-files.ts';
import type { OpenedStore } from '../store/open-image-store.ts';
import { rederivedDocument } from '../sbom/platform-sbom.ts';
import { readLayersOnly, scanImage, squashImage, type ScannedImage } from '../sbom/scan-image.ts';

export interface LayerFactsOptions {
  readonly request: LayerRequest;
  readonly runtime: Runtime;
  readonly maxLayerBytes?: number;
}

function workingDirectoryOf({ config }: Image): { readonly workingDirectory?: string } {
  return config.workingDirectory === undefined ? {} : { workingDirectory: config.workingDirectory };
}

const NO_RECORDS: OsStanzas = { stanzas: [], databases: [], unreadable: [] };

/** One pass over all layers of an image, hashes and diffIDs compared, and what was asked for of what it found. @throws AppError codes of reading layers */
export async function layerFacts(image: Image, opened: OpenedStore, options: LayerFactsOptions): Promise<LayerFacts> {
  const { request, runtime } = options;
  const limits = options.maxLayerBytes === undefined ? {} : { maxLayerBytes: options.maxLayerBytes };
  const compares = request.compareWith.length > 0 || request.containWith.length > 0;
  if (!request.scan && !compares && request.traces !== true && !request.files && !request.system) {
    await readLayersOnly(image, opened.store, runtime, limits);
    return { comparisons: [] };
  }
  const settings = { ...limits, extra: extraPlan(image, request) };
  // packages are looked for where somebody asks for them only
  const scanned =
    request.scan || request.files
      ? await scanImage(image, opened.store, runtime, {
          ...settings,
          ...(request.files ? { files: { integrity: true } } : {}),
        })
      : undefined;
  const { stack, view } = scanned ?? (await squashImage(image, opened.store, runtime, settings));
  const views = new Map<number, FileView>();
  const baseView = (layerCount: number): FileView => {
    const found = views.get(layerCount) ?? squash(stack, layerCount);
    views.set(layerCount, found);
    return found;
  };
  const finalRecords = compares ? readOsStanzas(view) : NO_RECORDS;
  return {
    ...(request.scan && scanned !== undefined
      ? {
          scan: comparableSbom(rederivedDocument(scanned, opened)),
          unread: listed(unreadParts([...stack.diagnostics, ...scanned.catalog.diagnostics])),
        }
      : {}),
    comparisons: request.compareWith.map((layerCount) =>
      compareWithBase({
        base: baseView(layerCount),
        final: view,
        layerCount,
        stack,
        env: image.config.env,
        ...workingDirectoryOf(image),
        records: { base: readOsStanzas(baseView(layerCount)), final: finalRecords },
      }),
    ),
    ...(request.containWith.length === 0
      ? {}
      : { containments: findContainments(image, request.containWith, { view, records: finalRecords }) }),
    ...(request.traces === true ? { traces: findSystemTraces(view) } : {}),
    ...(request.files && scanned !== undefined
      ? {
          files: await ledgerFacts(
            scanned,
            (request.bases ?? []).map((layerCount) => ({ layerCount, view: baseView(layerCount) })),
          ),
        }
      : {}),
    ...(request.system ? { system: collectSystemFacts({ config: image.config, stack, view }) } : {}),
  };
}

/** What the one pass over the layers must keep beyond what the catalogers ask for. */
function extraPlan(image: Image, request: LayerRequest): CapturePlan {
  const { compareWith, containWith, files, bases = [], system } = request;
  const plans: CapturePlan[] = [];
  if (compareWith.length > 0 || containWith.length > 0)
    plans.push({ captures: COMPARISON_CAPTURES, digests: COMPARISON_DIGESTS });
  // what was written again is the base's own when its content is
  else if (files && bases.length > 0) plans.push({ captures: [], digests: COMPARISON_DIGESTS });
  if (files) plans.push(LEDGER_PLAN);
  if (system) plans.push(systemPlan(image.config));
  return { captures: plans.flatMap(({ captures }) => captures), digests: plans.flatMap(({ digests }) => digests) };
}

async function ledgerFacts(
  { image, stack, view, catalog, readAgain }: ScannedImage,
  bases: LedgerFactsInput['bases'],
): Promise<LedgerFacts> {
  const layers = ledgerLayers(image);
  // the base is told file by file: what it accounts for depends on the policy
  const { ledger } = await accountFiles({ stack, view, catalog, integrity: true, layers, baseLayers: 0, readAgain });
  return collectLedgerFacts({
    ledger,
    view,
    bases,
    diagnostics: [...stack.diagnostics, ...catalog.diagnostics],
    recorders: new Set(CATALOGERS.filter(({ statement }) => statement.fileDigests === true).map(({ id }) => id)),
  });
}

function findContainments(
  image: Image,
  lists: LayerRequest['containWith'],
  { view, records }: { readonly view: FileView; readonly records: OsStanzas },
): readonly BaseContainment[] {
  const found = { final: view, env: image.config.env, ...workingDirectoryOf(image), records };
  return lists.map((list) => findContainment(list, found));
}
