import { digestAlgorithm, digestHex, sha256Digest, type Digest } from '../core/index.ts';
import type { Descriptor, ReferrerStore } from '../image/index.ts';
import { createOciArtifact, createdAnnotation, writeOciArtifact } from './oci-artifact.ts';

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
  const artifact = createOciArtifact({ bytes, mediaType, subject, annotations: createdAnnotation(options.created) });
  await writeOciArtifact(store, artifact, { signal: options.signal });
  return { digest: artifact.digest, sizeBytes: bytes.byteLength, mediaType, referrer: artifact.manifest.digest };
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
