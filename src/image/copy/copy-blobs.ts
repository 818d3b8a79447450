import { setTimeout as wait } from 'node:timers/promises';
import { ExitCode, isAppError, mapConcurrent, throwIfAborted } from '../../core/index.ts';
import { streamBlob } from '../read-blob.ts';
import type { BlobSource, Descriptor, ImageStore } from '../types.ts';
import type { CopyDestination, CopySource, CopySpace, PlannedManifest } from './contract.ts';
import { COPY_CONCURRENCY } from './read-tree.ts';

/** Transfers of one blob that are begun, when the line breaks. */
const MAX_ATTEMPTS = 3;
const WAIT_MS = 500;
/** Progress is told at steps of this size. */
const REPORT_BYTES = 256 * 1024;

export interface BlobCounts {
  readonly copied: number;
  /** There already. */
  readonly present: number;
  /** Taken over from another repository of the same registry. */
  readonly mounted: number;
  readonly copiedBytes: number;
  readonly presentBytes: number;
  readonly mountedBytes: number;
}

export interface CopyBlobs {
  readonly from: CopySource;
  readonly to: CopyDestination;
  readonly signal: AbortSignal;
  /** Bytes that are there by now, of all. */
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

interface Job {
  readonly descriptor: Descriptor;
  readonly space: CopySpace;
}

/** Copies the blobs of these manifests, a few at a time, each once. What is there stays as it is. @throws AppError the stores' own codes */
export async function copyBlobs(manifests: readonly PlannedManifest[], options: CopyBlobs): Promise<BlobCounts> {
  const jobs = distinctJobs(manifests, options.to);
  const totalBytes = jobs.reduce((sum, { descriptor }) => sum + descriptor.sizeBytes, 0);
  let doneBytes = 0;
  let reportedBytes = 0;
  const advance = (bytes: number): void => {
    doneBytes += bytes;
    if (doneBytes < totalBytes && Math.abs(doneBytes - reportedBytes) < REPORT_BYTES) return;
    reportedBytes = doneBytes;
    options.onProgress(doneBytes, totalBytes);
  };
  const outcomes = await mapConcurrent(jobs, COPY_CONCURRENCY, async (job) => {
    throwIfAborted(options.signal);
    const outcome = await copyOne(job, { ...options, advance });
    if (outcome !== 'copied') advance(job.descriptor.sizeBytes);
    return { outcome, sizeBytes: job.descriptor.sizeBytes };
  });
  const count = (wanted: Outcome): number => outcomes.filter(({ outcome }) => outcome === wanted).length;
  const bytes = (wanted: Outcome): number =>
    outcomes.reduce((sum, { outcome, sizeBytes }) => (outcome === wanted ? sum + sizeBytes : sum), 0);
  return {
    copied: count('copied'),
    present: count('present'),
    mounted: count('mounted'),
    copiedBytes: bytes('copied'),
    presentBytes: bytes('present'),
    mountedBytes: bytes('mounted'),
  };
}

type Outcome = 'copied' | 'present' | 'mounted';

function distinctJobs(manifests: readonly PlannedManifest[], to: CopyDestination): readonly Job[] {
  const isOnePlace = to.images === to.attachments;
  const jobs = new Map<string, Job>();
  for (const { blobs, space } of manifests) {
    for (const descriptor of blobs) {
      const key = `${isOnePlace ? '' : space} ${descriptor.digest} ${descriptor.sizeBytes}`;
      if (!jobs.has(key)) jobs.set(key, { descriptor, space });
    }
  }
  return [...jobs.values()];
}

interface CopyOne extends CopyBlobs {
  readonly advance: (bytes: number) => void;
}

async function copyOne({ descriptor, space }: Job, options: CopyOne): Promise<Outcome> {
  const { from, signal } = options;
  const to = options.to[space];
  if (await to.hasBlob(descriptor, signal)) return 'present';
  if (await to.mountBlob?.(descriptor, signal)) return 'mounted';
  const store: Pick<ImageStore, 'openBlob'> = space === 'images' ? from.images : (from.attachments ?? from.images);
  for (let attempt = 1; ; attempt += 1) {
    let sent = 0;
    const source = await store.openBlob(descriptor, signal);
    const onBytes = (bytes: number): void => {
      sent += bytes;
      options.advance(bytes);
    };
    try {
      await to.uploadBlob(counted(source, onBytes), descriptor, signal);
      // another copy may have brought it meanwhile: then nothing was sent
      options.advance(descriptor.sizeBytes - sent);
      return sent === 0 && descriptor.sizeBytes > 0 ? 'present' : 'copied';
    } catch (error) {
      options.advance(-sent);
      await release(source);
      if (!isAppError(error) || error.exitCode !== ExitCode.Remote || attempt >= MAX_ATTEMPTS) throw error;
      throwIfAborted(signal);
    }
    await wait(WAIT_MS * attempt);
    throwIfAborted(signal);
  }
}

/** The same bytes as a stream that tells how many have passed. */
function counted(source: BlobSource, onBytes: (bytes: number) => void): BlobSource {
  const stream = streamBlob(source);
  const iterate = (): AsyncIterator<Uint8Array> => {
    const inner = stream[Symbol.asyncIterator]();
    return {
      next: async () => {
        const result = await inner.next();
        if (result.done !== true) onBytes(result.value.byteLength);
        return result;
      },
      return: async () => {
        await inner.return?.();
        return { done: true, value: undefined };
      },
    };
  };
  return { kind: 'stream', stream: { [Symbol.asyncIterator]: iterate } };
}

/** A stream that nobody reads to its end keeps its connection. */
async function release(source: BlobSource): Promise<void> {
  if (source.kind === 'stream') await source.stream[Symbol.asyncIterator]().return?.();
}
