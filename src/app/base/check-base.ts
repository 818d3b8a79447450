import { detectDistribution, readOsStanzas } from '../../catalog/index.ts';
import { ExitCode, isAppError, mapConcurrent, type Digest, type Runtime } from '../../core/index.ts';
import { squash, type CapturePlan } from '../../filesystem/index.ts';
import { formatPlatform, listPlatformImages, type Image } from '../../image/index.ts';
import { baseState, type BaseEntry, type BaseQuestion, type BaseState, type LoadedPolicy } from '../../policy/index.ts';
import type { Distribution } from '../../packages/index.ts';
import { candidateLists, findContainment, type Lock, type LockRecord } from '../../provenance/index.ts';
import { imageClaims } from './detect-base.ts';
import { givenNames } from '../gate/gate-images.ts';
import { loadTrustedLock } from './lock-trust.ts';
import { fileListPlan, literalTags } from './observe-bases.ts';
import { openImageStore, type ImageAccess, type OpenedStore } from '../store/open-image-store.ts';
import type { PolicyTrustOptions } from '../gate/policy-trust.ts';
import { resolveTarget } from '../store/resolve-target.ts';
import { readLayersOnly } from '../sbom/scan-image.ts';

const CONCURRENT = 4;
const SYSTEM_FILES: CapturePlan = {
  captures: [
    { id: 'base-check/os-release', pathSuffixes: ['etc/os-release', 'usr/lib/os-release'], maxBytes: 64 * 1024 },
  ],
  digests: [],
};

export interface CheckBaseOptions extends PolicyTrustOptions {
  readonly image: string;
  readonly policyFile: string;
  readonly access: ImageAccess;
  /** Name for an image from a layout or archive, so that rules for it say how far behind is too far. */
  readonly as?: string;
  /** Also look where the tags lead now; nothing is written. */
  readonly refresh: boolean;
  readonly maxLayerBytes?: number;
}

export interface CheckedBase extends BaseState {
  readonly platform: string;
  readonly manifest: Digest;
}

export interface CheckBaseResult {
  readonly image: string;
  readonly digest: Digest;
  /** Whether the tags were looked at now, beyond the lock. */
  readonly refreshed: boolean;
  readonly platforms: readonly CheckedBase[];
}

/**
 * Tells of each platform of an image how its base stands today: current, behind and since when, or unknown; and what is alarming about it. Every layer is read
 * and verified; where the tags lead is read from the policy's lock, and with `refresh` from the registries too.
 * @throws AppError BASE_LOCK_*, POLICY_*, LOCK_*, and the codes of reading
 */
export async function checkBase(options: CheckBaseOptions, runtime: Runtime): Promise<CheckBaseResult> {
  const loaded = await loadTrustedLock(options.policyFile, { trust: options, runtime });
  const names = givenNames([options.image], options.as);
  await using opened = await openImageStore(options.image, options.access, runtime);
  const target = await resolveTarget(opened, options.access, runtime);
  const images =
    target.kind === 'image' ? [target.image] : await listPlatformImages(opened.store, target.index, runtime.signal);
  const now = options.refresh ? await lookNow(loaded, options, runtime) : {};
  const name = opened.repository ?? names.get(options.image) ?? null;
  const platforms: CheckedBase[] = [];
  for (const image of images) {
    const inside = await lookInside(image, opened, { ...options, lock: loaded.lock, runtime });
    const state = baseState(loaded, {
      platform: image.platform,
      diffIds: image.config.diffIds,
      claims: imageClaims(image),
      name,
      now: runtime.now(),
      ...inside,
      ...now,
    });
    platforms.push({ platform: formatPlatform(image.platform), manifest: image.digest, ...state });
  }
  return { image: options.image, digest: target.digest, refreshed: options.refresh, platforms };
}

/** 1 for a platform whose base nobody knows, or that is alarming; being behind alone is no alarm. */
export function checkBaseExitCode({ platforms }: CheckBaseResult): ExitCode {
  const isGood =
    platforms.length > 0 && platforms.every(({ state, alarms }) => state !== 'unknown' && alarms.length === 0);
  return isGood ? ExitCode.Passed : ExitCode.Negative;
}

type Looking = Pick<BaseQuestion, 'system' | 'containments'>;

/** Reads and verifies the layers: which system it is, and, where no layers match, which locked bases are among its files. */
async function lookInside(
  image: Image,
  opened: OpenedStore,
  { lock, runtime, maxLayerBytes }: { readonly lock: Lock; readonly runtime: Runtime; readonly maxLayerBytes?: number },
): Promise<Looking> {
  const limits = maxLayerBytes === undefined ? {} : { maxLayerBytes };
  const { platform } = image;
  const { diffIds, env, workingDirectory } = image.config;
  const lists = candidateLists(lock, { platform, diffIds });
  const plan = lists.length === 0 ? SYSTEM_FILES : withFiles();
  const final = squash(await readLayersOnly(image, opened.store, runtime, { extra: plan, ...limits }));
  const { distribution } = detectDistribution(final);
  const located = workingDirectory === undefined ? {} : { workingDirectory };
  const containing = { final, env, ...located, ...(lists.length === 0 ? {} : { records: readOsStanzas(final) }) };
  return {
    containments: lists.map((list) => findContainment(list, containing)),
    ...(distribution === undefined ? {} : { system: systemOf(distribution) }),
  };
}

function systemOf({ id, versionId }: Distribution): NonNullable<BaseQuestion['system']> {
  return { id, ...(versionId === undefined ? {} : { versionId }) };
}

function withFiles(): CapturePlan {
  const { captures, digests } = fileListPlan();
  return { captures: [...SYSTEM_FILES.captures, ...captures], digests };
}

/** Where the tags lead now, and which are there no more. */
type Looked = Required<Pick<BaseQuestion, 'refreshed' | 'gone'>>;

/** Where every tag of the policy's bases leads now, by manifests and configurations alone: nothing is matched with these. */
async function lookNow(loaded: LoadedPolicy, { access }: CheckBaseOptions, runtime: Runtime): Promise<Looked> {
  const entries = (loaded.policy.bases?.entries ?? []).filter(
    (entry): entry is BaseEntry & { readonly image: string } => entry.image !== undefined,
  );
  const tags = entries.flatMap((entry) => literalTags(entry).map((tag) => ({ entry, tag })));
  const { platform: _one, ...everyPlatform } = access;
  const looked = await mapConcurrent(tags, CONCURRENT, async ({ entry, tag }, index) => {
    runtime.progress({ kind: 'phase', label: `looking at ${entry.name}:${tag}` });
    const sequence = (loaded.lock?.records.length ?? 0) + index;
    try {
      return await lookAt(entry, tag, { access: everyPlatform, runtime, sequence });
    } catch (error) {
      if (isAppError(error) && error.code === 'MANIFEST_NOT_FOUND') return { entry: entry.name, tag };
      throw error;
    }
  });
  return {
    refreshed: looked.flatMap((item) => ('digest' in item ? [item] : [])),
    gone: looked.flatMap((item) => ('digest' in item ? [] : [item])),
  };
}

interface LookOptions {
  readonly access: ImageAccess;
  readonly runtime: Runtime;
  readonly sequence: number;
}

async function lookAt(
  entry: BaseEntry & { readonly image: string },
  tag: string,
  { access, runtime, sequence }: LookOptions,
): Promise<LockRecord> {
  await using opened = await openImageStore(`${entry.image}:${tag}`, access, runtime);
  const found = await resolveTarget(opened, access, runtime);
  const images =
    found.kind === 'image' ? [found.image] : await listPlatformImages(opened.store, found.index, runtime.signal);
  return {
    sequence,
    previous: null,
    observedAt: runtime.now().toISOString(),
    entry: entry.name,
    image: entry.image,
    tag,
    digest: found.digest,
    mediaType: found.descriptor.mediaType,
    platforms: images.map((image) => ({
      platform: image.platform,
      manifest: image.digest,
      config: image.configDigest,
      diffIds: image.config.diffIds,
      trivialLayers: [],
    })),
    bundles: [],
    blobs: {},
  };
}
