import { createReadStream } from 'node:fs';
import {
  createDigester,
  isDigest,
  LIMITS,
  parseStrictJson,
  safeText,
  sha256Digest,
  throwIfAborted,
  type Digest,
  type JsonValue,
} from '../../core/index.ts';
import { parseConfig } from '../config.ts';
import { descriptorJson } from '../descriptor.ts';
import { imageError } from '../errors.ts';
import { asObject, textField, textListField, type FieldContext } from '../json-fields.ts';
import { checkRawManifest } from '../manifest.ts';
import { MEDIA_TYPES } from '../media-types.ts';
import { isSameName } from '../parse-reference.ts';
import { sizeMismatch } from '../read-blob.ts';
import type { BlobSource, Descriptor, FileRange, ImageStore, RawManifest } from '../types.ts';
import type { ArchiveFiles } from './archive-files.ts';
import { readRange } from './blob-files.ts';

const CONTEXT: FieldContext = { what: 'manifest.json', code: 'ARCHIVE_INVALID' };
const MAX_IMAGES = 1000;

interface SavedImage {
  readonly config: string;
  readonly repoTags: readonly string[];
  readonly layers: readonly string[];
}

/**
 * A `docker save` archive in its old form (manifest.json, configs and layer tars). It holds no registry manifest: one is made up from what is there, the same on
 * every machine, and `syntheticManifest` says so. Names of members and links are resolved inside the archive.
 * @see https://github.com/moby/moby/blob/v28.0.0/image/spec/v1.2.md#combined-image-json--filesystem-changeset-format
 */
export class DockerArchiveStore implements ImageStore {
  readonly name: string;
  readonly syntheticManifest = true;
  readonly #files: ArchiveFiles;
  readonly #images: readonly SavedImage[];
  readonly #manifests = new Map<Digest, RawManifest>();
  readonly #blobs = new Map<Digest, FileRange>();

  constructor(name: string, files: ArchiveFiles) {
    this.name = name;
    this.#files = files;
    this.#images = readSavedImages(name, files);
  }

  async readManifest(reference: Digest | string, signal: AbortSignal): Promise<RawManifest> {
    if (!isDigest(reference)) return this.#synthesize(this.#choose(reference), signal);
    for (const image of this.#manifests.has(reference) ? [] : this.#images) await this.#synthesize(image, signal);
    const known = this.#manifests.get(reference);
    if (known === undefined) throw imageError('MANIFEST_NOT_FOUND', `${this.name} has no manifest ${reference}`);
    return known;
  }

  async openBlob(descriptor: Descriptor, _signal: AbortSignal): Promise<BlobSource> {
    const range = this.#blobs.get(descriptor.digest);
    if (range === undefined) throw imageError('BLOB_NOT_FOUND', `${this.name} has no blob ${descriptor.digest}`);
    if (range.lengthBytes !== descriptor.sizeBytes)
      throw sizeMismatch('blob', descriptor, `${range.lengthBytes} bytes long`);
    return { kind: 'file', range };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#files[Symbol.asyncDispose]();
  }

  #choose(tag: string): SavedImage {
    const named =
      tag === '' ? this.#images : this.#images.filter((image) => image.repoTags.some((name) => isSameName(name, tag)));
    const [first] = named;
    const names = safeText(
      this.#images
        .flatMap((image) => image.repoTags)
        .slice(0, 20)
        .join(', '),
      1000,
    );
    const hint = names === '' ? undefined : { hint: `it has: ${names}` };
    if (first === undefined) {
      throw imageError(
        'MANIFEST_NOT_FOUND',
        tag === '' ? `${this.name} has no image` : `${this.name} has no image ${safeText(tag, 200)}`,
        hint,
      );
    }
    if (named.length > 1)
      throw imageError(
        tag === '' ? 'TAG_REQUIRED' : 'TAG_AMBIGUOUS',
        `${this.name} has several images${tag === '' ? '' : ` named ${safeText(tag, 200)}`}`,
        hint,
      );
    return first;
  }

  async #synthesize(image: SavedImage, signal: AbortSignal): Promise<RawManifest> {
    const configRange = this.#locate(image.config);
    const configBytes = readRange(configRange, LIMITS.configBytes, 'configuration');
    const { diffIds } = parseConfig(configBytes);
    if (diffIds.length !== image.layers.length) {
      throw imageError(
        'DIFF_ID_COUNT',
        `${this.name}: ${image.layers.length} layers, but ${diffIds.length} diffIDs in ${safeText(image.config, 200)}`,
      );
    }
    const config: Descriptor = {
      mediaType: MEDIA_TYPES.dockerConfig,
      digest: sha256Digest(configBytes),
      sizeBytes: configBytes.byteLength,
    };
    this.#blobs.set(config.digest, configRange);
    const layers: Descriptor[] = [];
    for (const [index, path] of image.layers.entries()) {
      const range = this.#locate(path);
      const layer = await describeLayer(range, diffIds[index] as Digest, signal);
      this.#blobs.set(layer.digest, range);
      layers.push(layer);
    }
    const document: JsonValue = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.dockerManifest,
      config: descriptorJson(config),
      layers: layers.map(descriptorJson),
    };
    const manifest = checkRawManifest(Buffer.from(JSON.stringify(document)), {});
    this.#manifests.set(manifest.digest, manifest);
    return manifest;
  }

  #locate(path: string): FileRange {
    const range = this.#files.locate(path);
    if (range === undefined)
      throw imageError(
        'ARCHIVE_INVALID',
        `${this.name}: manifest.json names ${JSON.stringify(path.slice(0, 200))}, which is not there`,
      );
    return range;
  }
}

function readSavedImages(name: string, files: ArchiveFiles): readonly SavedImage[] {
  const range = files.locate('manifest.json');
  if (range === undefined) {
    if (files.locate('repositories') !== undefined) {
      throw imageError(
        'ARCHIVE_UNSUPPORTED',
        `${name} was saved by Docker older than 1.10: it has no configurations with diffIDs`,
        {
          hint: 'load it into a current Docker and save it again',
        },
      );
    }
    throw imageError('ARCHIVE_INVALID', `${name} is no docker archive: it has neither manifest.json nor an OCI layout`);
  }
  const value = parseStrictJson(readRange(range, LIMITS.manifestBytes, 'manifest.json'), 'manifest.json', {
    maxBytes: LIMITS.manifestBytes,
  });
  if (!Array.isArray(value)) throw imageError('ARCHIVE_INVALID', 'manifest.json is not a list');
  const entries = value as readonly JsonValue[];
  if (entries.length > MAX_IMAGES)
    throw imageError(
      'ARCHIVE_INVALID',
      `manifest.json lists ${entries.length} images, more than the ${MAX_IMAGES} allowed`,
    );
  return entries.map((entry) => {
    const object = asObject(entry, CONTEXT);
    const config = textField(object, 'Config', CONTEXT);
    if (config === undefined) throw imageError('ARCHIVE_INVALID', 'manifest.json: an image without Config');
    const layers = textListField(object, 'Layers', CONTEXT);
    if (layers.length > LIMITS.layers)
      throw imageError('LAYER_COUNT', `${name}: ${layers.length} layers, more than the ${LIMITS.layers} allowed`);
    return { config, repoTags: textListField(object, 'RepoTags', CONTEXT), layers };
  });
}

/** A plain layer has the digest of its tar, which the configuration claims and the layer pass verifies; others are hashed as they are stored. */
async function describeLayer(range: FileRange, diffId: Digest, signal: AbortSignal): Promise<Descriptor> {
  const sizeBytes = range.lengthBytes;
  const head = readRange({ ...range, lengthBytes: Math.min(4, sizeBytes) }, 4, 'layer');
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  const isZstd = head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd;
  if (!isGzip && !isZstd) return { mediaType: MEDIA_TYPES.dockerLayer, digest: diffId, sizeBytes };
  const digester = createDigester();
  const stream = createReadStream(range.path, {
    start: range.offsetBytes,
    end: range.offsetBytes + sizeBytes - 1,
    highWaterMark: 1024 * 1024,
  });
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    throwIfAborted(signal);
    digester.update(chunk);
  }
  return {
    mediaType: isGzip ? MEDIA_TYPES.dockerLayerGzip : MEDIA_TYPES.dockerLayerZstd,
    digest: digester.digest(),
    sizeBytes,
  };
}
