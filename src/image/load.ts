import { digestMatches, isDigest, LIMITS, type Digest } from '../core/index.ts';
import { parseConfig } from './config.ts';
import { imageError } from './errors.ts';
import type { Image, ImageConfig, ImageIndex, LayerDescriptor } from './image.ts';
import { manifestKind, parseIndex, parseManifest, type Manifest } from './manifest.ts';
import { classifyLayerType, isImageConfigType, isImageManifestType, isIndexType, MEDIA_TYPES } from './media-types.ts';
import { contradictsPlatform, formatExactPlatform, formatPlatform, platformKey, platformRank } from './platform.ts';
import { readBlobBytes, sizeMismatch } from './read-blob.ts';
import type { Descriptor, ImageStore, Platform, RawManifest } from './types.ts';

/** Which image to load. */
export interface LoadOptions {
  /** Tag or digest; '' is the store's only image. */
  readonly reference: Digest | string;
  /** The platform asked for; a single image must be of it. */
  readonly platform?: Platform;
  /** What to take from an index when no platform is asked for. */
  readonly hostPlatform: Platform;
  readonly signal: AbortSignal;
}

/** What a reference turned out to name. */
export type Loaded =
  | { readonly kind: 'image'; readonly image: Image }
  | { readonly kind: 'index'; readonly index: ImageIndex };

/**
 * Loads what a reference names, an image or an index, checked as `loadImage` and `loadIndex` do.
 * @throws AppError as those two
 */
export async function loadImageOrIndex(
  store: ImageStore,
  options: Pick<LoadOptions, 'reference' | 'signal'>,
): Promise<Loaded> {
  const raw = await readVerified(store, options.reference, options.signal);
  if (manifestKind(raw.bytes, raw.mediaType) === 'index') return { kind: 'index', index: checkIndex(raw) };
  return { kind: 'image', image: await readImage(store, raw, options.signal) };
}

/** @throws AppError NOT_AN_INDEX, INDEX_NESTED and what reading and `parseIndex` throw */
export async function loadIndex(
  store: ImageStore,
  options: Pick<LoadOptions, 'reference' | 'signal'>,
): Promise<ImageIndex> {
  return checkIndex(await readVerified(store, options.reference, options.signal));
}

/**
 * Loads one platform's image: manifest and config verified against digest and size, counts and media types checked; layer bytes are not read. From an index the
 * platform asked for, else the host's, is chosen as containerd chooses.
 * @throws AppError MANIFEST_DIGEST_MISMATCH, DIGEST_MISMATCH, SIZE_MISMATCH, MANIFEST_AMBIGUOUS, MEDIA_TYPE_CONFLICT, UNSUPPORTED_SCHEMA, NOT_AN_IMAGE,
 * INDEX_NESTED, CONFIG_INVALID, DIFF_ID_COUNT, UNSUPPORTED_LAYER, ENCRYPTED_LAYER, UNKNOWN_LAYER_TYPE, LAYER_COUNT, PLATFORM_NOT_FOUND, PLATFORM_DUPLICATE,
 * PLATFORM_CONFLICT, and what the store throws
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
export async function loadImage(store: ImageStore, options: LoadOptions): Promise<Image> {
  const loaded = await loadImageOrIndex(store, options);
  if (loaded.kind === 'image') {
    const { image } = loaded;
    if (options.platform !== undefined && platformRank(options.platform, image.platform) === undefined) {
      throw platformNotFound(store, options.platform, [image.platform]);
    }
    return image;
  }
  return loadFromIndex(store, loaded.index, options);
}

/** One image of an index. The descriptor's size, media type and platform are held against what is there. @throws AppError as `loadImage` */
export async function loadPlatformImage(
  store: ImageStore,
  index: ImageIndex,
  options: { readonly descriptor: Descriptor; readonly signal: AbortSignal },
): Promise<Image> {
  const { descriptor, signal } = options;
  const raw = await readVerified(store, descriptor.digest, signal);
  if (raw.bytes.byteLength !== descriptor.sizeBytes)
    throw sizeMismatch('manifest', descriptor, `${raw.bytes.byteLength} bytes long`);
  if (raw.mediaType !== descriptor.mediaType) {
    throw imageError(
      'MEDIA_TYPE_CONFLICT',
      `the index lists ${descriptor.digest} as ${descriptor.mediaType}, but it is ${raw.mediaType}`,
    );
  }
  const image = await readImage(store, raw, signal);
  if (descriptor.platform !== undefined && contradictsPlatform(descriptor.platform, image.platform)) {
    throw imageError(
      'PLATFORM_CONFLICT',
      `the index says that ${descriptor.digest} is for ${formatExactPlatform(descriptor.platform)}, its configuration says ${formatExactPlatform(image.platform)}`,
    );
  }
  return { ...image, index };
}

/**
 * All images of an index but attestation manifests, in the order of the index.
 * @throws AppError PLATFORM_NOT_FOUND when there are none, PLATFORM_DUPLICATE, and as `loadImage`
 */
export async function listPlatformImages(
  store: ImageStore,
  index: ImageIndex,
  signal: AbortSignal,
): Promise<readonly Image[]> {
  const images: Image[] = [];
  const seen = new Set<string>();
  for (const descriptor of index.platforms) {
    const image = await loadPlatformImage(store, index, { descriptor, signal });
    const key = platformKey({ ...image.platform, ...descriptor.platform });
    if (seen.has(key))
      throw imageError(
        'PLATFORM_DUPLICATE',
        `${index.digest} lists ${formatExactPlatform(image.platform)} more than once`,
      );
    seen.add(key);
    images.push(image);
  }
  if (images.length === 0) throw imageError('PLATFORM_NOT_FOUND', `the index ${index.digest} lists no platform`);
  return images;
}

async function readVerified(store: ImageStore, reference: Digest | string, signal: AbortSignal): Promise<RawManifest> {
  const raw = await store.readManifest(reference, signal);
  if (!digestMatches(raw.digest, raw.bytes) || (isDigest(reference) && raw.digest !== reference)) {
    throw imageError(
      'MANIFEST_DIGEST_MISMATCH',
      `${store.name} gave another manifest than ${reference === '' ? raw.digest : reference}`,
    );
  }
  return raw;
}

function checkIndex(raw: RawManifest): ImageIndex {
  const { platforms, attestationManifests, annotations } = parseIndex(raw.bytes, raw.mediaType);
  for (const { mediaType, digest } of platforms) {
    if (isIndexType(mediaType))
      throw imageError('INDEX_NESTED', `the index ${raw.digest} lists another index, ${digest}`);
    if (!isImageManifestType(mediaType))
      throw imageError('NOT_AN_IMAGE', `the index ${raw.digest} lists ${digest}, which is ${mediaType}`);
  }
  return { digest: raw.digest, manifest: raw, annotations, platforms, attestationManifests };
}

async function loadFromIndex(store: ImageStore, index: ImageIndex, options: LoadOptions): Promise<Image> {
  const { signal } = options;
  const wanted = options.platform ?? options.hostPlatform;
  const offers: { readonly descriptor: Descriptor; readonly platform: Platform }[] = [];
  for (const descriptor of index.platforms) {
    // an entry that does not say its platform is asked itself
    const platform = descriptor.platform ?? (await loadPlatformImage(store, index, { descriptor, signal })).platform;
    offers.push({ descriptor, platform });
  }
  const ranked = offers
    .map((offer) => ({ ...offer, rank: platformRank(wanted, offer.platform) }))
    .filter((offer) => offer.rank !== undefined)
    .toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const [best, next] = ranked;
  if (best === undefined)
    throw platformNotFound(
      store,
      wanted,
      offers.map((offer) => offer.platform),
    );
  if (next !== undefined && next.rank === best.rank) {
    throw imageError('PLATFORM_DUPLICATE', `${index.digest} lists ${formatPlatform(best.platform)} more than once`, {
      hint: 'name the platform manifest by its digest',
    });
  }
  return loadPlatformImage(store, index, { descriptor: best.descriptor, signal });
}

function platformNotFound(store: ImageStore, wanted: Platform, available: readonly Platform[]): Error {
  const list = [...new Set(available.map(formatPlatform))].slice(0, 50).join(', ');
  return imageError(
    'PLATFORM_NOT_FOUND',
    `${store.name} has no image for ${formatPlatform(wanted)}; it has: ${list === '' ? 'none' : list}`,
    {
      hint: 'choose one with --platform os/arch[/variant]',
    },
  );
}

async function readImage(store: ImageStore, raw: RawManifest, signal: AbortSignal): Promise<Image> {
  const manifest = parseManifest(raw.bytes, raw.mediaType);
  checkRunnable(manifest, raw.digest);
  const configBytes = await readBlobBytes(store, manifest.config, {
    maxBytes: LIMITS.configBytes,
    what: 'configuration',
    signal,
  });
  const config = parseConfig(configBytes);
  const { os, architecture, variant, osVersion } = config;
  return {
    digest: raw.digest,
    manifest: raw,
    annotations: manifest.annotations,
    platform: {
      os,
      architecture,
      ...(variant === undefined ? {} : { variant }),
      ...(osVersion === undefined ? {} : { osVersion }),
    },
    config,
    configBytes,
    configDigest: manifest.config.digest,
    layers: pairLayers(manifest, config, raw.digest),
    ...(store.syntheticManifest === true ? { syntheticManifest: true } : {}),
  };
}

/** Refuses what is no image, and images whose layers cannot be read. */
function checkRunnable(manifest: Manifest, digest: Digest): void {
  const inToto = manifest.layers.some((layer) => layer.mediaType === 'application/vnd.in-toto+json');
  if (!isImageConfigType(manifest.config.mediaType) || inToto) {
    const type = inToto ? 'attestations' : (manifest.artifactType ?? manifest.config.mediaType);
    const kind = manifest.config.mediaType === MEDIA_TYPES.ociEmpty ? `an artifact (${type})` : type;
    throw imageError('NOT_AN_IMAGE', `${digest} is no container image: ${kind}`);
  }
  for (const [index, { mediaType }] of manifest.layers.entries()) {
    const found = classifyLayerType(mediaType);
    const layer = `layer ${index} of ${digest}`;
    if (found === 'foreign')
      throw imageError('UNSUPPORTED_LAYER', `${layer} is kept outside the registry (${mediaType})`);
    if (found === 'encrypted') throw imageError('ENCRYPTED_LAYER', `${layer} is encrypted (${mediaType})`);
    if (found === 'unknown') throw imageError('UNKNOWN_LAYER_TYPE', `${layer} has the unknown media type ${mediaType}`);
  }
}

/** Layers with their diffIDs; with `created_by` only where history and layers line up. @throws AppError DIFF_ID_COUNT */
export function pairLayers(
  manifest: Pick<Manifest, 'layers'>,
  config: ImageConfig,
  digest: Digest,
): readonly LayerDescriptor[] {
  if (config.diffIds.length !== manifest.layers.length) {
    throw imageError(
      'DIFF_ID_COUNT',
      `${digest} has ${manifest.layers.length} layers, but its configuration has ${config.diffIds.length} diffIDs`,
    );
  }
  const steps = config.history.filter((entry) => !entry.emptyLayer);
  const aligned = steps.length === manifest.layers.length;
  return manifest.layers.map((descriptor, index) => {
    const createdBy = aligned ? steps[index]?.createdBy : undefined;
    return {
      index,
      descriptor,
      diffId: config.diffIds[index] as Digest,
      ...(createdBy === undefined ? {} : { createdBy }),
    };
  });
}
