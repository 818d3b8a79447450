import { isDigest, type JsonValue } from '../core/index.ts';
import {
  asObject,
  fieldError,
  refuseCaseVariants,
  textField,
  textMapField,
  type FieldContext,
  type JsonObject,
} from './json-fields.ts';
import type { Descriptor, Platform } from './types.ts';

const DESCRIPTOR_KEYS = ['mediaType', 'digest', 'size', 'platform', 'artifactType', 'annotations', 'urls', 'data'];
const PLATFORM_KEYS = ['os', 'architecture', 'variant', 'os.version', 'os.features'];
const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/**
 * Reads a descriptor of a hostile document. `urls` and inlined `data` are ignored: content comes from the store alone.
 * @throws AppError the context's code, MANIFEST_AMBIGUOUS
 */
export function parseDescriptor(value: JsonValue | undefined, context: FieldContext): Descriptor {
  const object = asObject(value, context);
  refuseCaseVariants(object, DESCRIPTOR_KEYS, context);
  const mediaType = textField(object, 'mediaType', context);
  if (mediaType === undefined || !MEDIA_TYPE.test(mediaType)) throw fieldError(context, 'no valid mediaType');
  const { digest, size } = object;
  if (!isDigest(digest)) throw fieldError(context, 'no valid sha256 or sha512 digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw fieldError(context, 'no valid size');
  const artifactType = textField(object, 'artifactType', context);
  const { annotations, platform } = object;
  return {
    mediaType,
    digest,
    sizeBytes: size,
    ...(platform === undefined || platform === null ? {} : { platform: parsePlatformObject(platform, context) }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined || annotations === null
      ? {}
      : { annotations: textMapField(object, 'annotations', context) }),
  };
}

/** The members of a descriptor as JSON, in the order that other tools write them. */
export function descriptorJson(descriptor: Descriptor): Record<string, JsonValue> {
  const { platform, annotations } = descriptor;
  return {
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.sizeBytes,
    ...(descriptor.artifactType === undefined ? {} : { artifactType: descriptor.artifactType }),
    ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
    ...(platform === undefined ? {} : { platform: platformJson(platform) }),
  };
}

export function platformJson(platform: Platform): Record<string, JsonValue> {
  return {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.osVersion === undefined ? {} : { 'os.version': platform.osVersion }),
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
  };
}

function parsePlatformObject(value: JsonValue, context: FieldContext): Platform {
  const object = asObject(value, { ...context, what: `${context.what}: platform` });
  refuseCaseVariants(object, PLATFORM_KEYS, context);
  return platformOf(object, context);
}

/** `os`, `architecture`, `variant` and `os.version` of a platform or an image configuration. */
export function platformOf(object: JsonObject, context: FieldContext): Platform {
  const os = textField(object, 'os', context);
  const architecture = textField(object, 'architecture', context);
  if (os === undefined || architecture === undefined) throw fieldError(context, 'os or architecture is missing');
  const variant = textField(object, 'variant', context);
  const osVersion = textField(object, 'os.version', context);
  for (const text of [os, architecture, variant ?? '', osVersion ?? '']) {
    if (!/^[A-Za-z0-9._-]{0,100}$/.test(text))
      throw fieldError(context, 'os, architecture or variant has odd characters');
  }
  return {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { osVersion }),
  };
}
