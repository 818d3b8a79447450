import { digestAlgorithm, digestHex, sha256Digest, type Digest } from '../core/index.ts';
import type { Descriptor, ReferrerStore } from '../image/index.ts';
import { EMPTY_CONFIG, MANIFEST_MEDIA_TYPE } from './bundle-manifest.ts';

const EMPTY_MEDIA_TYPE = 'application/vnd.oci.empty.v1+json';

/** A document that is stored beside an image as it is: nothing about it is signed here. */
export interface AttachedDocument {
  /** Of the document's own bytes. */
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** The manifest that attaches it. */
  readonly referrer: Digest;
}

/** Media types that go with predicate types; anything else is JSON. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  'https://cyclonedx.org/bom': 'application/vnd.cyclonedx+json',
  'https://spdx.dev/Document': 'application/spdx+json',
};

export function documentMediaType(predicateType: string): string {
  return (Object.hasOwn(MEDIA_TYPES, predicateType) ? MEDIA_TYPES[predicateType] : undefined) ?? 'application/json';
}

/**
 * Stores a document and makes it a referrer of an image: one manifest with `artifactType` the document's media type and the document as its only layer.
 * @throws AppError the store's own codes
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 */
export async function attachDocument(
  store: ReferrerStore,
  subject: Descriptor,
  document: { readonly bytes: Uint8Array; readonly mediaType: string },
  options: { readonly created: Date; readonly signal: AbortSignal },
): Promise<AttachedDocument> {
  const { bytes, mediaType } = document;
  const digest = sha256Digest(bytes);
  const annotations = { 'org.opencontainers.image.created': `${options.created.toISOString().slice(0, 19)}Z` };
  const manifestBytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_MEDIA_TYPE,
      artifactType: mediaType,
      config: { mediaType: EMPTY_MEDIA_TYPE, digest: sha256Digest(EMPTY_CONFIG), size: EMPTY_CONFIG.byteLength },
      layers: [{ mediaType, digest, size: bytes.byteLength }],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.sizeBytes },
      annotations,
    }),
  );
  const referrer = sha256Digest(manifestBytes);
  const descriptor: Descriptor = {
    mediaType: MANIFEST_MEDIA_TYPE,
    digest: referrer,
    sizeBytes: manifestBytes.byteLength,
    artifactType: mediaType,
    annotations,
  };
  await store.writeBlob(EMPTY_CONFIG, sha256Digest(EMPTY_CONFIG), options.signal);
  await store.writeBlob(bytes, digest, options.signal);
  await store.writeManifest(
    { bytes: manifestBytes, mediaType: MANIFEST_MEDIA_TYPE, digest: referrer },
    { referrer: { subject: subject.digest, descriptor } },
    options.signal,
  );
  return { digest, sizeBytes: bytes.byteLength, mediaType, referrer };
}

/**
 * The predicate that names a document by its digest instead of holding it.
 * @see https://github.com/in-toto/attestation/blob/main/spec/predicates/reference.md
 */
export function referencePredicate(document: { readonly bytes: Uint8Array; readonly mediaType: string }): Uint8Array {
  const digest = sha256Digest(document.bytes);
  return Buffer.from(
    JSON.stringify({
      attester: { id: 'https://waybill.dev' },
      references: [{ digest: { [digestAlgorithm(digest)]: digestHex(digest) }, mediaType: document.mediaType }],
    }),
  );
}
