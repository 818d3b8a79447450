import type { Runtime } from '../../../src/core/index.ts';
import type { Descriptor, RawManifest } from '../../../src/image/index.ts';
import { sha256Digest, type Digest } from '../../../src/core/index.ts';
import { openRegistry, type RegistryOptions, type RegistryStore } from '../../../src/registry/index.ts';

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

/** Never aborted. */
export const calm: AbortSignal = new AbortController().signal;

/** A runtime with this environment and nothing of the machine's. */
export function quietRuntime(env: Readonly<Record<string, string>> = {}): Runtime {
  return {
    env,
    now: () => new Date('2026-01-01T00:00:00Z'),
    randomBytes: (length) => new Uint8Array(length).fill(128),
    signal: calm,
    progress: () => undefined,
    cacheDir: undefined,
  };
}

/** Opens a repository without real waiting between tries. */
export function openQuietly(
  host: string,
  repository: string,
  options: Partial<RegistryOptions> & { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<RegistryStore> {
  return openRegistry(
    { transport: 'registry', registry: host, repository, tag: 'latest' },
    { runtime: quietRuntime(options.env), sleep: async () => undefined, ...options },
  );
}

export function manifestOf(document: object, mediaType = OCI_MANIFEST): RawManifest {
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, mediaType, digest: sha256Digest(bytes) };
}

/** A manifest attached to a subject, told apart by its note, and the descriptor to list. */
export function referrerOf(
  subject: Digest,
  note: string,
): { readonly manifest: RawManifest; readonly descriptor: Descriptor } {
  const annotations = { note };
  const manifest = manifestOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: 'application/vnd.example',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256Digest('{}'), size: 2 },
    layers: [],
    subject: { mediaType: OCI_MANIFEST, digest: subject, size: 10 },
    annotations,
  });
  const { mediaType, digest, bytes } = manifest;
  const descriptor = {
    mediaType,
    digest,
    sizeBytes: bytes.byteLength,
    artifactType: 'application/vnd.example',
    annotations,
  };
  return { manifest, descriptor };
}
