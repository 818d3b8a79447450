import {
  findBundles,
  parseBundle,
  parseStatement,
  SIGN_PREDICATE_TYPE,
  type UnreadableReferrer,
} from '../../attestation/index.ts';
import { coreError, ExitCode, isAppError, mapConcurrent, type Digest } from '../../core/index.ts';
import { describeManifest, fallbackTag, parseManifest, type ReferrerStore } from '../../image/index.ts';

/** Things attached to each other. */
const MAX_LEVELS = 8;
const CONCURRENCY = 4;
const LEGACY = { sig: 'signature', att: 'attestation', sbom: 'other' } as const;

/** Something attached, as seen by whoever would remove it. Nothing is verified. */
export interface AttachedItem {
  readonly subject: Digest;
  readonly digest: Digest;
  /** `listing`: an entry of the list that leads to nothing, or to a manifest that is not attached: only the entry can go. */
  readonly kind: 'signature' | 'attestation' | 'other' | 'listing';
  readonly artifactType?: string;
  /** Read from the signed statement, unverified. */
  readonly predicateType?: string;
  /** The tag of one of cosign's older attachments. */
  readonly tag?: string;
}

export interface ListAttached {
  readonly store: ReferrerStore;
  readonly limits: { readonly maxReferrers?: number; readonly maxBundleBytes?: number };
  readonly signal: AbortSignal;
}

/** What is attached to a digest, and to each such thing what is attached to it: those come after it. @throws AppError LIMIT_EXCEEDED, and the store's own */
export async function listAttached(subject: Digest, options: ListAttached): Promise<readonly AttachedItem[]> {
  const direct = [...(await listDirect(subject, options)), ...(await listLegacy(subject, options))];
  const seen = new Set<Digest>([subject]);
  return collect(direct, { ...options, seen, depth: 1 });
}

interface Collecting extends ListAttached {
  readonly seen: Set<Digest>;
  readonly depth: number;
}

async function collect(items: readonly AttachedItem[], options: Collecting): Promise<readonly AttachedItem[]> {
  const { seen, depth } = options;
  const fresh = items.filter(({ digest }) => !seen.has(digest));
  for (const { digest } of fresh) seen.add(digest);
  if (fresh.length > 0 && depth > MAX_LEVELS)
    throw coreError('LIMIT_EXCEEDED', `things are attached to each other more than ${MAX_LEVELS} deep`);
  const below = await mapConcurrent(fresh, CONCURRENCY, (item) =>
    item.kind === 'listing' ? Promise.resolve([]) : listDirect(item.digest, options),
  );
  const nested: AttachedItem[] = [];
  for (const found of below) nested.push(...(await collect(found, { ...options, depth: depth + 1 })));
  return [...fresh, ...nested];
}

async function listDirect(subject: Digest, { store, limits, signal }: ListAttached): Promise<readonly AttachedItem[]> {
  const found = await findBundles(store, subject, { ...limits, signal });
  const bundles = found.bundles.map(({ manifest, bytes }): AttachedItem => {
    const predicateType = statedPredicateType(bytes);
    if (predicateType === undefined) return { subject, digest: manifest.digest, kind: 'other' };
    const kind = predicateType === SIGN_PREDICATE_TYPE ? 'signature' : 'attestation';
    return { subject, digest: manifest.digest, kind, predicateType };
  });
  const others = found.otherReferrers.map(({ digest, artifactType }): AttachedItem => ({
    subject,
    digest,
    kind: 'other',
    ...(artifactType === undefined ? {} : { artifactType }),
  }));
  const unreadable = await mapConcurrent(found.unreadable, CONCURRENCY, (referrer) =>
    judgeUnreadable(referrer, { store, subject, signal }),
  );
  return [...bundles, ...others, ...unreadable];
}

/** A listing can name any manifest, another image's too: what does not name the subject itself is not attached to it. */
async function judgeUnreadable(
  { manifest }: UnreadableReferrer,
  { store, subject, signal }: { readonly store: ReferrerStore; readonly subject: Digest; readonly signal: AbortSignal },
): Promise<AttachedItem> {
  const { digest, artifactType } = manifest;
  const raw = await orUndefined(() => store.readManifest(digest, signal));
  const described = raw === undefined ? undefined : await orUndefined(async () => describeManifest(raw));
  const kind = described?.subject === subject ? 'other' : 'listing';
  return { subject, digest, kind, ...(artifactType === undefined ? {} : { artifactType }) };
}

async function listLegacy(subject: Digest, { store, signal }: ListAttached): Promise<readonly AttachedItem[]> {
  const found = await mapConcurrent(Object.entries(LEGACY), CONCURRENCY, async ([suffix, kind]) => {
    const tag = `${fallbackTag(subject)}.${suffix}`;
    const raw = await orUndefined(() => store.readManifest(tag, signal), NOT_THERE);
    if (raw === undefined) return [];
    const isImage = await orUndefined(async () => holdsImage(raw.bytes, raw.mediaType));
    // a tag can lead anywhere: an image that somebody tagged so is not an attachment
    return isImage === false ? [{ subject, digest: raw.digest, kind, tag }] : [];
  });
  return found.flat();
}

const IMAGE_LAYER = /\.tar(?:[.+](?:gzip|zstd))?$/;

function holdsImage(bytes: Uint8Array, mediaType: string): boolean {
  const { layers } = parseManifest(bytes, mediaType);
  return layers.length === 0 || layers.some((layer) => IMAGE_LAYER.test(layer.mediaType));
}

const NOT_THERE: ReadonlySet<string> = new Set(['MANIFEST_NOT_FOUND', 'REPOSITORY_NOT_FOUND']);

/** Undefined for these errors of ours, or for any that is the input's fault. */
async function orUndefined<T>(read: () => Promise<T>, codes?: ReadonlySet<string>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isAppError(error) && (codes === undefined ? error.exitCode === ExitCode.Input : codes.has(error.code)))
      return undefined;
    throw error;
  }
}

function statedPredicateType(bytes: Uint8Array): string | undefined {
  try {
    return parseStatement(parseBundle(bytes).payload).predicateType;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
