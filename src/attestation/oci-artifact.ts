import { sha256Digest, type Digest } from '../core/index.ts';
import type { Descriptor, RawManifest, ReferrerStore } from '../image/index.ts';

const MANIFEST_MEDIA_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const EMPTY_MEDIA_TYPE = 'application/vnd.oci.empty.v1+json';

/** OCI's empty configuration, which the manifest of an artifact points to. */
const EMPTY_CONFIG: Uint8Array = Buffer.from('{}');

export interface OciArtifactOptions {
  readonly bytes: Uint8Array;
  /** Of the document, and of the artifact. */
  readonly mediaType: string;
  /** What it is attached to; a document that stands for itself has none. */
  readonly subject?: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A document as an OCI artifact: its manifest has the document as its only layer. */
export interface OciArtifact {
  readonly bytes: Uint8Array;
  /** Of `bytes`. */
  readonly digest: Digest;
  readonly manifest: RawManifest;
  /** What it is attached to. */
  readonly subject?: Digest;
  /** How to list it under a subject where the registry does not do so by itself: with artifactType and annotations. */
  readonly descriptor: Descriptor;
}

/**
 * Lays a document out as an artifact. Deterministic for the same options.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 */
export function createOciArtifact({ bytes, mediaType, subject, annotations }: OciArtifactOptions): OciArtifact {
  const digest = sha256Digest(bytes);
  const document = {
    schemaVersion: 2,
    mediaType: MANIFEST_MEDIA_TYPE,
    artifactType: mediaType,
    config: { mediaType: EMPTY_MEDIA_TYPE, digest: sha256Digest(EMPTY_CONFIG), size: EMPTY_CONFIG.byteLength },
    layers: [{ mediaType, digest, size: bytes.byteLength }],
    ...(subject === undefined
      ? {}
      : { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.sizeBytes } }),
    annotations,
  };
  const manifest = Buffer.from(JSON.stringify(document));
  const listed = { mediaType: MANIFEST_MEDIA_TYPE, digest: sha256Digest(manifest) };
  return {
    bytes,
    digest,
    ...(subject === undefined ? {} : { subject: subject.digest }),
    manifest: { bytes: manifest, ...listed },
    descriptor: { ...listed, sizeBytes: manifest.byteLength, artifactType: mediaType, annotations },
  };
}

/** When something was made, as the annotation that says so: in whole seconds. */
export function createdAnnotation(created: Date): { readonly 'org.opencontainers.image.created': string } {
  return { 'org.opencontainers.image.created': `${created.toISOString().slice(0, 19)}Z` };
}

/**
 * Stores an artifact: configuration and document, then the manifest, which the store makes findable under the subject.
 * @throws AppError the store's own codes
 */
export async function writeOciArtifact(
  store: ReferrerStore,
  { bytes, digest, manifest, subject, descriptor }: OciArtifact,
  { tag, signal }: { readonly tag?: string; readonly signal: AbortSignal },
): Promise<void> {
  await store.writeBlob(EMPTY_CONFIG, sha256Digest(EMPTY_CONFIG), signal);
  await store.writeBlob(bytes, digest, signal);
  const place = {
    ...(tag === undefined ? {} : { tag }),
    ...(subject === undefined ? {} : { referrer: { subject, descriptor } }),
  };
  await store.writeManifest(manifest, place, signal);
}
