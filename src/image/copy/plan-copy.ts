import { isDigest, LIMITS, type Digest } from '../../core/index.ts';
import { parseConfig } from '../config.ts';
import { imageError } from '../errors.ts';
import { describeManifest } from '../local/layout-reader.ts';
import { manifestKind, parseIndex, parseManifest } from '../manifest.ts';
import { formatPlatform, platformRank } from '../platform.ts';
import { readBlobBytes } from '../read-blob.ts';
import type { ImageStore, Platform, RawManifest } from '../types.ts';
import type { CopyPlan, CopySource, PlannedManifest } from './contract.ts';
import { readAttached, readLegacy } from './read-attached.ts';
import { CopyBudget, readChecked, readTree } from './read-tree.ts';

export interface PlanOptions {
  /** Tag or digest; '' is the store's only image. */
  readonly reference: Digest | string;
  /** One image of an index; everything unless told. */
  readonly platform?: Platform;
  /** Whether what is attached comes along. */
  readonly referrers: boolean;
  /** Whether cosign's older tags come along. */
  readonly legacy: boolean;
  /** Whether layers that their makers keep elsewhere come along. */
  readonly nondistributable: boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads all manifests that a copy consists of: those of the image, or of the index and all its images, and those attached to any of them. Unlike loading an
 * image, this does not ask whether it could be run: other artifacts are copied as well.
 * @throws AppError MANIFEST_NOT_FOUND, PLATFORM_NOT_FOUND, PLATFORM_DUPLICATE, INDEX_NESTED, LIMIT_EXCEEDED, those of parsing, and the stores' own
 */
export async function planCopy(from: CopySource, options: PlanOptions): Promise<CopyPlan> {
  const { signal } = options;
  const root = await chooseRoot(from.images, options);
  const budget = new CopyBudget(options.nondistributable);
  const tree = await readTree(root, { store: from.images, budget, signal });
  const own = tree.map(({ manifest, blobs }): PlannedManifest => ({
    manifest,
    blobs,
    space: 'images',
    ...referrerOf(manifest),
  }));
  const subjects = tree.map(({ manifest }) => manifest);
  const reading = from.attachments && {
    store: { name: from.images.name, ...bound(from.attachments) },
    budget,
    signal,
  };
  const nothing = { manifests: [], notCopied: [] };
  const attached = reading && options.referrers ? await readAttached(subjects, reading) : nothing;
  const legacy = reading && options.legacy ? await readLegacy(subjects, reading) : nothing;
  return {
    root,
    kind: tree.at(-1)?.kind ?? 'image',
    manifests: distinct([...own, ...attached.manifests, ...legacy.manifests]),
    notCopied: [...attached.notCopied, ...legacy.notCopied],
    nondistributable: [...budget.nondistributable],
  };
}

/** An image that is itself attached to something is listed there in the copy as well. */
function referrerOf(manifest: RawManifest): Pick<PlannedManifest, 'referrer'> {
  const { subject, descriptor } = describeManifest(manifest);
  return subject === undefined ? {} : { referrer: { subject, descriptor } };
}

function bound(store: NonNullable<CopySource['attachments']>): NonNullable<CopySource['attachments']> {
  return {
    listReferrers: (subject, signal) => store.listReferrers(subject, signal),
    readManifest: (reference, signal) => store.readManifest(reference, signal),
    openBlob: (descriptor, signal) => store.openBlob(descriptor, signal),
  };
}

/** Each manifest once in each of its roles. */
function distinct(manifests: readonly PlannedManifest[]): readonly PlannedManifest[] {
  const byRole = new Map<string, PlannedManifest>();
  for (const planned of manifests) {
    const key = [planned.space, planned.manifest.digest, planned.legacy?.tag ?? ''].join(' ');
    if (!byRole.has(key)) byRole.set(key, planned);
  }
  return [...byRole.values()];
}

async function chooseRoot(store: ImageStore, options: PlanOptions): Promise<RawManifest> {
  const { reference, platform, signal } = options;
  const root = await readChecked(store, reference, signal);
  if (isDigest(reference) && root.digest !== reference)
    throw imageError('MANIFEST_DIGEST_MISMATCH', `${store.name} gave another manifest than ${reference}`);
  if (platform === undefined) return root;
  if (manifestKind(root.bytes, root.mediaType) === 'index')
    return readChecked(store, chooseChild(root, store, platform), signal);
  const { config } = parseManifest(root.bytes, root.mediaType);
  const read = { maxBytes: LIMITS.configBytes, what: 'configuration', signal };
  const offered = parseConfig(await readBlobBytes(store, config, read));
  if (platformRank(platform, offered) === undefined) throw notFound(store, platform, [offered]);
  return root;
}

function chooseChild(index: RawManifest, store: ImageStore, wanted: Platform): Digest {
  const { platforms } = parseIndex(index.bytes, index.mediaType);
  const offers = platforms.flatMap(({ digest, platform }) => (platform === undefined ? [] : [{ digest, platform }]));
  const ranked = offers
    .map((offer) => ({ ...offer, rank: platformRank(wanted, offer.platform) ?? Infinity }))
    .toSorted((a, b) => a.rank - b.rank);
  const [best, next] = ranked;
  if (best === undefined || best.rank === Infinity) {
    const available = offers.map(({ platform }) => platform);
    throw notFound(store, wanted, available);
  }
  if (next?.rank === best.rank && next.digest !== best.digest) {
    throw imageError('PLATFORM_DUPLICATE', `${index.digest} lists ${formatPlatform(best.platform)} more than once`, {
      hint: 'name the platform manifest by its digest',
    });
  }
  return best.digest;
}

function notFound(store: ImageStore, wanted: Platform, available: readonly Platform[]): Error {
  const list = [...new Set(available.map(formatPlatform))].slice(0, 50).join(', ');
  return imageError(
    'PLATFORM_NOT_FOUND',
    `${store.name} has no image for ${formatPlatform(wanted)}; it has: ${list === '' ? 'none' : list}`,
  );
}
