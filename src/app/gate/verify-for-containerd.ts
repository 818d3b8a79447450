import { ExitCode, isAppError, safeText, writeFileAtomic, type Runtime } from '../../core/index.ts';
import { canonicalEvidence } from '../../evidence/index.ts';
import { allResults, canonicalDecision, type Decision } from '../../policy/index.ts';
import { checkGate, type CheckGateOptions } from './check-gate.ts';
import { MAX_CONTAINERD_INPUT_BYTES, parseContainerdRequest } from './containerd-request.ts';

export interface VerifyForContainerdOptions extends Pick<
  CheckGateOptions,
  'policyFile' | 'policyDigest' | 'opa' | 'access' | 'deadlineMs' | 'maxLayerBytes' | 'offline' | 'tufCaFile'
> {
  /** Arguments that containerd gave. */
  readonly words: readonly string[];
  readonly readStdin: (maxBytes: number) => Promise<Uint8Array>;
  readonly evidenceFile?: string;
  readonly decisionFile?: string;
}

/** Result of `gate containerd --json`. */
export interface ContainerdJudgement {
  readonly allowed: boolean;
  /** One line, safe for a log. */
  readonly reason: string;
  /** Null when it did not come to one. */
  readonly decision: Decision | null;
}

const MAX_REASON_CHARS = 1000;
const SHOWN = 3;

/**
 * Judges an image that containerd is about to pull or run: the gate's decision about the digest that was resolved, in the repository that was named. Anything that goes wrong
 * on the way is a refusal with its reason, never an exception: containerd shows what is on standard output.
 */
export async function verifyForContainerd(
  options: VerifyForContainerdOptions,
  runtime: Runtime,
): Promise<{ readonly judgement: ContainerdJudgement; readonly exitCode: ExitCode }> {
  try {
    const decision = await decideRequest(options, runtime);
    const partly = decision.exitCode === ExitCode.Passed ? partlyApproved(decision) : undefined;
    const exitCode = partly === undefined ? decision.exitCode : ExitCode.Negative;
    const reason = partly ?? reasonOf(decision);
    return { judgement: { allowed: exitCode === ExitCode.Passed, reason, decision }, exitCode };
  } catch (error) {
    if (!isAppError(error) || error.exitCode === ExitCode.Passed) throw error;
    const reason = line(`denied: ${error.code}: ${error.message}`);
    return { judgement: { allowed: false, reason, decision: null }, exitCode: error.exitCode };
  }
}

async function decideRequest(options: VerifyForContainerdOptions, runtime: Runtime): Promise<Decision> {
  const { words, readStdin, evidenceFile, decisionFile, ...gate } = options;
  const { reference } = parseContainerdRequest(words, await readStdin(MAX_CONTAINERD_INPUT_BYTES));
  const outputFiles = [evidenceFile, decisionFile].filter((file) => file !== undefined);
  const { decision, evidence } = await checkGate({ ...gate, images: [reference], outputFiles }, runtime);
  if (evidenceFile !== undefined)
    await writeFileAtomic(evidenceFile, `${canonicalEvidence(evidence)}\n`, { ifExists: 'replace' });
  if (decisionFile !== undefined)
    await writeFileAtomic(decisionFile, `${canonicalDecision(decision)}\n`, { ifExists: 'replace' });
  return decision;
}

/** Why a decision that denies nothing does not allow this digest: rules for some platforms approve those alone, and containerd may run any platform of an index. */
function partlyApproved({ images }: Decision): string | undefined {
  const [image] = images;
  if (image !== undefined && image.digest !== null && image.approves.includes(image.digest)) return undefined;
  const approved = image?.approves.slice(0, SHOWN).join(', ') ?? '';
  return line(
    `denied: PLATFORMS_PARTLY_APPROVED: only some platforms of ${image?.digest ?? 'the image'} are approved: ${approved}; refer to one of them, or let the rules speak of all platforms`,
  );
}

function reasonOf(decision: Decision): string {
  const policy = `policy ${decision.policy.name ?? ''} ${decision.policy.digest}`.replace('  ', ' ');
  const { verdict } = decision;
  if (verdict !== 'deny') return line(`allowed${verdict === 'warn' ? ' with warnings' : ''} by ${policy}`);
  const failures = decision.images
    .flatMap(allResults)
    .filter(({ outcome }) => outcome === 'fail' || outcome === 'error')
    .map(({ code, reason }) => `${code}: ${reason}`);
  const more = failures.length > SHOWN ? `; and ${failures.length - SHOWN} more` : '';
  return line(`denied by ${policy}: ${failures.slice(0, SHOWN).join('; ')}${more}`);
}

function line(text: string): string {
  return safeText(text, MAX_REASON_CHARS);
}
