import { isDigest, type Digest, type JsonValue } from '../core/index.ts';
import type { Platform } from '../image/index.ts';
import { provenanceError } from './errors.ts';
import type { LockPlatform, LockRecord } from './types.ts';

type JsonObject = { readonly [key: string]: JsonValue | undefined };

const MEMBERS = [
  'sequence',
  'previous',
  'observedAt',
  'entry',
  'image',
  'tag',
  'digest',
  'mediaType',
  'platforms',
  'bundles',
  'blobs',
];
const RFC3339_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;
const MAX_LAYERS = 512;

/** Reads one parsed line of a lock into its typed form. @throws AppError LOCK_MALFORMED */
export function readLockRecord(value: JsonValue, where: string): LockRecord {
  const fail = (what: string): never => {
    throw provenanceError('LOCK_MALFORMED', `${where}: ${what}`);
  };
  const object = asObject(value) ?? fail('is not an object');
  for (const key of Object.keys(object))
    if (!MEMBERS.includes(key)) fail(`unknown member ${JSON.stringify(key.slice(0, 80))}`);
  const text = (key: string): string => {
    const member = object[key];
    return typeof member === 'string' && member !== '' ? member : fail(`"${key}" is not a text`);
  };
  const digest = (member: JsonValue | undefined, key: string): Digest =>
    isDigest(member) ? member : fail(`"${key}" is not a digest`);
  const observedAt = text('observedAt');
  if (!RFC3339_UTC.test(observedAt) || Number.isNaN(Date.parse(observedAt)))
    fail('"observedAt" is not an RFC 3339 time in UTC');
  const sequence = object['sequence'];
  return {
    sequence: isCount(sequence) ? sequence : fail('"sequence" is not a count'),
    previous: object['previous'] === null ? null : digest(object['previous'], 'previous'),
    observedAt,
    entry: text('entry'),
    image: text('image'),
    tag: object['tag'] === null ? null : text('tag'),
    digest: digest(object['digest'], 'digest'),
    mediaType: text('mediaType'),
    platforms: list(object['platforms'], 'platforms', fail).map((item) =>
      readPlatform(asObject(item) ?? fail('a platform is not an object'), fail),
    ),
    bundles: list(object['bundles'], 'bundles', fail).map((item) => {
      const bundle = asObject(item) ?? fail('a bundle is not an object');
      return {
        subject: digest(bundle['subject'], 'bundles.subject'),
        digest: digest(bundle['digest'], 'bundles.digest'),
      };
    }),
    blobs: readBlobs(asObject(object['blobs']) ?? fail('"blobs" is not an object'), fail),
  };
}

type Fail = (what: string) => never;

function readPlatform(object: JsonObject, fail: Fail): LockPlatform {
  const platform = asObject(object['platform']) ?? fail('"platform" is not an object');
  const diffIds = list(object['diffIds'], 'diffIds', fail);
  const { manifest, config, fileList } = object;
  if (diffIds.length > MAX_LAYERS) fail(`a platform has more than ${MAX_LAYERS} layers`);
  return {
    platform: readPlatformName(platform, fail),
    manifest: isDigest(manifest) ? manifest : fail('"manifest" is not a digest'),
    config: isDigest(config) ? config : fail('"config" is not a digest'),
    diffIds: diffIds.map((diffId) => (isDigest(diffId) ? diffId : fail('a diffID is not a digest'))),
    trivialLayers: list(object['trivialLayers'], 'trivialLayers', fail).map((index) =>
      isCount(index) && index < diffIds.length ? index : fail('"trivialLayers" names no layer'),
    ),
    ...(fileList === undefined ? {} : { fileList: isDigest(fileList) ? fileList : fail('"fileList" is not a digest') }),
  };
}

function readPlatformName(object: JsonObject, fail: Fail): Platform {
  const { os, architecture, variant, osVersion } = object;
  return {
    os: typeof os === 'string' && os !== '' ? os : fail('a platform has no os'),
    architecture:
      typeof architecture === 'string' && architecture !== '' ? architecture : fail('a platform has no architecture'),
    ...(typeof variant === 'string' ? { variant } : {}),
    ...(typeof osVersion === 'string' ? { osVersion } : {}),
  };
}

function readBlobs(object: JsonObject, fail: Fail): Record<string, string> {
  const blobs: Record<string, string> = {};
  for (const [digest, encoded] of Object.entries(object)) {
    if (!isDigest(digest)) fail('a key of "blobs" is not a digest');
    blobs[digest] = typeof encoded === 'string' ? encoded : fail('a blob is not base64 text');
  }
  return blobs;
}

function list(value: JsonValue | undefined, key: string, fail: Fail): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : fail(`"${key}" is not a list`);
}

function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
