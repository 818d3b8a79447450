import { writeFileAtomic, type ExitCode, type Runtime } from '../../core/index.ts';
import { canonicalEvidence } from '../../evidence/index.ts';
import { canonicalDecision, type Decision } from '../../policy/index.ts';
import {
  decideInputs,
  replayGate,
  type CheckGateOptions,
  type ReplayGateOptions,
  type ReplayGateResult,
} from './check-gate.ts';
import type { OpaRuntime } from './compile-rego.ts';
import type { VsaEmitter, VsaOutputOptions, VsaReport } from './emit-vsas.ts';
import { appError } from '../errors.ts';
import { readGateInputs } from './gate-inputs.ts';
import { outputFilesOf, parseGateOutputs, writeGateOutputs, type DecisionSpeller } from './gate-outputs.ts';
import { writePins, type WrittenPins } from './write-pins.ts';

/** What becomes of a decision beside the exit code. */
export interface GateOutputOptions {
  /** `FORMAT[=FILE]` of `GATE_FORMATS`; text goes to standard output unless another output does. */
  readonly outputs?: readonly string[];
  /** Standard output is for the report. */
  readonly json: boolean;
  readonly spell: DecisionSpeller;
}

export interface ReportGateOptions extends CheckGateOptions, GateOutputOptions {
  readonly evidenceFile?: string;
  readonly decisionFile?: string;
  /** Write the digests of allowed images into the manifests; `unpinned` is `warn` then. */
  readonly writePins?: boolean;
  /** Sign a verification summary for each digest that is allowed. */
  readonly vsa?: VsaOutputOptions;
}

/** Result of `gate check --json`. */
export interface GateReport {
  readonly decision: Decision;
  readonly evidenceFile?: string;
  readonly decisionFile?: string;
  /** Further files that were written. */
  readonly files?: readonly string[];
  /** What was written into manifests, and what was not. */
  readonly pins?: WrittenPins;
  /** Verification summaries that were signed. */
  readonly vsas?: VsaReport;
}

export interface GateOutcome<T> {
  readonly report: T;
  /** What goes to standard output, without a newline at its end. */
  readonly stdout: string;
  readonly exitCode: ExitCode;
}

/** Decides and writes what was asked for; files are written whatever the verdict is. Pins last: nothing else fails after manifests were changed. */
export async function reportGate(options: ReportGateOptions, runtime: Runtime): Promise<GateOutcome<GateReport>> {
  const { evidenceFile, decisionFile, vsa } = options;
  const outputs = parseGateOutputs(options.outputs ?? [], options);
  const files = outputFilesOf(outputs);
  const given = options.writePins === true ? pinning(options) : options;
  const inputs = await readGateInputs(given);
  await using emitter = vsa === undefined ? undefined : await openEmitter(vsa, options, runtime);
  const outputFiles = [evidenceFile, decisionFile, vsa?.file, ...files].filter((file) => file !== undefined);
  const { decision, evidence } = await decideInputs(inputs, { ...given, outputFiles }, runtime);
  if (evidenceFile !== undefined)
    await writeFileAtomic(evidenceFile, `${canonicalEvidence(evidence)}\n`, { ifExists: 'replace' });
  if (decisionFile !== undefined)
    await writeFileAtomic(decisionFile, `${canonicalDecision(decision)}\n`, { ifExists: 'replace' });
  const stdout = await writeGateOutputs(decision, outputs, options.spell);
  const vsas = await emitter?.emit(decision, evidence);
  const pins = options.writePins === true ? await writePins(inputs, decision) : undefined;
  return {
    report: {
      decision,
      ...(evidenceFile === undefined ? {} : { evidenceFile }),
      ...(decisionFile === undefined ? {} : { decisionFile }),
      ...(files.length === 0 ? {} : { files }),
      ...(pins === undefined ? {} : { pins }),
      ...(vsas === undefined ? {} : { vsas }),
    },
    stdout,
    exitCode: decision.exitCode,
  };
}

/** Loads what signing takes, which a gate that only decides does without. */
async function openEmitter(
  vsa: VsaOutputOptions,
  { access }: ReportGateOptions,
  runtime: Runtime,
): Promise<VsaEmitter> {
  const { openVsaEmitter } = await import('./emit-vsas.ts');
  return openVsaEmitter(vsa, access, runtime);
}

/** @throws AppError PINS_NEED_FILES */
function pinning(options: ReportGateOptions): ReportGateOptions {
  const { deployments = [] } = options;
  if (deployments.length === 0 || deployments.includes('-')) {
    throw appError('PINS_NEED_FILES', 'pins are written into manifest files, and standard input is none', {
      hint: 'name the files: -f deploy.yaml --write-pins',
    });
  }
  return { ...options, unpinned: 'warn' };
}

export interface ReportReplayOptions extends ReplayGateOptions, GateOutputOptions {}

/** Decides again from saved evidence and writes what was asked for. */
export async function reportReplay(
  options: ReportReplayOptions,
  runtime: OpaRuntime,
): Promise<GateOutcome<ReplayGateResult>> {
  const outputs = parseGateOutputs(options.outputs ?? [], options);
  const report = await replayGate({ ...options, outputFiles: outputFilesOf(outputs) }, runtime);
  const stdout = await writeGateOutputs(report.decision, outputs, options.spell);
  return { report, stdout, exitCode: report.decision.exitCode };
}
