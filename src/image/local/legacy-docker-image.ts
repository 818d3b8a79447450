import { canonicalJson, LIMITS, parseStrictJson, safeText, type JsonValue } from '../../core/index.ts';
import { imageError } from '../errors.ts';
import { asObject, textField, type FieldContext, type JsonObject } from '../json-fields.ts';
import type { Descriptor, FileRange } from '../types.ts';
import { readRange, type BlobFiles } from './blob-files.ts';

const MAX_NAMES = 1000;
/** One `<id>/json`; Docker's are a few kilobytes. */
const MAX_RECORD_BYTES = 1024 * 1024;
const ID = /^[0-9a-f]{64}$/;

/** An image of an archive without manifest.json: the id of its top layer, and the names that `repositories` has for it. */
export interface LegacyImage {
  readonly id: string;
  readonly repoTags: readonly string[];
}

/** A layer of one, bottom first. */
export interface LegacyLayer {
  readonly id: string;
  readonly range: FileRange;
  readonly record: JsonObject;
}

/**
 * The images that `repositories` names, by id, in the order of the file. Hostile input.
 * @throws AppError ARCHIVE_INVALID, LIMIT_EXCEEDED, JSON_INVALID
 * @see https://github.com/moby/moby/blob/v1.9.1/image/spec/v1.md#combined-image-json--filesystem-changeset-format
 */
export function readLegacyImages(files: BlobFiles): readonly LegacyImage[] {
  const object = readDocument(files, 'repositories', LIMITS.manifestBytes);
  if (object === undefined) return [];
  const found = new Map<string, string[]>();
  let count = 0;
  for (const [repository, value] of Object.entries(object)) {
    const context = contextOf(`repositories: ${JSON.stringify(repository.slice(0, 200))}`);
    const tags = asObject(value, context);
    for (const tag of Object.keys(tags)) {
      const id = textField(tags, tag, context) ?? '';
      if (!ID.test(id)) throw imageError('ARCHIVE_INVALID', `${context.what} names no image id`);
      count += 1;
      if (count > MAX_NAMES)
        throw imageError('ARCHIVE_INVALID', `repositories has more than the ${MAX_NAMES} names allowed`);
      const names = found.get(id) ?? [];
      names.push(`${repository}:${tag}`);
      found.set(id, names);
    }
  }
  return [...found].map(([id, repoTags]) => ({ id, repoTags }));
}

/**
 * Follows `parent` from an image's top layer down. Hostile input.
 * @returns the layers, bottom first
 * @throws AppError ARCHIVE_INVALID (a missing parent, a cycle), LAYER_COUNT, JSON_INVALID, LIMIT_EXCEEDED
 */
export function readLegacyChain(files: BlobFiles, id: string): readonly LegacyLayer[] {
  const layers: LegacyLayer[] = [];
  const seen = new Set<string>();
  let current: string | undefined = id;
  while (current !== undefined) {
    if (seen.has(current)) throw imageError('ARCHIVE_INVALID', `layer ${current} is its own ancestor`);
    if (layers.length >= LIMITS.layers)
      throw imageError('LAYER_COUNT', `image ${id} has more than the ${LIMITS.layers} layers allowed`);
    seen.add(current);
    const record = readDocument(files, `${current}/json`, MAX_RECORD_BYTES);
    const range = files.locate(`${current}/layer.tar`);
    if (record === undefined || range === undefined) {
      const role = current === id ? 'image' : `layer ${layers.at(-1)?.id ?? id}: its parent`;
      throw imageError(
        'ARCHIVE_INVALID',
        `${role} ${current} is not in the archive: it has no ${current}/${record === undefined ? 'json' : 'layer.tar'}`,
      );
    }
    layers.push({ id: current, range, record });
    current = parentOf(record, current);
  }
  return layers.toReversed();
}

/**
 * The configuration that newer Docker makes of such an image when it loads it: the top layer's record, diffIDs and one step of history per layer. The same
 * on every machine. Docker of that time that did not say so ran on Linux on x86-64.
 */
export function legacyConfig(chain: readonly LegacyLayer[], layers: readonly Descriptor[]): Uint8Array {
  const top = chain.at(-1)?.record ?? {};
  const context = contextOf('image record');
  const kept = ['created', 'author', 'comment', 'docker_version', 'config', 'variant'] as const;
  const document: Record<string, JsonValue> = {
    os: textField(top, 'os', context) ?? 'linux',
    architecture: textField(top, 'architecture', context) ?? 'amd64',
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    history: chain.map(({ record }) => historyOf(record)),
  };
  for (const key of kept) {
    const value = top[key];
    if (value !== undefined && value !== null) document[key] = value;
  }
  return Buffer.from(canonicalJson(document));
}

function historyOf(record: JsonObject): JsonValue {
  const context = contextOf('layer record');
  const container = record['container_config'];
  const command = container === undefined || container === null ? undefined : asObject(container, context)['Cmd'];
  const created = textField(record, 'created', context);
  const author = textField(record, 'author', context);
  const comment = textField(record, 'comment', context);
  const words = Array.isArray(command) ? command.filter((word) => typeof word === 'string') : [];
  return {
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    ...(comment === undefined ? {} : { comment }),
    ...(words.length === 0 ? {} : { created_by: words.join(' ') }),
  };
}

function parentOf(record: JsonObject, id: string): string | undefined {
  const context = contextOf(`${id}/json`);
  const parent = textField(record, 'parent', context);
  if (parent !== undefined && !ID.test(parent))
    throw imageError(
      'ARCHIVE_INVALID',
      `${context.what}: the parent ${safeText(JSON.stringify(parent.slice(0, 200)), 200)} is no layer id`,
    );
  return parent;
}

function readDocument(files: BlobFiles, path: string, maxBytes: number): JsonObject | undefined {
  const range = files.locate(path);
  if (range === undefined) return undefined;
  return asObject(parseStrictJson(readRange(range, maxBytes, path), path, { maxBytes }), contextOf(path));
}

function contextOf(what: string): FieldContext {
  return { what, code: 'ARCHIVE_INVALID' };
}
