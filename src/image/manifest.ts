import { digestMatches, LIMITS, parseStrictJson, sha256Digest, type Digest } from '../core/index.ts';
import { parseDescriptor } from './descriptor.ts';
import { imageError } from './errors.ts';
import {
  asObject,
  listField,
  refuseCaseVariants,
  textField,
  textMapField,
  type FieldContext,
  type JsonObject,
} from './json-fields.ts';
import { isImageManifestType, isIndexType, isSchema1Type, MEDIA_TYPES } from './media-types.ts';
import type { Descriptor, RawManifest } from './types.ts';

/** A manifest of one image or artifact, its shape checked. Says nothing yet about whether it is a runnable image. */
export interface Manifest {
  readonly mediaType: string;
  readonly config: Descriptor;
  /** Bottom first. */
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly subject?: Descriptor;
}

/** An image index, its shape checked. */
export interface IndexManifest {
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** All descriptors but attestation manifests, in the order of the index; nested indexes and duplicate platforms are still in it. */
  readonly platforms: readonly Descriptor[];
  readonly attestationManifests: readonly Descriptor[];
  readonly artifactType?: string;
  readonly subject?: Descriptor;
}

const MANIFEST_KEYS = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
  'fsLayers',
];

/**
 * Parses a manifest (OCI or Docker schema 2). Hostile input: capped, strict JSON. Pure.
 * @param mediaType what it was served or listed as, if anything
 * @throws AppError LIMIT_EXCEEDED, JSON_INVALID, MANIFEST_INVALID, MANIFEST_AMBIGUOUS, MEDIA_TYPE_CONFLICT, UNSUPPORTED_SCHEMA, NOT_AN_IMAGE (an index), LAYER_COUNT
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest {
  const document = readDocument(bytes, mediaType);
  if (document.kind !== 'manifest') throw imageError('NOT_AN_IMAGE', 'the manifest is an index, not a single image');
  const { object } = document;
  const context: FieldContext = { what: 'manifest', code: 'MANIFEST_INVALID' };
  const layers = listField(object, 'layers', context);
  if (layers.length > LIMITS.layers) {
    throw imageError('LAYER_COUNT', `the manifest has ${layers.length} layers, more than the ${LIMITS.layers} allowed`);
  }
  return {
    mediaType: document.mediaType,
    config: parseDescriptor(object['config'], { ...context, what: 'manifest: config' }),
    layers: layers.map((layer, index) => parseDescriptor(layer, { ...context, what: `manifest: layer ${index}` })),
    ...sharedMembers(object, context),
  };
}

/**
 * Parses an index or Docker manifest list. Hostile input: capped, strict JSON. Pure. Whether its children are sound is for loading to say.
 * @throws AppError LIMIT_EXCEEDED, JSON_INVALID, MANIFEST_INVALID, MANIFEST_AMBIGUOUS, MEDIA_TYPE_CONFLICT, UNSUPPORTED_SCHEMA, NOT_AN_INDEX
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export function parseIndex(bytes: Uint8Array, mediaType?: string): IndexManifest {
  const document = readDocument(bytes, mediaType);
  if (document.kind !== 'index') throw imageError('NOT_AN_INDEX', 'the manifest is a single image, not an index');
  const context: FieldContext = { what: 'index', code: 'MANIFEST_INVALID' };
  const entries = listField(document.object, 'manifests', context);
  if (entries.length > LIMITS.indexEntries) {
    throw imageError(
      'MANIFEST_INVALID',
      `the index has ${entries.length} entries, more than the ${LIMITS.indexEntries} allowed`,
    );
  }
  const descriptors = entries.map((entry, index) =>
    parseDescriptor(entry, { ...context, what: `index: entry ${index}` }),
  );
  return {
    mediaType: document.mediaType,
    platforms: descriptors.filter((descriptor) => !isAttestation(descriptor)),
    attestationManifests: descriptors.filter(isAttestation),
    ...sharedMembers(document.object, context),
  };
}

/** Which of the two a document is, by its own words and shape. Throws as `parseManifest` does. */
export function manifestKind(bytes: Uint8Array, mediaType?: string): 'manifest' | 'index' {
  return readDocument(bytes, mediaType).kind;
}

/**
 * Makes a `RawManifest` of bytes that a store was given: digest computed and compared, media type taken from the document and compared with the one it was
 * served with. The document must be a manifest or an index.
 * @throws AppError MANIFEST_DIGEST_MISMATCH and what `manifestKind` throws
 */
export function checkRawManifest(
  bytes: Uint8Array,
  expected: { readonly digest?: Digest; readonly servedAs?: string },
): RawManifest {
  const { digest } = expected;
  if (digest !== undefined && !digestMatches(digest, bytes)) {
    throw imageError('MANIFEST_DIGEST_MISMATCH', `the manifest is not what its digest ${digest} says`, {
      details: { digest, found: sha256Digest(bytes) },
    });
  }
  return { bytes, digest: digest ?? sha256Digest(bytes), mediaType: readDocument(bytes, expected.servedAs).mediaType };
}

interface Document {
  readonly kind: 'manifest' | 'index';
  readonly object: JsonObject;
  readonly mediaType: string;
}

function readDocument(bytes: Uint8Array, servedAs: string | undefined): Document {
  const value = parseStrictJson(bytes, 'the manifest', { maxBytes: LIMITS.manifestBytes });
  const context: FieldContext = { what: 'manifest', code: 'MANIFEST_INVALID' };
  const object = asObject(value, context);
  refuseCaseVariants(object, MANIFEST_KEYS, context);
  const stated = textField(object, 'mediaType', context);
  if (object['schemaVersion'] === 1 || isSchema1Type(stated ?? '') || isSchema1Type(servedAs ?? '')) {
    throw imageError('UNSUPPORTED_SCHEMA', 'the image has a Docker schema 1 manifest, which cannot be verified', {
      hint: 'push the image again with a current tool',
    });
  }
  if (object['schemaVersion'] !== 2) throw imageError('MANIFEST_INVALID', 'manifest: schemaVersion is not 2');
  const kind = shapeOf(object);
  const mediaType = stated ?? servedAs ?? (kind === 'index' ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.ociManifest);
  if (servedAs !== undefined && servedAs !== mediaType) {
    throw imageError('MEDIA_TYPE_CONFLICT', `the manifest says it is ${mediaType} but was given as ${servedAs}`);
  }
  if (!(kind === 'index' ? isIndexType(mediaType) : isImageManifestType(mediaType))) {
    const shape = kind === 'index' ? 'an index' : 'a manifest';
    throw imageError(
      'MEDIA_TYPE_CONFLICT',
      `the document has the shape of ${shape} but the media type ${mediaType.slice(0, 200)}`,
    );
  }
  return { kind, object, mediaType };
}

/** By presence alone: a member that is null or empty is still one that another reader may go by. */
function shapeOf(object: JsonObject): 'manifest' | 'index' {
  const isIndex = Object.hasOwn(object, 'manifests');
  const others = ['layers', 'config', 'fsLayers'].filter((key) => Object.hasOwn(object, key));
  if ((isIndex && others.length > 0) || others.includes('fsLayers')) {
    throw imageError(
      'MANIFEST_AMBIGUOUS',
      `the manifest can be read in two ways: it has ${[...(isIndex ? ['manifests'] : []), ...others].join(' and ')}`,
    );
  }
  if (isIndex) return 'index';
  if (others.length < 2) throw imageError('MANIFEST_INVALID', 'manifest: neither config and layers nor manifests');
  return 'manifest';
}

function sharedMembers(
  object: JsonObject,
  context: FieldContext,
): Pick<Manifest, 'annotations' | 'artifactType' | 'subject'> {
  const artifactType = textField(object, 'artifactType', context);
  const { subject } = object;
  return {
    annotations: textMapField(object, 'annotations', context),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined || subject === null
      ? {}
      : { subject: parseDescriptor(subject, { ...context, what: 'manifest: subject' }) }),
  };
}

/** BuildKit marks them so. One that names a real platform could be run, and therefore counts as a platform. */
function isAttestation(descriptor: Descriptor): boolean {
  const { platform } = descriptor;
  return (
    descriptor.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' &&
    platform?.os === 'unknown' &&
    platform.architecture === 'unknown'
  );
}
