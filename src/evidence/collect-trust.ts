import { sha256Digest } from '../core/index.ts';
import { BlobCollector } from './blob-collector.ts';
import type { TrustPort } from './ports.ts';
import type { EvidenceTrustedRoot } from './types.ts';

/** The trusted root of one collection: read once, whichever image asks first. */
export interface TrustCollector {
  /** Begins to read; a failure is told by `ready`. */
  start(): void;
  /** Waits for it, no longer than the signal says. Throws what reading threw, for every image that needs it. */
  ready(signal: AbortSignal): Promise<void>;
  /** What was read; empty when nobody asked, it is not there yet, or it failed. */
  roots(): readonly EvidenceTrustedRoot[];
  /** Adds the bytes of these roots. */
  addTo(blobs: BlobCollector): void;
}

/** @param signal of the whole collection, as the images share the root */
export function trustCollector(port: TrustPort, signal: AbortSignal): TrustCollector {
  let reading: Promise<void> | undefined;
  const kept = new BlobCollector();
  let root: EvidenceTrustedRoot | undefined;
  const read = async (): Promise<void> => {
    const bytes = await port.read(signal);
    const digest = sha256Digest(bytes);
    kept.add(digest, bytes);
    root = { source: port.source, root: digest };
  };
  const start = (): Promise<void> => {
    reading ??= read();
    // who waits for it is told; nobody else must be
    reading.catch(() => undefined);
    return reading;
  };
  return {
    start: () => void start(),
    ready: (limit) => orAborted(start(), limit),
    roots: () => (root === undefined ? [] : [root]),
    addTo: (blobs) => blobs.addAll(kept),
  };
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
