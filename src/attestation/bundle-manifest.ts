import {
  canonicalJson,
  isAppError,
  isDigest,
  LIMITS,
  parseStrictJson,
  type Digest,
  type JsonValue,
} from '../core/index.ts';
import type { Descriptor } from '../image/index.ts';
import { createOciArtifact, createdAnnotation, type OciArtifact } from './oci-artifact.ts';
import { BUNDLE_MEDIA_TYPE, BUNDLE_MEDIA_TYPE_PREFIX } from './bundle.ts';
import { attestationError } from './errors.ts';
import { asObject, member, type JsonObject } from './json-shape.ts';

export interface BundleManifestOptions {
  /** The image: its own media type, size and digest. */
  readonly subject: Descriptor;
  readonly bundle: Uint8Array;
  readonly predicateType: string;
  readonly created: Date;
}

/**
 * The OCI manifest that attaches a bundle to an image, as cosign 3 lays it out. Deterministic for the same options.
 * @see https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
 */
export function bundleManifest({ subject, bundle, predicateType, created }: BundleManifestOptions): OciArtifact {
  const annotations = {
    'dev.sigstore.bundle.content': 'dsse-envelope',
    'dev.sigstore.bundle.predicateType': predicateType,
    ...createdAnnotation(created),
  };
  return createOciArtifact({ bytes: bundle, mediaType: BUNDLE_MEDIA_TYPE, subject, annotations });
}

/** What a referrer's manifest turned out to be. */
export type ReferrerKind =
  | { readonly kind: 'bundle'; readonly layer: Descriptor; readonly claimedPredicateType?: string }
  | { readonly kind: 'other'; readonly artifactType?: string };

/**
 * Reads a referrer's manifest. A bundle is what says so itself, by artifactType or by a layer's media type; the listing is not asked.
 * @throws AppError REFERRER_MALFORMED: no JSON, another subject, or a bundle that has not exactly one layer
 */
export function parseReferrerManifest(bytes: Uint8Array, subject: Digest): ReferrerKind {
  const manifest = parseManifest(bytes);
  const subjectDigest = member(asObject(member(manifest, 'subject')) ?? {}, 'digest');
  if (subjectDigest !== subject) {
    throw malformed(
      `the manifest's subject is ${subjectDigest === undefined ? 'missing' : canonicalJson(subjectDigest).slice(0, 160)}, not ${subject}`,
    );
  }
  const layers = member(manifest, 'layers');
  const layerObjects = (Array.isArray(layers) ? (layers as readonly JsonValue[]) : []).map(
    (layer) => asObject(layer) ?? {},
  );
  const artifactType = stringMember(manifest, 'artifactType');
  const isBundle =
    artifactType?.startsWith(BUNDLE_MEDIA_TYPE_PREFIX) === true ||
    layerObjects.some((layer) => stringMember(layer, 'mediaType')?.startsWith(BUNDLE_MEDIA_TYPE_PREFIX) === true);
  if (!isBundle) return { kind: 'other', ...(artifactType === undefined ? {} : { artifactType }) };
  const [layer] = layerObjects;
  if (layer === undefined || layerObjects.length !== 1) {
    throw malformed(`the manifest of a bundle has ${layerObjects.length} layers, not one`);
  }
  const annotations = asObject(member(manifest, 'annotations')) ?? {};
  const claimed = stringMember(annotations, 'dev.sigstore.bundle.predicateType');
  return {
    kind: 'bundle',
    layer: parseLayer(layer),
    ...(claimed === undefined ? {} : { claimedPredicateType: claimed }),
  };
}

function parseManifest(bytes: Uint8Array): JsonObject {
  let json: JsonValue;
  try {
    json = parseStrictJson(bytes, "a referrer's manifest", { maxBytes: LIMITS.manifestBytes, maxDepth: 32 });
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw attestationError('REFERRER_MALFORMED', cause.message, { cause });
  }
  const manifest = asObject(json);
  if (manifest === undefined) throw malformed("a referrer's manifest is not a JSON object");
  return manifest;
}

function parseLayer(layer: JsonObject): Descriptor {
  const mediaType = stringMember(layer, 'mediaType') ?? '';
  const digest = member(layer, 'digest');
  const size = member(layer, 'size');
  if (!mediaType.startsWith(BUNDLE_MEDIA_TYPE_PREFIX)) {
    throw malformed(`the layer's media type is ${JSON.stringify(mediaType.slice(0, 120))}, not that of a bundle`);
  }
  if (!isDigest(digest) || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw malformed('the layer of a bundle has no proper digest and size');
  }
  return { mediaType, digest, sizeBytes: size };
}

function stringMember(object: JsonObject, name: string): string | undefined {
  const value = member(object, name);
  return typeof value === 'string' ? value : undefined;
}

function malformed(message: string): Error {
  return attestationError('REFERRER_MALFORMED', message);
}
