import { LIMITS, sha256Digest, type JsonValue } from '../../core/index.ts';
import { copyBlob } from '../copy-image.ts';
import { descriptorJson } from '../descriptor.ts';
import { imageError } from '../errors.ts';
import type { HistoryEntry, Image } from '../image.ts';
import type { OciLayoutStore } from '../local/oci-layout.ts';
import { checkRawManifest } from '../manifest.ts';
import { MEDIA_TYPES } from '../media-types.ts';
import type { Descriptor, ImageStore, Platform } from '../types.ts';
import type { BuiltLayer } from './build-layer.ts';

/** How the image is run. What is left out comes from the base, if there is one. */
export interface BuildConfig {
  /** Needed without a base. */
  readonly platform?: Platform;
  /** `NAME=value`; replaces the base's variable of that name. */
  readonly env?: readonly string[];
  readonly cmd?: readonly string[];
  readonly entrypoint?: readonly string[];
  /** Added to the base's. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDir?: string;
  /** RFC 3339; no clock is read. */
  readonly created?: string;
}

export interface BuildImageOptions {
  /** An image whose layers come first. Its blobs are copied from `store` unless that is the target. */
  readonly base?: { readonly image: Image; readonly store: ImageStore };
  readonly layers: readonly BuiltLayer[];
  readonly config?: BuildConfig;
  readonly annotations?: Readonly<Record<string, string>>;
  /** One entry per layer of `layers`, and any number with `emptyLayer`. */
  readonly history?: readonly HistoryEntry[];
  readonly tag?: string;
  readonly signal: AbortSignal;
}

const OCI_LAYER_TYPES: Readonly<Record<string, string>> = {
  [MEDIA_TYPES.dockerLayer]: MEDIA_TYPES.ociLayer,
  [MEDIA_TYPES.dockerLayerGzip]: MEDIA_TYPES.ociLayerGzip,
  [MEDIA_TYPES.dockerLayerZstd]: MEDIA_TYPES.ociLayerZstd,
};

/**
 * Writes configuration and manifest of an image into a layout whose layers are there (`buildLayer`). Deterministic.
 * @returns the manifest's descriptor with its platform, fit for `buildIndex`
 * @throws AppError IMAGE_UNWRITABLE without a platform, with too many layers, or a history that does not fit; and as copying and writing throw
 */
export async function buildImage(store: OciLayoutStore, options: BuildImageOptions): Promise<Descriptor> {
  const { base, signal } = options;
  const platform = options.config?.platform ?? base?.image.platform;
  if (platform === undefined) throw imageError('IMAGE_UNWRITABLE', 'an image without base needs a platform');
  const baseLayers = base?.image.layers ?? [];
  const layers = [
    ...baseLayers.map(({ descriptor }) => asOciLayer(descriptor)),
    ...options.layers.map(({ descriptor }) => descriptor),
  ];
  if (layers.length > LIMITS.layers)
    throw imageError('IMAGE_UNWRITABLE', `${layers.length} layers, more than the ${LIMITS.layers} allowed`);
  if (base !== undefined)
    for (const { descriptor } of baseLayers) await copyBlob(base.store, store, { descriptor, signal });

  const config = Buffer.from(JSON.stringify(configJson(options, platform)));
  const configDescriptor: Descriptor = {
    mediaType: MEDIA_TYPES.ociConfig,
    digest: sha256Digest(config),
    sizeBytes: config.byteLength,
  };
  await store.writeBlob(config, configDescriptor.digest, signal);
  const document: JsonValue = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: descriptorJson(configDescriptor),
    layers: layers.map(descriptorJson),
    ...(options.annotations === undefined ? {} : { annotations: { ...options.annotations } }),
  };
  return { ...(await writeDocument(store, document, options)), platform };
}

export interface BuildIndexOptions {
  /** Descriptors with platforms, as `buildImage` returns them. */
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly tag?: string;
  readonly signal: AbortSignal;
}

/** Writes an index over manifests that are in the layout. Deterministic; entries keep their order. */
export async function buildIndex(store: OciLayoutStore, options: BuildIndexOptions): Promise<Descriptor> {
  const document: JsonValue = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: options.manifests.map(descriptorJson),
    ...(options.annotations === undefined ? {} : { annotations: { ...options.annotations } }),
  };
  return writeDocument(store, document, options);
}

async function writeDocument(
  store: OciLayoutStore,
  document: JsonValue,
  options: { readonly tag?: string; readonly signal: AbortSignal },
): Promise<Descriptor> {
  const raw = checkRawManifest(Buffer.from(JSON.stringify(document)), {});
  await store.writeManifest(raw, options.tag === undefined ? {} : { tag: options.tag }, options.signal);
  return { mediaType: raw.mediaType, digest: raw.digest, sizeBytes: raw.bytes.byteLength };
}

function asOciLayer(descriptor: Descriptor): Descriptor {
  return {
    mediaType: OCI_LAYER_TYPES[descriptor.mediaType] ?? descriptor.mediaType,
    digest: descriptor.digest,
    sizeBytes: descriptor.sizeBytes,
  };
}

function configJson(options: BuildImageOptions, platform: Platform): JsonValue {
  const { config = {}, base } = options;
  const under = base?.image.config;
  const created = config.created ?? under?.created;
  const history = historyOf(options);
  const entrypoint = config.entrypoint ?? under?.entrypoint;
  // as builders do: a new entrypoint does away with the base's arguments
  const cmd = config.cmd ?? (config.entrypoint === undefined ? under?.cmd : undefined);
  const user = config.user ?? under?.user;
  const env = mergeEnv(under?.env ?? [], config.env ?? []);
  const labels = { ...under?.labels, ...config.labels };
  return {
    ...(created === undefined ? {} : { created }),
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    ...(platform.osVersion === undefined ? {} : { 'os.version': platform.osVersion }),
    config: {
      ...(user === undefined ? {} : { User: user }),
      ...(env.length === 0 ? {} : { Env: env }),
      ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
      ...(cmd === undefined ? {} : { Cmd: cmd }),
      ...(config.workingDir === undefined ? {} : { WorkingDir: config.workingDir }),
      ...(Object.keys(labels).length === 0 ? {} : { Labels: labels }),
    },
    rootfs: { type: 'layers', diff_ids: [...(under?.diffIds ?? []), ...options.layers.map(({ diffId }) => diffId)] },
    ...(history === undefined ? {} : { history }),
  };
}

/** Left out unless it accounts for every layer: a history that does not line up misleads. */
function historyOf(options: BuildImageOptions): JsonValue | undefined {
  const { base, history, layers } = options;
  const own = history ?? [];
  const count = own.filter((entry) => !entry.emptyLayer).length;
  if (history !== undefined && count !== layers.length) {
    throw imageError('IMAGE_UNWRITABLE', `the history accounts for ${count} layers, but ${layers.length} are added`);
  }
  const under = base?.image.config.history ?? [];
  const isAligned = under.filter((entry) => !entry.emptyLayer).length === (base?.image.layers.length ?? 0);
  if (history === undefined || !isAligned) return undefined;
  return [...under, ...own].map(historyJson);
}

function historyJson(entry: HistoryEntry): JsonValue {
  return {
    ...(entry.created === undefined ? {} : { created: entry.created }),
    ...(entry.createdBy === undefined ? {} : { created_by: entry.createdBy }),
    ...(entry.author === undefined ? {} : { author: entry.author }),
    ...(entry.comment === undefined ? {} : { comment: entry.comment }),
    ...(entry.emptyLayer ? { empty_layer: true } : {}),
  };
}

function mergeEnv(under: readonly string[], over: readonly string[]): readonly string[] {
  const nameOf = (variable: string): string => variable.split('=', 1)[0] ?? '';
  const replaced = new Set(over.map(nameOf));
  return [...under.filter((variable) => !replaced.has(nameOf(variable))), ...over];
}
