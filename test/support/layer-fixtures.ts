import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { sha256Digest, type Digest } from '../../src/core/index.ts';
import type { CapturePlan, CaptureRule, LayerStack } from '../../src/filesystem/index.ts';
import { createTar, type TarEntryHeader, type TarInput } from '../../src/formats/index.ts';
import { readLayers, type Image, type ImageStore, type LayerDescriptor } from '../../src/image/index.ts';

/** One layer of a made-up image. */
export interface FakeLayer {
  readonly tar: Uint8Array;
  readonly stored: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: Digest;
}

type Part = string | Uint8Array | (Partial<TarEntryHeader> & { readonly content?: string });

/** Short notation for tar members: text is a file, `dir`, `link:`/`hard:` targets by prefix; anything else is header fields, with `content` where there is some. */
export function members(tree: Readonly<Record<string, Part>>): TarInput[] {
  return Object.entries(tree).map(([path, part]): TarInput => {
    if (part instanceof Uint8Array) return { header: { path, type: 'file', mode: 0o644 }, content: part };
    if (typeof part !== 'string') {
      const { content, ...header } = part;
      if (content === undefined) return { header: { path, type: 'file', mode: 0o644, ...header } };
      return { header: { path, type: 'file', mode: 0o644, ...header }, content: Buffer.from(content) };
    }
    if (part === 'dir') return { header: { path, type: 'directory', mode: 0o755 } };
    if (part.startsWith('link:')) return { header: { path, type: 'symlink', mode: 0o777, linkTarget: part.slice(5) } };
    if (part.startsWith('hard:')) return { header: { path, type: 'hardlink', mode: 0o644, linkTarget: part.slice(5) } };
    return { header: { path, type: 'file', mode: 0o644 }, content: Buffer.from(part) };
  });
}

export async function tarOf(inputs: Iterable<TarInput>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of createTar(inputs)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export function layerOf(tar: Uint8Array, compression: 'gzip' | 'zstd' | 'none' = 'gzip'): FakeLayer {
  const stored = compression === 'gzip' ? gzipSync(tar) : compression === 'zstd' ? zstdCompressSync(tar) : tar;
  const suffix = compression === 'none' ? '' : `+${compression}`;
  return fakeLayer(tar, stored, `application/vnd.oci.image.layer.v1.tar${suffix}`);
}

export function fakeLayer(tar: Uint8Array, stored: Uint8Array, mediaType: string): FakeLayer {
  return {
    tar,
    stored,
    mediaType,
    digest: sha256Digest(stored),
    sizeBytes: stored.byteLength,
    diffId: sha256Digest(tar),
  };
}

/** An image of these layers and a store that serves them from files or as streams. */
export async function fakeImage(
  layers: readonly FakeLayer[],
  kind: 'file' | 'stream' = 'file',
): Promise<{ image: Image; store: ImageStore; directory: string } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  const place = (digest: string): string => join(directory, digest.replace(':', '-'));
  for (const layer of layers) await writeFile(place(layer.digest), layer.stored);
  const descriptors: LayerDescriptor[] = layers.map((layer, index) => ({
    index,
    descriptor: { mediaType: layer.mediaType, digest: layer.digest, sizeBytes: layer.sizeBytes },
    diffId: layer.diffId,
  }));
  const store = {
    name: 'fake',
    openBlob: async ({ digest }: { digest: Digest }) => {
      const stored = layers.find((layer) => layer.digest === digest)?.stored ?? new Uint8Array();
      const range = { path: place(digest), offsetBytes: 0, lengthBytes: stored.byteLength };
      if (kind === 'file') return { kind, range };
      return { kind, stream: inPieces(stored, 10_007) };
    },
  } as unknown as ImageStore;
  return {
    image: { layers: descriptors } as unknown as Image,
    store,
    directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

export const NO_PLAN: CapturePlan = { captures: [], digests: [] };

export function planOf(...captures: CaptureRule[]): CapturePlan {
  return { captures, digests: [] };
}

/** Reads layers given as short notation. */
export async function stackOf(
  trees: readonly Readonly<Record<string, Part>>[],
  plan: CapturePlan = NO_PLAN,
): Promise<LayerStack> {
  const layers = await Promise.all(trees.map(async (tree) => layerOf(await tarOf(members(tree)))));
  await using fake = await fakeImage(layers);
  return await readLayers({
    image: fake.image,
    store: fake.store,
    plan,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
}
