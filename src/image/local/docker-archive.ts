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
import { isSameName, tagPosition } from '../parse-reference.ts';
import { sizeMismatch, streamBlob } from '../read-blob.ts';
import type { BlobSource, Descriptor, FileRange, ImageStore, RawManifest } from '../types.ts';
import type { ArchiveFiles } from './archive-files.ts';
import { readRange } from './blob-files.ts';
import { legacyConfig, readLegacyChain, readLegacyImages, type LegacyImage } from './legacy-docker-image.ts';

const CONTEXT: FieldContext = { what: 'manifest.json', code: 'ARCHIVE_INVALID' };
const MAX_IMAGES = 1000;

interface SavedImage {
  readonly config: string;
  readonly repoTags: readonly string[];
  readonly layers: readonly string[];
}

interface ImageParts {
  readonly config: Descriptor;
  /** Bottom first. */
  readonly layers: readonly Descriptor[];
}

/** A blob of a made-up manifest: bytes of the archive, or made up as well. */
type SavedBlob = FileRange | { readonly bytes: Uint8Array };

/**
 * A `docker save` archive in its old form (manifest.json, configs and layer tars) or the oldest (`repositories`, and a folder per layer that names its
 * parent). It holds no registry manifest: one is made up from what is there, the same on every machine, and `syntheticManifest` says so; the oldest form has
 * no configuration either. Names of members and links are resolved inside the archive.
 * @see https://github.com/moby/moby/blob/v28.0.0/image/spec/v1.2.md#combined-image-json--filesystem-changeset-format
 */
export class DockerArchiveStore implements ImageStore {
  readonly name: string;
  readonly syntheticManifest = true;
  readonly #files: ArchiveFiles;
  readonly #images: readonly (SavedImage | LegacyImage)[];
  readonly #manifests = new Map<Digest, RawManifest>();
  readonly #blobs = new Map<Digest, SavedBlob>();
  /** Digests of stored bytes by where they lie: images share layers, and a hostile archive may list one a thousand times. */
  readonly #hashed = new Map<string, Digest>();

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
    const blob = this.#blobs.get(descriptor.digest);
    if (blob === undefined) throw imageError('BLOB_NOT_FOUND', `${this.name} has no blob ${descriptor.digest}`);
    const sizeBytes = 'bytes' in blob ? blob.bytes.byteLength : blob.lengthBytes;
    if (sizeBytes !== descriptor.sizeBytes) throw sizeMismatch('blob', descriptor, `${sizeBytes} bytes long`);
    return 'bytes' in blob ? { kind: 'stream', stream: oneChunk(blob.bytes) } : { kind: 'file', range: blob };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#files[Symbol.asyncDispose]();
  }

  #choose(tag: string): SavedImage | LegacyImage {
    const position = tagPosition(tag);
    const named = this.#images.filter((image, index) =>
      position === undefined ? tag === '' || image.repoTags.some((name) => isSameName(name, tag)) : index === position,
    );
    const [first] = named;
    const names = this.#images.flatMap((image, index) =>
      image.repoTags.length === 0 ? [`@${index}`] : image.repoTags,
    );
    const known = safeText(names.slice(0, 20).join(', '), 1000);
    if (first === undefined) {
      throw imageError(
        'MANIFEST_NOT_FOUND',
        `${this.name} has no image${tag === '' ? '' : ` ${safeText(tag, 200)}`}`,
        known === '' ? undefined : { hint: `it has: ${known}` },
      );
    }
    if (named.length > 1) {
      const hint = `write one of them, or its position @0 to @${this.#images.length - 1}, after the file and a colon; it has: ${known}`;
      if (tag === '') throw imageError('TAG_REQUIRED', `${this.name} has several images`, { hint });
      throw imageError('TAG_AMBIGUOUS', `${this.name} has several images named ${safeText(tag, 200)}`, { hint });
    }
    return first;
  }

  async #synthesize(image: SavedImage | LegacyImage, signal: AbortSignal): Promise<RawManifest> {
    const parts = 'id' in image ? await this.#describeLegacy(image, signal) : await this.#describeSaved(image, signal);
    const document: JsonValue = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.dockerManifest,
      config: descriptorJson(parts.config),
      layers: parts.layers.map(descriptorJson),
    };
    const manifest = checkRawManifest(Buffer.from(JSON.stringify(document)), {});
    this.#manifests.set(manifest.digest, manifest);
    return manifest;
  }

  async #describeSaved(image: SavedImage, signal: AbortSignal): Promise<ImageParts> {
    const configRange = this.#locate(image.config);
    const configBytes = readRange(configRange, LIMITS.configBytes, 'configuration');
    const { diffIds } = parseConfig(configBytes);
    if (diffIds.length !== image.layers.length) {
      throw imageError(
        'DIFF_ID_COUNT',
        `${this.name}: ${image.layers.length} layers, but ${diffIds.length} diffIDs in ${safeText(image.config, 200)}`,
      );
    }
    const config = this.#addConfig(configBytes, configRange);
    const layers: Descriptor[] = [];
    for (const [index, path] of image.layers.entries()) {
      const range = this.#locate(path);
      const mediaType = sniffLayer(range);
      // a plain layer has the digest of its tar, which the configuration claims and the layer pass verifies; others are hashed as they are stored
      const digest =
        mediaType === MEDIA_TYPES.dockerLayer ? (diffIds[index] as Digest) : await this.#hash(range, signal);
      layers.push({ mediaType, digest, sizeBytes: range.lengthBytes });
      this.#blobs.set(digest, range);
    }
    return { config, layers };
  }

  async #describeLegacy(image: LegacyImage, signal: AbortSignal): Promise<ImageParts> {
    const chain = readLegacyChain(this.#files, image.id);
    const layers: Descriptor[] = [];
    for (const { id, range } of chain) {
      if (sniffLayer(range) !== MEDIA_TYPES.dockerLayer)
        throw imageError('ARCHIVE_UNSUPPORTED', `${this.name}: layer ${id} is compressed, and nothing says its diffID`);
      const digest = await this.#hash(range, signal);
      layers.push({ mediaType: MEDIA_TYPES.dockerLayer, digest, sizeBytes: range.lengthBytes });
      this.#blobs.set(digest, range);
    }
    const bytes = legacyConfig(chain, layers);
    return { config: this.#addConfig(bytes, { bytes }), layers };
  }

  #addConfig(bytes: Uint8Array, blob: SavedBlob): Descriptor {
    const digest = sha256Digest(bytes);
    this.#blobs.set(digest, blob);
    return { mediaType: MEDIA_TYPES.dockerConfig, digest, sizeBytes: bytes.byteLength };
  }

  async #hash(range: FileRange, signal: AbortSignal): Promise<Digest> {
    const key = `${range.offsetBytes}+${range.lengthBytes}`;
    const known = this.#hashed.get(key);
    if (known !== undefined) return known;
    const digester = createDigester();
    for await (const chunk of streamBlob({ kind: 'file', range })) {
      throwIfAborted(signal);
      digester.update(chunk);
    }
    const digest = digester.digest();
    this.#hashed.set(key, digest);
    return digest;
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

function readSavedImages(name: string, files: ArchiveFiles): readonly (SavedImage | LegacyImage)[] {
  const range = files.locate('manifest.json');
  if (range === undefined) {
    if (files.locate('repositories') !== undefined) return readLegacyImages(files);
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

function sniffLayer(range: FileRange): string {
  const head = readRange({ ...range, lengthBytes: Math.min(4, range.lengthBytes) }, 4, 'layer');
  if (head[0] === 0x1f && head[1] === 0x8b) return MEDIA_TYPES.dockerLayerGzip;
  const isZstd = head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd;
  return isZstd ? MEDIA_TYPES.dockerLayerZstd : MEDIA_TYPES.dockerLayer;
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
