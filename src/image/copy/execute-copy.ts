import { throwIfAborted, type Digest } from '../../core/index.ts';
import type { RawManifest } from '../types.ts';
import type { CopyDestination, CopyPlan, CopySource, NotCopied, PlannedManifest } from './contract.ts';
import { copyBlobs, type BlobCounts } from './copy-blobs.ts';

export interface ExecuteOptions {
  readonly from: CopySource;
  readonly to: CopyDestination;
  /** Tag at the destination; without it, the copy is reached by its digest. */
  readonly tag?: string;
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

export type CopyOutcome = 'copied' | 'present';

/** Something attached, at the destination. */
export interface CopiedAttachment {
  readonly digest: Digest;
  readonly subject: Digest;
  readonly outcome: CopyOutcome;
  readonly artifactType?: string;
  /** Of cosign's older attachments. */
  readonly tag?: string;
}

export interface CopyReport {
  readonly blobs: BlobCounts;
  readonly manifests: Readonly<Record<CopyOutcome, number>>;
  readonly attached: readonly CopiedAttachment[];
  readonly notCopied: readonly NotCopied[];
  /** `present`: the tag led there already. */
  readonly tagged?: CopyOutcome;
}

/**
 * Copies what was planned, byte for byte. Blobs go first, then manifests, then indexes, then what is attached, and the tag last of all: whoever finds the image
 * by it finds everything. What is there already is left alone, so that a copy that was broken off goes on where it ended.
 * @throws AppError the stores' own codes
 */
export async function executeCopy(plan: CopyPlan, options: ExecuteOptions): Promise<CopyReport> {
  const { to, signal } = options;
  const blobs = await copyBlobs(plan.manifests, options);
  const listings = new Map<Digest, ReadonlySet<Digest>>();
  const manifests = { copied: 0, present: 0 };
  const attached: CopiedAttachment[] = [];
  const notCopied: NotCopied[] = [...plan.notCopied];
  for (const planned of plan.manifests) {
    throwIfAborted(signal);
    const outcome = await writeOne(planned, { to, listings, signal });
    if (outcome === 'conflict') {
      notCopied.push(conflict(planned));
      continue;
    }
    manifests[outcome] += 1;
    const subject = planned.legacy?.subject ?? planned.referrer?.subject;
    if (planned.space === 'attachments' && subject !== undefined) attached.push(attachment(planned, subject, outcome));
  }
  const tagged = await tagRoot(plan.root, options);
  return { blobs, manifests, attached, notCopied, ...(tagged === undefined ? {} : { tagged }) };
}

interface Writing {
  readonly to: CopyDestination;
  /** What the destination lists already, by subject. */
  readonly listings: Map<Digest, ReadonlySet<Digest>>;
  readonly signal: AbortSignal;
}

async function writeOne(
  planned: PlannedManifest,
  { to, listings, signal }: Writing,
): Promise<CopyOutcome | 'conflict'> {
  const { manifest, space, referrer, legacy } = planned;
  const store = to[space];
  if (legacy !== undefined) {
    const current = await store.resolveTag(legacy.tag, signal);
    if (current === manifest.digest) return 'present';
    if (current !== undefined) return 'conflict';
    await store.writeManifest(manifest, { tag: legacy.tag }, signal);
    return 'copied';
  }
  let isListed = true;
  if (referrer !== undefined) {
    const known = listings.get(referrer.subject);
    const listed = known ?? new Set((await store.listReferrers(referrer.subject, signal)).map(({ digest }) => digest));
    listings.set(referrer.subject, listed);
    isListed = listed.has(manifest.digest);
  }
  if (isListed && (await store.hasManifest(manifest, signal))) return 'present';
  await store.writeManifest(manifest, referrer === undefined ? {} : { referrer }, signal);
  return 'copied';
}

function conflict({ manifest, legacy }: PlannedManifest): NotCopied {
  return {
    digest: manifest.digest,
    subject: legacy?.subject ?? manifest.digest,
    ...(legacy === undefined ? {} : { tag: legacy.tag }),
    code: 'TAG_TAKEN',
    reason: 'the destination has another manifest under this tag, and it is not replaced: it would lose its signatures',
  };
}

function attachment(
  { referrer, legacy, manifest }: PlannedManifest,
  subject: Digest,
  outcome: CopyOutcome,
): CopiedAttachment {
  const artifactType = referrer?.descriptor.artifactType;
  return {
    digest: manifest.digest,
    subject,
    outcome,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(legacy === undefined ? {} : { tag: legacy.tag }),
  };
}

async function tagRoot(root: RawManifest, { to, tag, signal }: ExecuteOptions): Promise<CopyOutcome | undefined> {
  throwIfAborted(signal);
  const store = to.images;
  if (tag === undefined) {
    await store.listManifest?.(root, signal);
    return undefined;
  }
  if ((await store.resolveTag(tag, signal)) === root.digest) return 'present';
  await store.writeManifest(root, { tag }, signal);
  return 'copied';
}
