import { mapConcurrent, throwIfAborted, type Digest } from '../../core/index.ts';
import type { RawManifest } from '../types.ts';
import type { CopyDestination, CopyPlan, CopySource, NotCopied, PlannedManifest } from './contract.ts';
import { copyBlobs, type BlobCounts } from './copy-blobs.ts';
import { COPY_CONCURRENCY } from './read-tree.ts';

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
  const blobs = await copyBlobs(plan.manifests, options);
  const manifests = { copied: 0, present: 0 };
  const attached: CopiedAttachment[] = [];
  const notCopied: NotCopied[] = [...plan.notCopied];
  const record = (planned: PlannedManifest, outcome: CopyOutcome): void => {
    manifests[outcome] += 1;
    const subject = planned.legacy?.subject ?? planned.referrer?.subject;
    if (planned.space === 'attachments' && subject !== undefined) attached.push(attachment(planned, subject, outcome));
  };
  const { plain, groups, legacy } = sorted(plan.manifests);
  for (const planned of plain) record(planned, await writePlain(planned, options));
  for (const [subject, group] of groups)
    for (const [planned, outcome] of await writeGroup(subject, group, options)) record(planned, outcome);
  for (const planned of legacy) {
    const outcome = await writeLegacy(planned, options);
    if (outcome === 'conflict') notCopied.push(conflict(planned));
    else record(planned, outcome);
  }
  const tagged = await tagRoot(plan.root, options);
  return { blobs, manifests, attached, notCopied, ...(tagged === undefined ? {} : { tagged }) };
}

type PlannedReferrer = PlannedManifest & Required<Pick<PlannedManifest, 'referrer'>>;
type PlannedLegacy = PlannedManifest & Required<Pick<PlannedManifest, 'legacy'>>;

interface Sorted {
  /** Images and indexes, attached to something or not, and what attached indexes list: children before the index. */
  readonly plain: readonly PlannedManifest[];
  /** Referrers by subject: what is attached to something attached comes after it. */
  readonly groups: ReadonlyMap<Digest, readonly PlannedReferrer[]>;
  readonly legacy: readonly PlannedLegacy[];
}

function sorted(planned: readonly PlannedManifest[]): Sorted {
  const plain: PlannedManifest[] = [];
  const legacy: PlannedLegacy[] = [];
  const groups = new Map<Digest, PlannedReferrer[]>();
  for (const item of planned) {
    if (isLegacy(item)) legacy.push(item);
    else if (!isReferrer(item)) plain.push(item);
    else groups.set(item.referrer.subject, [...(groups.get(item.referrer.subject) ?? []), item]);
  }
  return { plain, groups, legacy };
}

function isLegacy(planned: PlannedManifest): planned is PlannedLegacy {
  return planned.legacy !== undefined;
}

function isReferrer(planned: PlannedManifest): planned is PlannedReferrer {
  return planned.referrer !== undefined && planned.space === 'attachments';
}

async function writePlain(planned: PlannedManifest, { to, signal }: ExecuteOptions): Promise<CopyOutcome> {
  throwIfAborted(signal);
  const { manifest, space, referrer } = planned;
  const store = to[space];
  const isListed =
    referrer === undefined ||
    (await store.listReferrers(referrer.subject, signal)).some(({ digest }) => digest === manifest.digest);
  if (isListed && (await store.hasManifest(manifest, signal))) return 'present';
  await store.writeManifest(manifest, referrer === undefined ? {} : { referrer }, signal);
  return 'copied';
}

async function writeGroup(
  subject: Digest,
  group: readonly PlannedReferrer[],
  { to, signal }: ExecuteOptions,
): Promise<readonly (readonly [PlannedReferrer, CopyOutcome])[]> {
  throwIfAborted(signal);
  const store = to.attachments;
  const listed = new Set((await store.listReferrers(subject, signal)).map(({ digest }) => digest));
  const outcomes = await mapConcurrent(group, COPY_CONCURRENCY, async (planned) => {
    const { manifest } = planned;
    const isPresent = listed.has(manifest.digest) && (await store.hasManifest(manifest, signal));
    return [planned, isPresent ? 'present' : 'copied'] as const;
  });
  const missing = outcomes
    .filter(([, outcome]) => outcome === 'copied')
    .map(([{ manifest, referrer }]) => ({ manifest, descriptor: referrer.descriptor }));
  if (missing.length > 0 && store.writeReferrers !== undefined) await store.writeReferrers(subject, missing, signal);
  else
    for (const { manifest, descriptor } of missing)
      await store.writeManifest(manifest, { referrer: { subject, descriptor } }, signal);
  return outcomes;
}

async function writeLegacy(
  { manifest, space, legacy }: PlannedLegacy,
  { to, signal }: ExecuteOptions,
): Promise<CopyOutcome | 'conflict'> {
  throwIfAborted(signal);
  const store = to[space];
  const current = await store.resolveTag(legacy.tag, signal);
  if (current === manifest.digest) return 'present';
  if (current !== undefined) return 'conflict';
  await store.writeManifest(manifest, { tag: legacy.tag }, signal);
  return 'copied';
}

function conflict({ manifest, legacy }: PlannedLegacy): NotCopied {
  return {
    digest: manifest.digest,
    subject: legacy.subject,
    tag: legacy.tag,
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
