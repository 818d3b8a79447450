import { writeFileAtomic, type ExitCode, type JsonValue, type Runtime } from '../../core/index.ts';
import type { LedgerSummary } from '../../ledger/index.ts';
import type { CatalogNote, Diagnostic } from '../../packages/index.ts';
import {
  loadCycloneDxWriter,
  parseOutputFormat,
  platformSkew,
  type SbomDocument,
  type SkewEntry,
} from '../../sbom/index.ts';
import { createSboms, sbomExitCode, type CreateSbomOptions } from './create-sbom.ts';
import type { PlatformSbom } from './platform-sbom.ts';
import { checkOutputs, checkShares, outputPath, writeSbomOutputs } from './sbom-outputs.ts';
import { estimateBundleBytes, warnOfBundleSize } from './bundle-size.ts';
import { appError } from '../errors.ts';

export interface ReportSbomsOptions extends CreateSbomOptions {
  /** `FORMAT[@VERSION][=FILE]`; CycloneDX JSON to stdout when empty. */
  readonly outputs: readonly string[];
  /** Write the ledger of each platform here; `{platform}` in it as in outputs. */
  readonly ledgerFile?: string;
  /** stdout is for the report: what would go there is put into it. */
  readonly json: boolean;
  readonly renderTable: (document: SbomDocument) => string;
}

/** Result of `sbom create --json`. */
export interface SbomReport {
  readonly image: string;
  readonly sboms: readonly {
    readonly platform: string | null;
    readonly digest: string | null;
    readonly serialNumber: string;
    readonly packages: number;
    readonly diagnostics: readonly Diagnostic[];
    /** What is there but not identified, keys that the image trusts, what documents inside it say otherwise, what lower layers hide. */
    readonly notes: readonly CatalogNote[];
    /** About how large an attestation of the CycloneDX JSON document would be; null when none was written. */
    readonly bundleBytes: number | null;
    /** What accounting for the files said. */
    readonly ledger: Pick<LedgerSummary, 'completeness' | 'reason' | 'totals'> & {
      /** The ledger that was written. */
      readonly document: { readonly file: string; readonly digest: string } | null;
    };
  }[];
  /** Of an index with all its platforms: packages that are not the same on all of them. */
  readonly skew?: readonly SkewEntry[];
  /** Files that were written. */
  readonly files: readonly string[];
  /** The document that would have gone to stdout, when it is JSON. */
  readonly document?: JsonValue;
}

export interface SbomOutcome {
  readonly report: SbomReport;
  readonly stdout: string;
  readonly exitCode: ExitCode;
}

/** Creates SBOMs and writes all outputs. */
export async function reportSboms(options: ReportSbomsOptions, runtime: Runtime): Promise<SbomOutcome> {
  const outputs = (options.outputs.length === 0 ? ['cyclonedx-json'] : options.outputs).map((text) =>
    parseOutputFormat(text),
  );
  checkOutputs(outputs, options.ledgerFile);
  const toStdout = outputs.find((output) => output.file === undefined);
  if (options.json && toStdout !== undefined && toStdout.format !== 'cyclonedx-json') {
    throw appError('OUTPUT_CONFLICT', `--json and -o ${toStdout.format} both want stdout`, {
      hint: `give the output a file: -o ${toStdout.format}=FILE`,
    });
  }
  const versions = [...new Set(outputs.flatMap(({ specVersion }) => specVersion ?? []))];
  const { platforms: sboms, index } = await createSboms(
    {
      ...options,
      ledgerDocument: options.ledgerFile !== undefined,
      onPlatforms: (names) => checkShares(names, outputs, options.ledgerFile),
    },
    onFirstLayers(runtime, () => loadCycloneDxWriter(versions)),
  );
  const bundleBytes = new Map<SbomDocument, number>();
  const { stdout, files } = await writeSbomOutputs(
    sboms.map(({ document, platform }) => ({ document, name: platform ?? 'rootfs' })),
    outputs,
    {
      renderTable: options.renderTable,
      written: ({ document }, sizeBytes) => bundleBytes.set(document, estimateBundleBytes(sizeBytes)),
      ...(index === undefined ? {} : { index: { document: index, name: 'index' } }),
    },
  );
  for (const sbom of sboms) {
    warnOfBundleSize(bundleBytes.get(sbom.document) ?? 0, `the SBOM of ${sbom.platform ?? options.image}`, runtime);
  }
  const ledgers = await writeLedgers(sboms, options.ledgerFile);
  const skew =
    index === undefined
      ? undefined
      : platformSkew(sboms.map(({ platform = '', document }) => ({ platform, document })));
  if (skew !== undefined && skew.length > 0) warnOfSkew(skew, runtime);
  const report: SbomReport = {
    image: options.image,
    sboms: sboms.map((sbom) => ({
      platform: sbom.platform ?? null,
      digest: sbom.digest ?? null,
      serialNumber: sbom.document.serialNumber,
      packages: sbom.packages,
      diagnostics: sbom.diagnostics,
      notes: sbom.notes,
      bundleBytes: bundleBytes.get(sbom.document) ?? null,
      ledger: {
        completeness: sbom.ledger.completeness,
        reason: sbom.ledger.reason,
        totals: sbom.ledger.totals,
        document: ledgers.get(sbom) ?? null,
      },
    })),
    ...(skew === undefined ? {} : { skew }),
    files: [...files, ...[...ledgers.values()].map(({ file }) => file)],
    ...(options.json && toStdout !== undefined ? { document: JSON.parse(stdout) as JsonValue } : {}),
  };
  return { report, stdout, exitCode: sbomExitCode(sboms, options.strict) };
}

/** Writes ledgers that were asked for. */
async function writeLedgers(
  sboms: readonly PlatformSbom[],
  file: string | undefined,
): Promise<ReadonlyMap<PlatformSbom, { readonly file: string; readonly digest: string }>> {
  const written = new Map<PlatformSbom, { readonly file: string; readonly digest: string }>();
  if (file === undefined) return written;
  const paths = sboms.map(({ platform }) => outputPath(file, platform ?? 'rootfs'));
  for (const [index, sbom] of sboms.entries()) {
    const path = paths[index];
    if (path === undefined || sbom.ledgerDocument === undefined) continue;
    await writeFileAtomic(path, sbom.ledgerDocument.bytes, { ifExists: 'replace' });
    written.set(sbom, { file: path, digest: sbom.ledgerDocument.digest });
  }
  return written;
}

const SHOWN = 3;

function warnOfSkew(skew: readonly SkewEntry[], runtime: Runtime): void {
  const shown = skew.slice(0, SHOWN).map(({ name }) => name);
  const more = skew.length > SHOWN ? ` and ${skew.length - SHOWN} more` : '';
  runtime.progress({
    kind: 'warning',
    message: `the platforms differ in ${skew.length} ${skew.length === 1 ? 'package' : 'packages'}: ${shown.join(', ')}${more}; --json lists them with their versions`,
  });
}

/** The same runtime; `act` begins once workers read layers, when this thread has nothing else to do. */
function onFirstLayers(runtime: Runtime, act: () => Promise<void>): Runtime {
  let begun = false;
  return {
    ...runtime,
    progress: (event) => {
      runtime.progress(event);
      if (begun || event.kind !== 'layers') return;
      begun = true;
      void act();
    },
  };
}
