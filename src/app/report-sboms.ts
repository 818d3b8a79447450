import type { ExitCode, JsonValue, Runtime } from '../core/index.ts';
import type { Diagnostic } from '../packages/index.ts';
import { loadCycloneDxWriter, parseOutputFormat, type SbomDocument } from '../sbom/index.ts';
import { checkOutputs, createSboms, sbomExitCode, writeSbomOutputs, type CreateSbomOptions } from './create-sbom.ts';
import { appError } from './errors.ts';

export interface ReportSbomsOptions extends CreateSbomOptions {
  /** `FORMAT[@VERSION][=FILE]`; CycloneDX JSON to stdout when empty. */
  readonly outputs: readonly string[];
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
  }[];
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
  checkOutputs(outputs);
  const toStdout = outputs.find((output) => output.file === undefined);
  if (options.json && toStdout !== undefined && toStdout.format !== 'cyclonedx-json') {
    throw appError('OUTPUT_CONFLICT', `--json and -o ${toStdout.format} both want stdout`, {
      hint: `give the output a file: -o ${toStdout.format}=FILE`,
    });
  }
  const versions = [...new Set(outputs.flatMap(({ specVersion }) => specVersion ?? []))];
  const sboms = await createSboms(
    options,
    onFirstLayers(runtime, () => loadCycloneDxWriter(versions)),
  );
  const { stdout, files } = await writeSbomOutputs(sboms, outputs, options.renderTable);
  const report: SbomReport = {
    image: options.image,
    sboms: sboms.map((sbom) => ({
      platform: sbom.platform ?? null,
      digest: sbom.digest ?? null,
      serialNumber: sbom.document.serialNumber,
      packages: sbom.packages,
      diagnostics: sbom.diagnostics,
    })),
    files,
    ...(options.json && toStdout !== undefined ? { document: JSON.parse(stdout) as JsonValue } : {}),
  };
  return { report, stdout, exitCode: sbomExitCode(sboms, options.strict) };
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
