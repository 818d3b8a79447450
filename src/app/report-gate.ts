import { writeFileAtomic, type ExitCode, type Runtime } from '../core/index.ts';
import { canonicalEvidence } from '../evidence/index.ts';
import { canonicalDecision, type Decision } from '../policy/index.ts';
import { checkGate, type CheckGateOptions } from './check-gate.ts';

export interface ReportGateOptions extends CheckGateOptions {
  readonly evidenceFile?: string;
  readonly decisionFile?: string;
}

/** Result of `gate check --json`. */
export interface GateReport {
  readonly decision: Decision;
  readonly evidenceFile?: string;
  readonly decisionFile?: string;
}

/** Decides and writes what was asked for; files are written whatever the verdict is. */
export async function reportGate(
  options: ReportGateOptions,
  runtime: Runtime,
): Promise<{ readonly report: GateReport; readonly exitCode: ExitCode }> {
  const { evidenceFile, decisionFile } = options;
  const outputFiles = [evidenceFile, decisionFile].filter((file) => file !== undefined);
  const { decision, evidence } = await checkGate({ ...options, outputFiles }, runtime);
  if (evidenceFile !== undefined)
    await writeFileAtomic(evidenceFile, `${canonicalEvidence(evidence)}\n`, { ifExists: 'replace' });
  if (decisionFile !== undefined)
    await writeFileAtomic(decisionFile, `${canonicalDecision(decision)}\n`, { ifExists: 'replace' });
  return {
    report: {
      decision,
      ...(evidenceFile === undefined ? {} : { evidenceFile }),
      ...(decisionFile === undefined ? {} : { decisionFile }),
    },
    exitCode: decision.exitCode,
  };
}
