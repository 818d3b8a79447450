import { coreError, digestMatches, LIMITS } from '../core/index.ts';
import type { RegistryReference } from '../image/index.ts';
import { createHttpClient, type HttpClient } from '../net/index.ts';
import { Authenticator } from './authentication/authenticator.ts';
import { confirmBlob, hasBlob, openBlob, readBlob } from './blobs.ts';
import { findCredentials } from './credentials/find-credentials.ts';
import { findEndpoint } from './endpoint.ts';
import { fetchManifest, headManifest, storeManifest } from './manifests.ts';
import { listReferrers } from './referrers.ts';
import { removeReferrers } from './remove-referrers.ts';
import { createRepositoryClient, type RepositoryClient } from './repository-client.ts';
import { withReferrersElsewhere } from './separate-referrers.ts';
import type { RegistryOptions, RegistryStore, UploadSettings } from './types.ts';
import { mountBlob, uploadBlob } from './upload.ts';
import { writeManifest, writeReferrers } from './write-manifest.ts';

const MiB = 1024 * 1024;
const DEFAULT_UPLOAD: UploadSettings = { chunkedAboveBytes: 256 * MiB, chunkBytes: 32 * MiB };

/**
 * Opens the repository that a reference names. Nothing is sent yet, but for one request that asks a loopback or insecure registry whether it speaks TLS.
 * Everything a registry answers is hostile; manifests and whole blobs come back digest-checked, blob streams size-checked only.
 * A CA file or proxy that cannot be used shows at the first request (NET_CA_INVALID, FILE_NOT_FOUND, NET_PROXY_INVALID).
 * @throws AppError REPOSITORY_NOT_FOUND for a name that no repository can have
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export async function openRegistry(reference: RegistryReference, options: RegistryOptions): Promise<RegistryStore> {
  const http = options.client ?? createHttpClient(options);
  const main = createStore(await connect(reference, options, http), { reference, options, http });
  const elsewhere = options.referrersRepository;
  if (!elsewhere) return main;
  const referrers = createStore(await connect(elsewhere, options, http), { reference: elsewhere, options, http });
  return withReferrersElsewhere(main, referrers);
}

async function connect(
  reference: RegistryReference,
  options: RegistryOptions,
  client: HttpClient,
): Promise<RepositoryClient> {
  const { runtime, authFile } = options;
  const { registry, repository } = reference;
  const insecure = options.insecureRegistries ?? [];
  const endpoint = await findEndpoint(reference, insecure, { client, signal: runtime.signal });
  const authenticator = new Authenticator({
    client,
    endpoint,
    runtime,
    allowedRealms: options.allowedRealms ?? [],
    findCredentials: (signal) => findCredentials({ registry, repository, env: runtime.env, authFile, signal }),
  });
  return createRepositoryClient({
    client,
    endpoint,
    authenticator,
    repository,
    maxReferrers: options.maxReferrers ?? LIMITS.referrers,
  });
}

interface StoreParts {
  readonly reference: RegistryReference;
  readonly options: RegistryOptions;
  readonly http: HttpClient;
}

function createStore(client: RepositoryClient, { reference, options, http }: StoreParts): RegistryStore {
  const settings = { ...DEFAULT_UPLOAD, ...options.upload };
  // '' is the store's own image
  const named = (text: string): string => text || (reference.digest ?? reference.tag ?? 'latest');
  return {
    name: client.name,
    async readManifest(text, signal) {
      const { bytes, mediaType, digest } = await fetchManifest(client, named(text), signal);
      return { bytes, mediaType, digest };
    },
    headManifest: (text, signal) => headManifest(client, named(text), signal),
    openBlob: (descriptor, signal) => openBlob(client, descriptor, signal),
    confirmBlob: (descriptor, signal) => confirmBlob(client, descriptor, signal),
    readBlob: (descriptor, maxBytes, signal) => readBlob(client, { descriptor, maxBytes }, signal),
    hasBlob: (digest, signal) => hasBlob(client, digest, signal),
    mountBlob: (digest, from, signal) => mountBlob(client, { digest, from }, signal),
    uploadBlob: (source, descriptor, signal) => uploadBlob(client, { source, descriptor, settings }, signal),
    async writeBlob(bytes, digest, signal) {
      if (!digestMatches(digest, bytes)) {
        throw coreError(
          'DIGEST_MISMATCH',
          `the bytes to be uploaded to ${client.name} as ${digest} have another digest`,
        );
      }
      const descriptor = { mediaType: 'application/octet-stream', digest, sizeBytes: bytes.byteLength };
      await uploadBlob(client, { source: { kind: 'bytes', bytes }, descriptor, settings }, signal);
    },
    async putManifest(manifest, tag, signal) {
      await storeManifest(client, { manifest, tag }, signal);
    },
    writeManifest: (manifest, how, signal) => writeManifest(client, { manifest, options: how }, signal),
    writeReferrers: (subject, referrers, signal) => writeReferrers(client, { subject, referrers }, signal),
    removeReferrers: (subject, removal, signal) => removeReferrers(client, { subject, removal }, signal),
    listReferrers: (subject, signal) => listReferrers(client, subject, signal),
    [Symbol.asyncDispose]: () => (options.client === undefined ? http[Symbol.asyncDispose]() : Promise.resolve()),
  };
}
