import { LIMITS, readInputFile } from '../core/index.ts';
import { openEvidence, type EvidenceView } from '../evidence/index.ts';
import { decide, type Decision, type LoadedPolicy } from '../policy/index.ts';

/** Largest evidence file that is read: any that `checkGate` writes. */
const MAX_EVIDENCE_BYTES = 2 * LIMITS.lockBytes;

/** Reads a file of `gate check --evidence-out` and verifies everything in it again. Throws as `openEvidence` and `readInputFile` do. */
export async function readSavedEvidence(file: string): Promise<EvidenceView> {
  return openEvidence(await readInputFile(file, MAX_EVIDENCE_BYTES));
}

/** Decides from saved evidence: for the time given, or else the one it was collected at. */
export async function decideSaved(view: EvidenceView, loaded: LoadedPolicy, asOf: Date | undefined): Promise<Decision> {
  return decide(view, loaded, { now: asOf ?? new Date(view.document.collectedAt) });
}
