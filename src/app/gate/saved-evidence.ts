import { AppError, isAppError, LIMITS, readInputFile } from '../../core/index.ts';
import { openEvidence, type EvidenceView } from '../../evidence/index.ts';
import { decide, type Decision, type LoadedPolicy } from '../../policy/index.ts';

/** Largest evidence file that is read: any that `checkGate` writes. */
const MAX_EVIDENCE_BYTES = 2 * LIMITS.lockBytes;

/** Reads a file of `gate check --evidence-out` and verifies everything in it again. Throws as `openEvidence` and `readInputFile` do. */
export async function readSavedEvidence(file: string): Promise<EvidenceView> {
  const bytes = await readInputFile(file, MAX_EVIDENCE_BYTES);
  try {
    return openEvidence(bytes);
  } catch (error) {
    if (!isAppError(error) || !(await isDecision(file))) throw error;
    throw new AppError(error.code, error.exitCode, `${file} is a decision, not the evidence that it rests on`, {
      cause: error,
      hint: 'give the file that gate check --evidence-out wrote',
    });
  }
}

/** Whether a file is what `gate check --decision-out` writes: nothing of it is believed. */
export async function isDecision(file: string): Promise<boolean> {
  try {
    const value: unknown = JSON.parse(Buffer.from(await readInputFile(file, LIMITS.lockBytes)).toString('utf8'));
    return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Decision';
  } catch {
    return false;
  }
}

/** Decides from saved evidence: for the time given, or else the one it was collected at. */
export async function decideSaved(view: EvidenceView, loaded: LoadedPolicy, asOf: Date | undefined): Promise<Decision> {
  return decide(view, loaded, { now: asOf ?? new Date(view.document.collectedAt) });
}
