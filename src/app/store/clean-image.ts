import type { Digest, Runtime } from '../../core/index.ts';
import { formatPlatform, type Descriptor } from '../../image/index.ts';
import { appError } from '../errors.ts';
import { listAttached, type AttachedItem } from './list-attached.ts';
import { findLimits, openImageStore, requireWritableReferrers, type ImageAccess } from './open-image-store.ts';
import { resolveTarget, type Target } from './resolve-target.ts';

/** What to remove. */
export type CleanType = 'signature' | 'attestation' | 'all';

export interface CleanImageOptions {
  readonly image: string;
  readonly access: ImageAccess;
  readonly type: CleanType;
  /** Lists only. */
  readonly dryRun: boolean;
  /** Asked before anything is removed. */
  readonly confirm: (items: readonly CleanedItem[]) => Promise<boolean>;
}

/** Something that is removed, or would be. */
export interface CleanedItem extends AttachedItem {
  /** `os/architecture`, when its subject is a platform of an index. */
  readonly platform?: string;
}

export interface CleanImageResult {
  readonly image: string;
  readonly digest: Digest;
  readonly kind: 'image' | 'index';
  readonly type: CleanType;
  /** False when it was a dry run, when the user said no, and when there was nothing. */
  readonly removed: boolean;
  readonly items: readonly CleanedItem[];
}

/**
 * Removes what is attached to an image and to each platform of an index, never an image: only manifests that name their subject themselves are deleted. What is
 * attached to something removed goes with it.
 * @throws AppError NEEDS_REGISTRY_OR_LAYOUT, REGISTRY_DELETE_UNSUPPORTED, and the stores' own
 */
export async function cleanImage(options: CleanImageOptions, runtime: Runtime): Promise<CleanImageResult> {
  const { type, access } = options;
  await using opened = await openImageStore(options.image, access, runtime);
  const store = requireWritableReferrers(opened);
  const target = await resolveTarget(opened, access, runtime);
  const subjects = subjectsOf(target);
  const images = new Set(subjects.map(({ digest }) => digest));
  const bySubject = new Map<Digest, readonly CleanedItem[]>();
  for (const { digest, platform } of subjects) {
    const found = await listAttached(digest, { store, limits: findLimits(access), signal: runtime.signal });
    const items = chosen(found, type)
      // whatever a listing says, images stay
      .filter((item) => !images.has(item.digest))
      .map((item) => ({ ...item, ...(platform === undefined ? {} : { platform: formatPlatform(platform) }) }));
    bySubject.set(digest, items);
  }
  const items = [...bySubject.values()].flat();
  const result = { image: options.image, digest: target.digest, kind: target.kind, type, items };
  if (items.length === 0 || options.dryRun || !(await options.confirm(items))) return { ...result, removed: false };
  if (store.removeReferrers === undefined) throw notRemovable(options.image);
  // what is attached to something goes before it: a removal that breaks off can be begun again
  for (const [subject, deleted] of groupedBySubject(items).toReversed()) {
    await store.removeReferrers(
      subject,
      {
        deleted: deleted.filter(({ kind }) => kind !== 'listing').map(({ digest }) => digest),
        tags: deleted.flatMap(({ tag }) => (tag === undefined ? [] : [tag])),
        unlisted: deleted.filter(({ kind }) => kind === 'listing').map(({ digest }) => digest),
      },
      runtime.signal,
    );
  }
  return { ...result, removed: true };
}

function subjectsOf(target: Target): readonly Pick<Descriptor, 'digest' | 'platform'>[] {
  if (target.kind === 'image') return [{ digest: target.digest }];
  const { platforms, attestationManifests } = target.index;
  const listed = [{ digest: target.digest }, ...platforms, ...attestationManifests];
  return [...new Map(listed.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

/** Those of the kind with all that is attached to them; entries that lead nowhere always go. */
function chosen(items: readonly AttachedItem[], type: CleanType): readonly AttachedItem[] {
  if (type === 'all') return items;
  const going = new Set<Digest>();
  return items.filter((item) => {
    const goes = item.kind === type || going.has(item.subject);
    if (goes) going.add(item.digest);
    return goes || item.kind === 'listing';
  });
}

function groupedBySubject(items: readonly CleanedItem[]): readonly (readonly [Digest, readonly CleanedItem[]])[] {
  const groups = new Map<Digest, CleanedItem[]>();
  for (const item of items) {
    const group = groups.get(item.subject);
    if (group === undefined) groups.set(item.subject, [item]);
    else group.push(item);
  }
  return [...groups];
}

function notRemovable(image: string): Error {
  return appError('NEEDS_REGISTRY_OR_LAYOUT', `nothing can be removed from ${image}`);
}
