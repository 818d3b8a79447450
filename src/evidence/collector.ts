import { coreError, isAppError, type AppError, type Digest } from '../core/index.ts';
import type { Lock } from '../provenance/index.ts';
import type { BlobCollector } from './blob-collector.ts';
import type { TrustCollector } from './collect-trust.ts';
import type { EvidenceNeeds, EvidencePorts, TrustPort } from './ports.ts';
import type { EvidenceDeployed, EvidenceDocument, EvidenceError } from './types.ts';

export interface CollectOptions {
  readonly ports: EvidencePorts;
  readonly collectedAt: Date;
  /** By canonical name: rules differ by image. */
  readonly needs: (name: string | null) => EvidenceNeeds;
  /** Where the trusted root is from that some image may need; without it none is collected, and deciding says that it is missing. */
  readonly trust?: TrustPort;
  /**
   * Called for each image once its bundles are there, with a document of that image alone: what each platform still needs. For policies by which a verified
   * statement may settle a rule, so that layers are not read for nothing.
   */
  readonly settle?: (found: EvidenceDocument) => Promise<(manifest: Digest) => EvidenceNeeds>;
  /** By reference as written: what deploys it. */
  readonly deployed?: ReadonlyMap<string, EvidenceDeployed>;
  /** Bases to compare with. */
  readonly lock?: Lock;
  readonly signal: AbortSignal;
  /** For each image, all parts together. */
  readonly deadlineMs: number;
  /** Images at the same time; 4 unless given. */
  readonly concurrency?: number;
}

/** What collecting one image has at hand, and where it notes what failed. */
export interface Collector {
  readonly blobs: BlobCollector;
  readonly trust: TrustCollector | undefined;
  readonly options: CollectOptions;
  readonly signal: AbortSignal;
  readonly deadline: AbortSignal;
  readonly errors: EvidenceError[];
}

/** What an error is about. */
export type Part = Pick<EvidenceError, 'what' | 'subject' | 'platform'>;

/** Runs one part; a failure is noted and gives undefined. Interruption by the user is no failure of a part. */
export async function attempt<T>(
  collector: Collector,
  part: Part,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  try {
    collector.signal.throwIfAborted();
    return await work(collector.signal);
  } catch (error) {
    if (collector.options.signal.aborted) throw error;
    const failure = toAppError(error, collector);
    collector.errors.push({ ...part, code: failure.code, reason: failure.message, exitCode: failure.exitCode });
    return undefined;
  }
}

function toAppError(error: unknown, collector: Collector): AppError {
  if (collector.deadline.aborted && !(isAppError(error) && error.code !== 'INTERRUPTED')) {
    return coreError('DEADLINE_EXCEEDED', `not collected within ${collector.options.deadlineMs} ms`);
  }
  if (isAppError(error)) return error;
  return coreError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
}

/** Two parts at the same time; what failed is noted in their order, whichever failed first. */
export async function inOrder<A, B>(
  collector: Collector,
  parts: readonly [(part: Collector) => Promise<A>, (part: Collector) => Promise<B>],
): Promise<readonly [A, B]> {
  const [first, second]: readonly [EvidenceError[], EvidenceError[]] = [[], []];
  // neither is left behind when the other ends by an interruption
  const outcomes = await Promise.allSettled([
    parts[0]({ ...collector, errors: first }),
    parts[1]({ ...collector, errors: second }),
  ]);
  collector.errors.push(...first, ...second);
  const [a, b] = outcomes;
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}
