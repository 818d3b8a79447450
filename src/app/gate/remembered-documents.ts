import { digestMatches, isDigest, LIMITS, type Digest } from '../../core/index.ts';
import type { Descriptor, ImageStore, RawManifest } from '../../image/index.ts';

/**
 * A store that is asked for each manifest (by digest) and each small blob once: an image is loaded from the documents that its evidence keeps, and those are read
 * first. Whoever reads them compares size and digest each time, as with any store; what was not what its digest says is asked for again. Not for layers.
 */
export function rememberDocuments(store: ImageStore): ImageStore {
  const manifests = new Map<Digest, RawManifest>();
  const blobs = new Map<Digest, Uint8Array>();
  return {
    name: store.name,
    ...(store.syntheticManifest === undefined ? {} : { syntheticManifest: store.syntheticManifest }),
    async readManifest(reference, signal) {
      const known = isDigest(reference) ? manifests.get(reference) : undefined;
      if (known !== undefined) return known;
      const manifest = await store.readManifest(reference, signal);
      if (digestMatches(manifest.digest, manifest.bytes)) manifests.set(manifest.digest, manifest);
      return manifest;
    },
    async openBlob(descriptor, signal) {
      const known = blobs.get(descriptor.digest);
      if (known !== undefined) return { kind: 'stream', stream: once(known) };
      const source = await store.openBlob(descriptor, signal);
      if (source.kind === 'file' || descriptor.sizeBytes > LIMITS.configBytes) return source;
      return {
        kind: 'stream',
        stream: listenTo(source.stream, descriptor, (bytes) => blobs.set(descriptor.digest, bytes)),
      };
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** Hands a blob on; whoever reads it stops when it is longer than its descriptor says. */
async function* listenTo(
  stream: AsyncIterable<Uint8Array>,
  { digest }: Descriptor,
  heard: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    yield chunk;
  }
  const bytes = Buffer.concat(chunks);
  if (digestMatches(digest, bytes)) heard(bytes);
}
