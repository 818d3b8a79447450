import {
  buildImage,
  buildLayer,
  createOciLayout,
  loadImage,
  type BuildConfig,
  type HistoryEntry,
  type Image,
  type LayerCompression,
  type LayerEntry,
  type OciLayoutStore,
} from '../../src/image/index.ts';
import type { Digest } from '../../src/core/index.ts';

/** A layer as path to content, or entry by entry. */
export type LayerSpec = Readonly<Record<string, string | Uint8Array>> | readonly LayerEntry[];

export interface MakeImageOptions {
  readonly layers: readonly LayerSpec[];
  readonly base?: { readonly image: Image; readonly store: OciLayoutStore };
  readonly compression?: LayerCompression;
  readonly config?: BuildConfig;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly history?: readonly HistoryEntry[];
  /** `latest` unless given. */
  readonly tag?: string;
}

export interface MadeImage {
  readonly store: OciLayoutStore;
  readonly digest: Digest;
  readonly image: Image;
}

export const LINUX_AMD64 = { os: 'linux', architecture: 'amd64' } as const;

/** Builds a real image in a layout directory (made when missing): linux/amd64, gzip, unless told otherwise. */
export async function makeImage(directory: string, options: MakeImageOptions): Promise<MadeImage> {
  const signal = new AbortController().signal;
  const store = await createOciLayout(directory);
  const layers = [];
  for (const spec of options.layers) {
    layers.push(await buildLayer(store, toEntries(spec), { compression: options.compression ?? 'gzip', signal }));
  }
  const platform = options.config?.platform ?? options.base?.image.platform ?? LINUX_AMD64;
  const { digest } = await buildImage(store, {
    ...(options.base === undefined ? {} : { base: options.base }),
    layers,
    config: { ...options.config, platform },
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
    ...(options.history === undefined ? {} : { history: options.history }),
    tag: options.tag ?? 'latest',
    signal,
  });
  return { store, digest, image: await loadImage(store, { reference: digest, hostPlatform: platform, signal }) };
}

function toEntries(spec: LayerSpec): readonly LayerEntry[] {
  if (Array.isArray(spec)) return spec as readonly LayerEntry[];
  return Object.entries(spec as Readonly<Record<string, string | Uint8Array>>).map(([path, content]) => ({
    path,
    content,
  }));
}
