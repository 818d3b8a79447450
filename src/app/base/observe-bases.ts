import { CATALOGERS, capturePlan, readOsStanzas, STANZA_CATALOGERS } from '../../catalog/index.ts';
import { throwIfAborted, mapConcurrent, type Digest, type Runtime } from '../../core/index.ts';
import { squash, type CapturePlan, type LayerStack } from '../../filesystem/index.ts';
import { listPlatformImages, type Image } from '../../image/index.ts';
import type { BaseEntry, LoadedPolicy } from '../../policy/index.ts';
import {
  COMPARISON_CAPTURES,
  COMPARISON_DIGESTS,
  EMPTY_LAYER_DIFF_ID,
  writeFileList,
  type LockPlatform,
  type LockRecordDraft,
} from '../../provenance/index.ts';
import { findBaseBundles } from './base-bundles.ts';
import { appError } from '../errors.ts';
import { openImageStore, type ImageAccess, type OpenedStore } from '../store/open-image-store.ts';
import type { PolicyTrustOptions } from '../gate/policy-trust.ts';
import { resolveTarget, type Target } from '../store/resolve-target.ts';
import { readLayersOnly } from '../sbom/scan-image.ts';

/** Tags observed at the same time; each reads its layers in parallel already. */
const CONCURRENT = 3;

export interface ObserveOptions extends PolicyTrustOptions {
  /** Names of `bases.entries`; all of kind `image` when empty. */
  readonly entries: readonly string[];
  /** Where to read a base instead of its own registry: `debian:12` to a reference, for mirrors, layouts and archives. */
  readonly sources: ReadonlyMap<string, string>;
  readonly access: ImageAccess;
  /** List the files of every base, not only of those whose entry says `squashed: allow`. */
  readonly files?: boolean;
}

/** A tag to look at, and where. */
interface Observation {
  readonly entry: BaseEntry & { readonly image: string };
  readonly tag: string;
  readonly reference: string;
}

/**
 * Looks where the tags of allowed bases lead now, and reads and verifies every layer of every platform. In the order of the policy. Writes nothing.
 * @throws AppError BASE_ENTRY_UNKNOWN, NOTHING_TO_LOCK, INTERRUPTED, and the codes of reading
 */
export async function observeBases(
  loaded: LoadedPolicy,
  options: ObserveOptions,
  runtime: Runtime,
): Promise<readonly LockRecordDraft[]> {
  const drafts = await mapConcurrent(plannedObservations(loaded, options), CONCURRENT, (observation) =>
    observe({ ...observation, loaded }, options, runtime),
  );
  throwIfAborted(runtime.signal);
  return drafts;
}

function plannedObservations(loaded: LoadedPolicy, options: ObserveOptions): readonly Observation[] {
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
  const fromSources = [...sources.keys()]
    .filter((key) => key.startsWith(`${entry.name}:`))
    .map((key) => key.slice(entry.name.length + 1))
    .filter((tag) => entry.tags === undefined || entry.tags.some((glob) => glob.matches(tag)));
  return [...new Set([...literalTags(entry), ...fromSources])].map((tag) => ({
    entry,
    tag,
    reference: sources.get(`${entry.name}:${tag}`) ?? `${entry.image}:${tag}`,
  }));
}

/** The tags of an entry that are no patterns: those that can be looked at. */
export function literalTags(entry: BaseEntry): readonly string[] {
  return (entry.tags ?? []).map((glob) => glob.pattern).filter((pattern) => !/[*?]/.test(pattern));
}

async function observe(
  observation: Observation & { readonly loaded: LoadedPolicy },
  options: ObserveOptions,
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
  const withFiles = options.files === true || entry.squashed === 'allow';
  const platforms: LockPlatform[] = [];
  for (const image of images) {
    keep(image.digest, image.manifest.bytes);
    keep(image.configDigest, image.configBytes);
    platforms.push(await observePlatform(image, opened, { withFiles, keep, runtime }));
  }
  const subjects = [...new Set([target.digest, ...images.map((image) => image.digest)])];
  const judging = { loaded: observation.loaded, entry, runtime, trust: options };
  const found = opened.referrers === undefined ? [] : await findBaseBundles(opened.referrers, subjects, judging);
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

interface PlatformOptions {
  readonly withFiles: boolean;
  readonly keep: (digest: Digest, bytes: Uint8Array) => void;
  readonly runtime: Runtime;
}

async function observePlatform(image: Image, opened: OpenedStore, options: PlatformOptions): Promise<LockPlatform> {
  const { withFiles, keep, runtime } = options;
  const stack = await readLayersOnly(image, opened.store, runtime, withFiles ? { extra: fileListPlan() } : {});
  const view = withFiles ? squash(stack) : undefined;
  const list = view === undefined ? undefined : writeFileList(view, readOsStanzas(view));
  if (list !== undefined) keep(list.digest, list.bytes);
  return {
    platform: image.platform,
    manifest: image.digest,
    config: image.configDigest,
    diffIds: image.config.diffIds,
    trivialLayers: image.layers
      .filter((layer) => isTrivialLayer(stack, layer.index, layer.diffId))
      .map((layer) => layer.index),
    ...(list === undefined ? {} : { fileList: list.digest }),
  };
}

/** What listing files takes: what a comparison does, and what catalogers read of rpm's databases. */
export function fileListPlan(): CapturePlan {
  const { captures } = capturePlan(CATALOGERS.filter(({ id }) => STANZA_CATALOGERS.includes(id)));
  return { captures: [...captures, ...COMPARISON_CAPTURES], digests: COMPARISON_DIGESTS };
}

/** Holds no file and no link: nothing but folders and whiteouts. */
function isTrivialLayer(stack: LayerStack, index: number, diffId: Digest): boolean {
  if (diffId === EMPTY_LAYER_DIFF_ID) return true;
  const alone = squash({ ...stack, layers: stack.layers.slice(index, index + 1) });
  for (const entry of alone.entries()) if (entry.type !== 'directory') return false;
  return true;
}

function rfc3339(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
