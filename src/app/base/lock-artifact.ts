import {
  attachBundle,
  createOciArtifact,
  findBundles,
  SIGN_PREDICATE_TYPE,
  writeOciArtifact,
} from '../../attestation/index.ts';
import { isAppError, LIMITS, sha256Digest, type Digest, type Runtime } from '../../core/index.ts';
import {
  createOciLayout,
  parseImageReference,
  parseManifest,
  readBlobBytes,
  type Descriptor,
  type RawManifest,
} from '../../image/index.ts';
import { parseLock, type Lock } from '../../provenance/index.ts';
import { appError } from '../errors.ts';
import { speaksOf } from './lock-file.ts';
import {
  openImageStore,
  requireReferrers,
  requireWritableReferrers,
  type ImageAccess,
} from '../store/open-image-store.ts';
import type { OpenedStore } from '../store/open-image-store.ts';

/** What a lock is in a registry. */
export const LOCK_ARTIFACT_TYPE = 'application/vnd.waybill.base-lock.v1+jsonl';

/** A lock as it was fetched, chain and blobs verified. */
export interface PulledLock {
  readonly artifact: Digest;
  readonly bytes: Uint8Array;
  readonly lock: Lock;
  /** Bundles attached to it that are, as far as they say themselves, signatures of these bytes; nothing verified. */
  readonly signatures: readonly Uint8Array[];
}

export interface PushedLock {
  readonly reference: string;
  readonly artifact: Digest;
  readonly signed: boolean;
}

/**
 * Fetches a lock that is stored as an OCI artifact.
 * @throws AppError LOCK_ARTIFACT_INVALID, those of `parseLock` and of registries and layouts
 */
export async function pullLock(reference: string, access: ImageAccess, runtime: Runtime): Promise<PulledLock> {
  await using opened = await openImageStore(reference, besideItself(access), runtime);
  const { digest, bytes } = await readArtifact(opened, reference, runtime);
  const { bundles } = await findBundles(requireReferrers(opened), digest, { signal: runtime.signal });
  const subject = sha256Digest(bytes);
  return {
    artifact: digest,
    bytes,
    lock: parseLock(bytes),
    signatures: bundles.map((bundle) => bundle.bytes).filter((bundle) => speaksOf(bundle, subject)),
  };
}

async function readArtifact(
  { store, target }: OpenedStore,
  reference: string,
  { signal }: Runtime,
): Promise<{ readonly digest: Digest; readonly bytes: Uint8Array }> {
  const manifest = await store.readManifest(target, signal);
  const layer = lockLayer(manifest, reference);
  const bytes = await readBlobBytes(store, layer, { what: 'the lock', maxBytes: LIMITS.lockBytes, signal });
  return { digest: manifest.digest, bytes };
}

function lockLayer({ bytes, mediaType }: RawManifest, reference: string): Descriptor {
  const { artifactType, layers } = parseManifest(bytes, mediaType);
  const [layer] = layers;
  if (artifactType === LOCK_ARTIFACT_TYPE && layers.length === 1 && layer?.mediaType === LOCK_ARTIFACT_TYPE)
    return layer;
  throw appError('LOCK_ARTIFACT_INVALID', `${reference} is no lock of bases`, {
    hint: 'name what base lock --push wrote',
  });
}

export interface LockToPush {
  readonly bytes: Uint8Array;
  readonly lock: Lock;
  /** The bundle beside the lock, where there is one that speaks of these bytes. */
  readonly signature?: Uint8Array;
}

/**
 * Stores a lock as an OCI artifact and points the tag at it; the signature is attached to it. The same lock is the same artifact. A lock that is there already and
 * is no beginning of this one is left alone.
 * @throws AppError LOCK_DIVERGED, LOCK_ARTIFACT_INVALID where the tag leads to something else, USAGE, those of registries and layouts
 */
export async function pushLock(
  reference: string,
  { bytes, lock, signature }: LockToPush,
  { access, runtime }: { readonly access: ImageAccess; readonly runtime: Runtime },
): Promise<PushedLock> {
  const parsed = parseImageReference(reference);
  const { tag } = parsed;
  if (tag === undefined || parsed.digest !== undefined) {
    throw appError('LOCK_ARTIFACT_INVALID', `${reference} has no tag to store the lock under`, {
      hint: 'write HOST/REPOSITORY:TAG or oci:DIR:TAG',
    });
  }
  if (parsed.transport === 'oci') await createOciLayout(parsed.path);
  await using opened = await openImageStore(reference, besideItself(access), runtime);
  const store = requireWritableReferrers(opened);
  const { signal } = runtime;
  const there = await readThere(opened, reference, runtime);
  if (there !== undefined && !extendsLock(lock, there)) {
    throw appError('LOCK_DIVERGED', `${reference} holds observations that this lock does not have`, {
      hint: 'fetch it to a file of its own and join the two: base lock --merge FILE',
      details: { there: there.head, here: lock.head },
    });
  }
  const artifact = createOciArtifact({
    bytes,
    mediaType: LOCK_ARTIFACT_TYPE,
    annotations: { 'dev.waybill.lock.head': lock.head ?? '', 'dev.waybill.lock.records': `${lock.records.length}` },
  });
  await writeOciArtifact(store, artifact, { tag, signal });
  if (signature !== undefined) {
    // the time of the last observation: pushing the same again attaches nothing new
    const created = new Date(lock.records.at(-1)?.observedAt ?? 0);
    await attachBundle(store, artifact.descriptor, signature, {
      predicateType: SIGN_PREDICATE_TYPE,
      created,
      signal,
    });
  }
  return { reference, artifact: artifact.manifest.digest, signed: signature !== undefined };
}

const ABSENT: ReadonlySet<string> = new Set(['MANIFEST_NOT_FOUND', 'REPOSITORY_NOT_FOUND']);

async function readThere(opened: OpenedStore, reference: string, runtime: Runtime): Promise<Lock | undefined> {
  try {
    return parseLock((await readArtifact(opened, reference, runtime)).bytes);
  } catch (error) {
    // a repository comes into being with what is first pushed to it
    if (isAppError(error) && ABSENT.has(error.code)) return undefined;
    throw error;
  }
}

/** Whether a lock is another one with nothing or something appended. */
export function extendsLock(longer: Lock, shorter: Lock): boolean {
  const length = shorter.records.length;
  if (length > longer.records.length) return false;
  const headThere = length === longer.records.length ? longer.head : (longer.records[length]?.previous ?? null);
  return headThere === shorter.head;
}

/** A lock's own signature lies beside it, wherever signatures of bases are kept. */
function besideItself({ attachmentRepository: _elsewhere, ...access }: ImageAccess): ImageAccess {
  return access;
}
