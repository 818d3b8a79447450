import { isDigest, type JsonValue } from '../core/index.ts';
import type { Descriptor } from '../image/index.ts';

export type JsonObject = { readonly [key: string]: JsonValue | undefined };

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A descriptor of a listing; undefined when it is not one. Members of the wrong type count as malformed, not as absent. */
export function tryParseDescriptor(value: JsonValue | undefined): Descriptor | undefined {
  if (!isObject(value)) return undefined;
  const { mediaType, digest, size, artifactType } = value;
  if (typeof mediaType !== 'string' || !isDigest(digest) || typeof size !== 'number') return undefined;
  if (!Number.isSafeInteger(size) || size < 0) return undefined;
  if (artifactType !== undefined && artifactType !== null && typeof artifactType !== 'string') return undefined;
  const annotations = parseAnnotations(value['annotations']);
  if (annotations === 'malformed') return undefined;
  return {
    mediaType,
    digest,
    sizeBytes: size,
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

function parseAnnotations(value: JsonValue | undefined): Readonly<Record<string, string>> | undefined | 'malformed' {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === 'string')) return 'malformed';
  return value as Readonly<Record<string, string>>;
}

/** The members in the order cosign writes them. */
export function descriptorJson(descriptor: Descriptor): JsonObject {
  return {
    mediaType: descriptor.mediaType,
    size: descriptor.sizeBytes,
    digest: descriptor.digest,
    ...(descriptor.annotations ? { annotations: descriptor.annotations } : {}),
    ...(descriptor.artifactType === undefined ? {} : { artifactType: descriptor.artifactType }),
  };
}
