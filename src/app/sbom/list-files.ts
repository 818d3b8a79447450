import type { CatalogRun } from '../../catalog/index.ts';
import {
  coreError,
  ExitCode,
  LIMITS,
  readInputFile,
  writeFileAtomic,
  type Digest,
  type Runtime,
} from '../../core/index.ts';
import type { LayerStack } from '../../filesystem/index.ts';
import { formatPlatform, parseImageReference } from '../../image/index.ts';
import {
  isStripped,
  LEDGER_PLAN,
  type Completeness,
  type Ledger,
  type LedgerEntry,
  type LedgerFinding,
  type LedgerLayer,
  type LedgerTotals,
} from '../../ledger/index.ts';
import type { Diagnostic } from '../../packages/index.ts';
import { matchBases, parseLock } from '../../provenance/index.ts';
import { accountFiles, ledgerLayers, writeLedgerDocument, type AccountedFiles } from './account-files.ts';
import { createFileFilter, type FileFilterOptions } from '../store/file-filter.ts';
import { openImageStore, type ImageAccess } from '../store/open-image-store.ts';
import { loadOne } from '../store/resolve-target.ts';
import { scanImage, scanRootfs } from './scan-image.ts';
import { warnOfDiagnostics } from './warn-of-diagnostics.ts';

/** What a ledger can be failed for. */
export const LEDGER_FAULTS = [
  'modified',
  'missing',
  'unaccounted-executables',
  'unaccounted',
  'stripped',
  'not-checked',
] as const;
export type LedgerFault = (typeof LEDGER_FAULTS)[number];

export interface ListFilesOptions extends FileFilterOptions {
  readonly image: string;
  readonly access: ImageAccess;
  readonly maxLayerBytes?: number;
  /** Whether the content of files is compared with their packages' records. */
  readonly integrity: boolean;
  /** A lock of observed bases: what the base has is a class of its own. */
  readonly lockFile?: string;
  /** Write the whole ledger here, whatever is filtered. */
  readonly output?: string;
  /** No files, only totals and findings. */
  readonly summary: boolean;
  readonly failOn: readonly LedgerFault[];
}

/** Result of `image files --json`. */
export interface ListFilesResult {
  readonly image: string;
  readonly digest: Digest | null;
  readonly platform: string | null;
  readonly integrity: boolean;
  readonly completeness: Completeness;
  readonly reason: string;
  /** Of the whole image, whatever is filtered. */
  readonly totals: LedgerTotals;
  readonly findings: readonly LedgerFinding[];
  /** Those that the filters let through, sorted by path; null for a summary. */
  readonly files: readonly LedgerEntry[] | null;
  /** The ledger that was written. */
  readonly document: { readonly file: string; readonly digest: Digest; readonly sizeBytes: number } | null;
  /** Which of `failOn` are the case. */
  readonly failed: readonly LedgerFault[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface ListFilesOutcome {
  readonly result: ListFilesResult;
  readonly exitCode: ExitCode;
}

/** What was read of an image or of a root file system. */
interface Scanned {
  readonly digest?: Digest;
  readonly platform?: string;
  readonly stack: LayerStack;
  readonly catalog: CatalogRun;
  readonly layers: readonly LedgerLayer[];
  readonly accounted: AccountedFiles;
}

/**
 * Accounts for every file of an image. A negative verdict only for what `failOn` names.
 * @throws AppError USAGE for filters that cannot be and for faults that `integrity: false` cannot tell, and the codes of reading
 */
export async function listFiles(options: ListFilesOptions, runtime: Runtime): Promise<ListFilesOutcome> {
  const unchecked = options.integrity ? undefined : options.failOn.find((fault) => COMPARED.has(fault));
  if (unchecked !== undefined) {
    throw coreError('USAGE', `--fail-on ${unchecked} needs the comparison that --no-integrity leaves out`);
  }
  // what is wrong whatever the image has is told before it is read
  const { layer: _, ...lasting } = options;
  createFileFilter(lasting, []);
  const { path: rootfs, transport } = { path: '', ...parseImageReference(options.image) };
  const scanned = transport === 'dir' ? await scanFolder(rootfs, options, runtime) : await scanLayers(options, runtime);
  const { catalog, stack, accounted } = scanned;
  const filter = createFileFilter(options, scanned.layers);
  const diagnostics = [...stack.diagnostics, ...catalog.diagnostics];
  warnOfDiagnostics(diagnostics, runtime);
  const { ledger, summary } = accounted;
  const { completeness, reason } = summary;
  const failed = LEDGER_FAULTS.filter((fault) => options.failOn.includes(fault) && FAULTS[fault](ledger));
  const result: ListFilesResult = {
    image: options.image,
    digest: scanned.digest ?? null,
    platform: scanned.platform ?? null,
    integrity: options.integrity,
    completeness,
    reason,
    totals: ledger.totals,
    findings: ledger.findings,
    files: options.summary ? null : [...ledger.entries()].filter(filter),
    document: options.output === undefined ? null : await writeLedger(options.output, ledger, scanned),
    failed,
    diagnostics,
  };
  if (failed.length > 0) return { result, exitCode: ExitCode.Negative };
  if (!isNothingCompared(options.failOn, ledger)) return { result, exitCode: ExitCode.Passed };
  const message = 'no file could be compared with a record: whether files were modified is not known';
  runtime.progress({ kind: 'warning', message });
  return { result, exitCode: ExitCode.Partial };
}

/** What only the comparison with records tells: without it, none would be a pass that nobody checked. */
const COMPARED: ReadonlySet<LedgerFault> = new Set(['modified', 'missing', 'not-checked']);

/** Nothing checked is never a pass: an image without a single record that says what a file contains. */
function isNothingCompared(failOn: readonly LedgerFault[], { totals }: Ledger): boolean {
  const { verified, modified, configuration } = totals.integrity;
  return failOn.includes('modified') && verified + modified + configuration === 0;
}

const FAULTS: Readonly<Record<LedgerFault, (ledger: Ledger) => boolean>> = {
  modified: ({ totals }) => totals.integrity.modified > 0,
  missing: ({ totals }) => totals.missing > 0,
  'unaccounted-executables': ({ totals }) => totals.byClass.unaccounted.executables > 0,
  unaccounted: ({ totals }) => totals.byClass.unaccounted.files > 0,
  'not-checked': ({ findings }) => findings.some(({ kind }) => kind === 'not-checked'),
  stripped: ({ findings }) => findings.some(({ kind }) => isStripped(kind)),
};

async function scanFolder(path: string, { integrity }: ListFilesOptions, runtime: Runtime): Promise<Scanned> {
  const scanned = await scanRootfs(path, { integrity, signal: runtime.signal });
  runtime.progress({ kind: 'phase', label: 'accounting for files' });
  return {
    ...scanned,
    layers: [],
    accounted: await accountFiles({ ...scanned, integrity, layers: [], baseLayers: 0 }),
  };
}

async function scanLayers(options: ListFilesOptions, runtime: Runtime): Promise<Scanned> {
  const { lockFile, integrity, maxLayerBytes } = options;
  const lock = lockFile === undefined ? undefined : parseLock(await readInputFile(lockFile, LIMITS.lockBytes));
  await using opened = await openImageStore(options.image, options.access, runtime);
  const image = await loadOne(opened, options.access, runtime);
  const limits = maxLayerBytes === undefined ? {} : { maxLayerBytes };
  const scanned = await scanImage(image, opened.store, runtime, {
    extra: LEDGER_PLAN,
    files: { integrity },
    allowsPartial: true,
    ...limits,
  });
  const matches =
    lock === undefined ? [] : matchBases(lock, { platform: image.platform, diffIds: image.config.diffIds });
  runtime.progress({ kind: 'phase', label: 'accounting for files' });
  const layers = ledgerLayers(image);
  return {
    digest: image.digest,
    platform: formatPlatform(image.platform),
    stack: scanned.stack,
    catalog: scanned.catalog,
    layers,
    accounted: await accountFiles({ ...scanned, integrity, layers, baseLayers: matches[0]?.layerCount ?? 0 }),
  };
}

async function writeLedger(file: string, ledger: Ledger, scanned: Scanned): Promise<ListFilesResult['document']> {
  const { bytes, digest } = writeLedgerDocument(ledger, scanned);
  await writeFileAtomic(file, bytes, { ifExists: 'replace' });
  return { file, digest, sizeBytes: bytes.byteLength };
}

/** @throws AppError USAGE */
export function parseLedgerFaults(texts: readonly string[]): readonly LedgerFault[] {
  return texts
    .flatMap((text) => text.split(','))
    .map((text) => {
      const known = LEDGER_FAULTS.find((fault) => fault === text.trim());
      if (known !== undefined) return known;
      throw coreError('USAGE', `--fail-on ${JSON.stringify(text.slice(0, 80))} is nothing that can be`, {
        hint: `one of ${LEDGER_FAULTS.join(', ')}`,
      });
    });
}
