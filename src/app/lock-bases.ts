import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { signStatement } from '../attestation/index.ts';
import {
  coreError,
  LIMITS,
  readInputFile,
  sha256Digest,
  writeFileAtomic,
  type Digest,
  type Runtime,
} from '../core/index.ts';
import { squash, type LayerStack } from '../filesystem/index.ts';
import { listPlatformImages, type Image } from '../image/index.ts';
import type { KeySigner } from '../keys/index.ts';
import { loadPolicy, lockBundlePath, type BaseEntry, type LoadedPolicy } from '../policy/index.ts';
import {
  appendLockRecord,
  EMPTY_LAYER_DIFF_ID,
  EMPTY_LOCK,
  type Lock,
  type LockPlatform,
  type LockRecordDraft,
} from '../provenance/index.ts';
import { signBundle } from '../signing/index.ts';
import { findBaseBundles } from './base-bundles.ts';
import { appError } from './errors.ts';
import { openImageStore, type ImageAccess, type OpenedStore } from './open-image-store.ts';
import { readSigner, type KeyAccess } from './read-keys.ts';
import { readLayersOnly } from './scan-image.ts';
import { resolveTarget, type Target } from './resolve-target.ts';

export interface LockBasesOptions {
  readonly policyFile: string;
  /** Names of `bases.entries`; all of kind `image` when empty. */
  readonly entries: readonly string[];
  /** Where to read a base instead of its own registry: `debian:12` to a reference, for mirrors, layouts and archives. */
  readonly sources: ReadonlyMap<string, string>;
  readonly access: ImageAccess;
  /** Signs the lock. */
  readonly key?: KeyAccess;
}

export interface LockedBase {
  readonly entry: string;
  readonly image: string;
  readonly tag: string | null;
  readonly digest: Digest;
  readonly platforms: number;
  readonly bundles: number;
  /** What the lock said of this tag before: nothing, another digest, or the same. */
  readonly change: 'new' | 'moved' | 'unchanged';
}

export interface LockBasesResult {
  readonly lockFile: string;
  /** The lock's signature beside it, if a key was given: what a policy's `lockSignedBy` asks for. */
  readonly signatureFile?: string;
  readonly head: Digest;
  readonly records: number;
  readonly locked: readonly LockedBase[];
}

/**
 * Observes where the tags of allowed bases point, verifies every layer of every platform, and appends what was seen to the policy's lock. All
 * observations are made before anything is written.
 */
export async function lockBases(options: LockBasesOptions, runtime: Runtime): Promise<LockBasesResult> {
  const loaded = await loadPolicy(options.policyFile);
  const lockName = loaded.policy.bases?.lock;
  if (lockName === undefined) {
    throw appError('NOTHING_TO_LOCK', `${options.policyFile} names no lock`, {
      hint: 'add bases.lock: bases.lock.jsonl',
    });
  }
  const signer = options.key === undefined ? undefined : await readSigner(options.key);
  let lock: Lock = loaded.lock ?? EMPTY_LOCK;
  const locked: LockedBase[] = [];
  let lines = '';
  for (const observation of plannedObservations(loaded, options)) {
    const draft = await observe({ ...observation, loaded }, options, runtime);
    locked.push(summary(draft, lock));
    const appended = appendLockRecord(lock, draft);
    lock = appended.lock;
    lines += appended.line;
  }
  const lockFile = join(dirname(options.policyFile), lockName);
  const sizeBytes = (loaded.files.get(lockName)?.byteLength ?? 0) + Buffer.byteLength(lines);
  if (sizeBytes > LIMITS.lockBytes) {
    // appended, it could not be read any more
    throw coreError(
      'LIMIT_EXCEEDED',
      `${lockFile} would have ${sizeBytes} bytes, more than the ${LIMITS.lockBytes} allowed`,
      {
        hint: 'start a new lock file with the bases that are still needed, and name it in the policy',
      },
    );
  }
  await appendWhole(lockFile, lines, loaded.lock === undefined);
  const signatureFile = signer === undefined ? {} : { signatureFile: await signLock(lockFile, signer) };
  return { lockFile, ...signatureFile, head: lock.head as Digest, records: lock.records.length, locked };
}

/** Signs the lock's bytes as they are on disk. Until this is written the old signature does not fit, and the gate refuses the lock. */
async function signLock(lockFile: string, signer: KeySigner): Promise<string> {
  const digest = sha256Digest(await readInputFile(lockFile, LIMITS.lockBytes));
  const signatureFile = lockBundlePath(lockFile);
  await writeFileAtomic(signatureFile, await signBundle({ payload: signStatement(digest), signer }), {
    ifExists: 'replace',
  });
  return signatureFile;
}

interface Observation {
  readonly entry: BaseEntry & { readonly image: string };
  readonly tag: string;
  readonly reference: string;
}

function plannedObservations(loaded: LoadedPolicy, options: LockBasesOptions): readonly Observation[] {
  const entries = loaded.policy.bases?.entries ?? [];
  for (const name of options.entries) {
    if (!entries.some((entry) => entry.name === name)) {
      throw appError('BASE_ENTRY_UNKNOWN', `the policy has no base ${JSON.stringify(name)}`, {
        hint: `it has: ${entries.map((entry) => entry.name).join(', ')}`,
      });
    }
  }
  const planned = entries
    .filter(
      (entry): entry is BaseEntry & { readonly image: string } =>
        entry.image !== undefined && (options.entries.length === 0 || options.entries.includes(entry.name)),
    )
    .flatMap((entry) => entryObservations(entry, options.sources));
  const used = new Set(planned.map(({ entry, tag }) => `${entry.name}:${tag}`));
  for (const source of options.sources.keys()) {
    if (!used.has(source))
      throw appError('BASE_ENTRY_UNKNOWN', `--source ${source}: the policy has no such base and tag`, {
        hint: 'write --source NAME:TAG=REFERENCE with a name and tag of bases.entries',
      });
  }
  if (planned.length === 0) {
    throw appError('NOTHING_TO_LOCK', 'no base with an image and a tag to observe', {
      hint: 'give bases.entries an image and at least one tag without wildcards',
    });
  }
  return planned;
}

/** Tags without wildcards are observed; a tag that only a wildcard allows is observed when a source names it. */
function entryObservations(
  entry: BaseEntry & { readonly image: string },
  sources: ReadonlyMap<string, string>,
): readonly Observation[] {
  const literal = (entry.tags ?? []).map((glob) => glob.pattern).filter((pattern) => !/[*?]/.test(pattern));
  const fromSources = [...sources.keys()]
    .filter((key) => key.startsWith(`${entry.name}:`))
    .map((key) => key.slice(entry.name.length + 1))
    .filter((tag) => entry.tags === undefined || entry.tags.some((glob) => glob.matches(tag)));
  return [...new Set([...literal, ...fromSources])].map((tag) => ({
    entry,
    tag,
    reference: sources.get(`${entry.name}:${tag}`) ?? `${entry.image}:${tag}`,
  }));
}

async function observe(
  observation: Observation & { readonly loaded: LoadedPolicy },
  options: LockBasesOptions,
  runtime: Runtime,
): Promise<LockRecordDraft> {
  const { entry, tag, reference } = observation;
  runtime.progress({ kind: 'phase', label: `observing ${entry.name}:${tag}` });
  await using opened = await openImageStore(reference, options.access, runtime);
  const target = await resolveTarget(opened, {}, runtime);
  const images = await platformImages(opened, target, runtime);
  const blobs: Record<string, string> = {};
  const keep = (digest: Digest, bytes: Uint8Array): void => {
    blobs[digest] = Buffer.from(bytes).toString('base64');
  };
  const root = target.kind === 'index' ? target.index.manifest : target.image.manifest;
  keep(root.digest, root.bytes);
  const platforms: LockPlatform[] = [];
  for (const image of images) {
    keep(image.digest, image.manifest.bytes);
    keep(image.configDigest, image.configBytes);
    platforms.push(await observePlatform(image, opened, runtime));
  }
  const subjects = [...new Set([target.digest, ...images.map((image) => image.digest)])];
  const found =
    opened.referrers === undefined
      ? []
      : await findBaseBundles(opened.referrers, subjects, { loaded: observation.loaded, entry, runtime });
  for (const bundle of found) keep(bundle.digest, bundle.bytes);
  return {
    observedAt: rfc3339(runtime.now()),
    entry: entry.name,
    image: entry.image,
    tag,
    digest: target.digest,
    mediaType: root.mediaType,
    platforms,
    bundles: found.map(({ subject, digest }) => ({ subject, digest })),
    blobs,
  };
}

async function platformImages(opened: OpenedStore, target: Target, runtime: Runtime): Promise<readonly Image[]> {
  if (target.kind === 'image') return [target.image];
  return listPlatformImages(opened.store, target.index, runtime.signal);
}

async function observePlatform(image: Image, opened: OpenedStore, runtime: Runtime): Promise<LockPlatform> {
  const stack = await readLayersOnly(image, opened.store, runtime);
  return {
    platform: image.platform,
    manifest: image.digest,
    config: image.configDigest,
    diffIds: image.config.diffIds,
    trivialLayers: image.layers
      .filter((layer) => isTrivialLayer(stack, layer.index, layer.diffId))
      .map((layer) => layer.index),
  };
}

/** Holds no file and no link: nothing but folders and whiteouts. */
function isTrivialLayer(stack: LayerStack, index: number, diffId: Digest): boolean {
  if (diffId === EMPTY_LAYER_DIFF_ID) return true;
  const alone = squash({ ...stack, layers: stack.layers.slice(index, index + 1) });
  for (const entry of alone.entries()) if (entry.type !== 'directory') return false;
  return true;
}

function summary(draft: LockRecordDraft, lock: Lock): LockedBase {
  const before = lock.records.findLast((record) => record.entry === draft.entry && record.tag === draft.tag);
  return {
    entry: draft.entry,
    image: draft.image,
    tag: draft.tag,
    digest: draft.digest,
    platforms: draft.platforms.length,
    bundles: draft.bundles.length,
    change: before === undefined ? 'new' : before.digest === draft.digest ? 'unchanged' : 'moved',
  };
}

/** Appends in one write to a file opened for appending: a line is there whole or not at all, and what is there is never rewritten. */
async function appendWhole(path: string, lines: string, isNew: boolean): Promise<void> {
  try {
    // a new one is not made through a link that leads who knows where
    const handle = await open(path, isNew ? 'ax' : 'a', 0o644);
    try {
      await handle.appendFile(lines);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw coreError('FILE_UNWRITABLE', `cannot append to ${path}: ${String(cause)}`, { cause });
  }
}

function rfc3339(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
