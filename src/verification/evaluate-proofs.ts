import type { ParsedBundle, ParsedFileBundle } from '../attestation/index.ts';
import type { LogBodySigner } from './log-body.ts';
import { Rejection } from './rejection.ts';
import type { SignedContent } from './signed-content.ts';
import type { Thresholds, TrustedRoot } from './trust-types.ts';
import type { LogEvaluation, NotEvaluated, SigningTime, TimestampEvaluation } from './types.ts';
import { isWithin, showValidity } from './validity.ts';
import { verifyLogEntry, type LogProof } from './verify-log-entry.ts';
import { verifyTimestamp } from './verify-timestamp.ts';

export interface ProofContext {
  readonly content: SignedContent;
  readonly signer: LogBodySigner;
  readonly root: TrustedRoot;
  readonly thresholds: Pick<Thresholds, 'logs' | 'timestamps'>;
  /** False: entries are not looked at, whatever the threshold. */
  readonly withLog: boolean;
  /** The clock of who asks, for a log's window where no trusted source says when. */
  readonly now: Date | undefined;
}

export interface Proofs {
  readonly log: LogEvaluation | NotEvaluated;
  readonly timestamps: TimestampEvaluation;
  /** Every moment that a trusted source vouches for. */
  readonly times: readonly SigningTime[];
}

type Bundle = ParsedBundle | ParsedFileBundle;

/**
 * Evaluates log entries and timestamps of a bundle under one trusted root, and counts distinct operators. A timestamp that does not verify only does
 * not count; a log entry that contradicts the bundle or its log refuses it.
 * @throws Rejection LOG_*, TIME_MISSING, TIME_THRESHOLD, TIMESTAMP_INVALID
 */
export async function evaluateProofs(bundle: Bundle, context: ProofContext): Promise<Proofs> {
  const timestamps = evaluateTimestamps(bundle, context);
  const entries = bundle.logEntries.length;
  if (!context.withLog) {
    checkTimes(timestamps.verified, timestamps, context);
    return { log: { evaluated: false, entries }, timestamps, times: timestamps.verified };
  }
  const proofs = await verifyEntries(bundle, context);
  const times = [...timestamps.verified, ...proofs.flatMap(({ entry }) => timeOf(entry))];
  checkLogs(proofs, entries, context);
  checkTimes(times, timestamps, context);
  for (const proof of proofs) checkLogWindow(proof, times, context);
  const verified = proofs.map(({ entry }) => entry);
  return { log: { evaluated: true, entries, verified, untrusted: entries - verified.length }, timestamps, times };
}

function evaluateTimestamps(bundle: Bundle, { content, root }: ProofContext): TimestampEvaluation {
  const verified: SigningTime[] = [];
  const problems: string[] = [];
  for (const timestamp of bundle.timestamps) {
    try {
      const { time, operator } = verifyTimestamp(
        timestamp,
        content.stamped ?? content.signature,
        root.timestampAuthorities,
      );
      verified.push({ time: time.toISOString(), source: 'timestamp', operator });
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      problems.push(error.message);
    }
  }
  return { evaluated: true, entries: bundle.timestamps.length, verified, problems };
}

async function verifyEntries(bundle: Bundle, { content, signer, root }: ProofContext): Promise<readonly LogProof[]> {
  const proofs: LogProof[] = [];
  for (const entry of bundle.logEntries) {
    const logs = root.transparencyLogs;
    const proof = await verifyLogEntry(entry, { content, signer, version: bundle.version, logs });
    if (proof === undefined) continue;
    if (proofs.some(({ key }) => key === proof.key))
      throw new Rejection('LOG_INVALID', 'a log entry is in the bundle twice');
    proofs.push(proof);
  }
  return proofs;
}

function timeOf({ integratedTime, operator }: LogProof['entry']): readonly SigningTime[] {
  return integratedTime === undefined ? [] : [{ time: integratedTime, source: 'log', operator }];
}

/**
 * A promise has the log's time in it, and the library looks; a proof alone has none, so a trusted time must lie in the log's window. Where there is none,
 * the log must still be in use: what it holds was added before.
 */
function checkLogWindow({ entry, log }: LogProof, times: readonly SigningTime[], { now }: ProofContext): void {
  if (entry.integratedTime !== undefined) return;
  const moments = times.length > 0 ? times.map(({ time }) => new Date(time)) : now === undefined ? [] : [now];
  if (moments.some((moment) => isWithin(log.validFor, moment))) return;
  const [first] = moments;
  if (first === undefined && log.validFor.end === undefined) return;
  const when = first === undefined ? 'and no trusted time is at hand' : `and not at ${first.toISOString()}`;
  throw new Rejection('LOG_INVALID', `the log is trusted ${showValidity(log.validFor)}, ${when}`);
}

function checkLogs(proofs: readonly LogProof[], entries: number, { thresholds }: ProofContext): void {
  const count = distinctOperators(proofs.map(({ entry }) => entry));
  if (count >= thresholds.logs) return;
  if (entries === 0) {
    throw new Rejection('LOG_MISSING', 'a transparency log entry is required, and the bundle has none');
  }
  if (count === 0)
    throw new Rejection('LOG_UNTRUSTED', 'a transparency log entry is required, and no trusted log holds one');
  throw new Rejection(
    'LOG_THRESHOLD',
    `logs of ${count} distinct operators hold an entry; ${thresholds.logs} are required`,
  );
}

function checkTimes(
  times: readonly SigningTime[],
  evaluation: TimestampEvaluation,
  { thresholds }: ProofContext,
): void {
  const count = distinctOperators(times);
  if (count >= thresholds.timestamps) return;
  const [problem] = evaluation.problems;
  if (count === 0 && problem !== undefined) throw new Rejection('TIMESTAMP_INVALID', problem);
  if (count === 0) throw new Rejection('TIME_MISSING', 'nobody trusted says when it was signed');
  throw new Rejection(
    'TIME_THRESHOLD',
    `${count} distinct operators say when it was signed; ${thresholds.timestamps} are required`,
  );
}

/** Operators without a name count as one: nothing shows that they are two. */
export function distinctOperators(entries: readonly { readonly operator: string }[]): number {
  return new Set(entries.map(({ operator }) => operator)).size;
}
