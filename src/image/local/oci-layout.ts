import { createWriteStream, existsSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  coreError,
  digestAlgorithm,
  digestMatches,
  discardWritten,
  isAppError,
  writeFileAtomic,
  type Digest,
  type JsonValue,
} from '../../core/index.ts';
import { descriptorJson } from '../descriptor.ts';
import { imageError, storeFailure } from '../errors.ts';
import { MEDIA_TYPES } from '../media-types.ts';
import { checkedStream } from '../read-blob.ts';
import type {
  BlobSource,
  Descriptor,
  ImageStore,
  RawManifest,
  ReferrerRemoval,
  ReferrerStore,
  WriteManifestOptions,
} from '../types.ts';
import { DirectoryFiles, readRange } from './blob-files.ts';
import { blobPath, describeManifest, LayoutReader, REF_NAME, type LayoutIndex } from './layout-reader.ts';
import { withLock } from './layout-lock.ts';

/**
 * An OCI image layout directory: images and what is attached to them, readable and writable. Blobs are written to a new name and renamed; index.json is replaced in
 * one step under a lock file, so that concurrent writers lose nothing. Referrers are entries of index.json whose manifests name their subject, as oras and
 * cosign lay them out.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export class OciLayoutStore implements ImageStore, ReferrerStore {
  readonly name: string;
  readonly path: string;
  readonly #files: DirectoryFiles;
  readonly #reader: LayoutReader;

  /** @throws AppError LAYOUT_INVALID */
  constructor(path: string, maxReferrers?: number) {
    this.path = path;
    this.name = `oci:${path}`;
    this.#files = new DirectoryFiles(path);
    this.#reader = new LayoutReader(this.name, this.#files, maxReferrers);
    this.#reader.checkLayout();
  }

  async readManifest(reference: Digest | string, _signal: AbortSignal): Promise<RawManifest> {
    return this.#reader.readManifest(reference);
  }

  async openBlob(descriptor: Descriptor, _signal: AbortSignal): Promise<BlobSource> {
    return this.#reader.openBlob(descriptor);
  }

  async listReferrers(subject: Digest, _signal: AbortSignal): Promise<readonly Descriptor[]> {
    return this.#reader.referrersOf(subject);
  }

  async readBlob(descriptor: Descriptor, maxBytes: number, _signal: AbortSignal): Promise<Uint8Array> {
    return this.#reader.readBlob(descriptor, maxBytes);
  }

  /** Entries of index.json with their tags, as stored. */
  listEntries(): readonly Descriptor[] {
    return this.#reader.readIndex().entries;
  }

  async writeBlob(bytes: Uint8Array, digest: Digest, _signal: AbortSignal): Promise<void> {
    if (!digestMatches(digest, bytes))
      throw coreError('DIGEST_MISMATCH', `bytes to be stored as ${digest} have another digest`);
    const present = this.#files.locate(blobPath(digest));
    // a damaged blob is replaced: what is there counts only when it is the same
    if (
      present?.lengthBytes === bytes.byteLength &&
      digestMatches(digest, readRange(present, bytes.byteLength, `blob ${digest}`))
    )
      return;
    await this.#prepareFolder(digest);
    await writeFileAtomic(join(this.path, blobPath(digest)), bytes, { ifExists: 'replace' });
  }

  /**
   * Stores a blob of any size; its size and digest are checked while it streams, and it gets its name only if they are right.
   * @throws AppError SIZE_MISMATCH, DIGEST_MISMATCH, INTERRUPTED
   */
  async uploadBlob(source: BlobSource, descriptor: Descriptor, signal: AbortSignal): Promise<void> {
    if (await this.holdsBlob(descriptor, signal)) {
      // a stream that nobody reads keeps its connection
      if (source.kind === 'stream') await source.stream[Symbol.asyncIterator]().return?.();
      return;
    }
    await this.#prepareFolder(descriptor.digest);
    const temporary = join(this.path, 'blobs', `.${randomUUID()}.tmp`);
    const file = createWriteStream(temporary, { flags: 'wx' });
    try {
      await pipeline(checkedStream(source, descriptor, { what: 'blob', signal }), file);
      await rename(temporary, join(this.path, blobPath(descriptor.digest)));
    } catch (cause) {
      throw storeFailure('STORE_UNWRITABLE', `cannot store ${descriptor.digest} in ${this.name}`, cause);
    } finally {
      await discardWritten(file, temporary);
    }
  }

  /**
   * Takes over a finished file on the same file system as a blob.
   * @param path is gone afterwards; its content must have been hashed by the caller
   */
  async adoptBlob(path: string, descriptor: Descriptor): Promise<void> {
    if (this.hasBlob(descriptor)) {
      await rm(path, { force: true });
      return;
    }
    await this.#prepareFolder(descriptor.digest);
    await rename(path, join(this.path, blobPath(descriptor.digest)));
  }

  /** Whether a file of that digest's name and size is there; its content is not read. */
  hasBlob(descriptor: Descriptor): boolean {
    return this.#files.locate(blobPath(descriptor.digest))?.lengthBytes === descriptor.sizeBytes;
  }

  /** Whether a blob is there with the content that its digest says: it is read. */
  async holdsBlob(descriptor: Descriptor, signal: AbortSignal): Promise<boolean> {
    if (!this.hasBlob(descriptor)) return false;
    const source = this.#reader.openBlob(descriptor);
    try {
      // read to its end, where a mismatch is thrown
      for await (const _chunk of checkedStream(source, descriptor, { what: 'blob', signal }));
      return true;
    } catch (error) {
      if (isAppError(error) && (error.code === 'DIGEST_MISMATCH' || error.code === 'SIZE_MISMATCH')) return false;
      throw error;
    }
  }

  async writeManifest(manifest: RawManifest, options: WriteManifestOptions, signal: AbortSignal): Promise<void> {
    const { descriptor, subject } = describeManifest(manifest);
    await this.writeBlob(manifest.bytes, manifest.digest, signal);
    if (options.tag === undefined && options.referrer === undefined && subject === undefined) return;
    const attached = options.referrer !== undefined || subject !== undefined;
    const entry = attached
      ? descriptor
      : { mediaType: manifest.mediaType, digest: manifest.digest, sizeBytes: manifest.bytes.byteLength };
    await this.#updateIndex(signal, (index) => withEntry(index, entry, options.tag));
  }

  /** Lists a stored manifest in index.json without a tag, unless it is listed. */
  async listManifest(manifest: RawManifest, signal: AbortSignal): Promise<void> {
    const { mediaType, digest, bytes } = manifest;
    const entry = { mediaType, digest, sizeBytes: bytes.byteLength };
    await this.#updateIndex(signal, (index) => withEntry(index, entry, undefined));
  }

  /** Takes manifests off index.json and off the subject's fallback tag, and deletes them. */
  async removeReferrers(subject: Digest, removal: ReferrerRemoval, signal: AbortSignal): Promise<void> {
    const removed = new Set([...removal.deleted, ...removal.unlisted]);
    const { entry: fallback, kept } = this.#reader.fallbackWithout(subject, removed);
    if (kept !== undefined) await this.writeBlob(kept.bytes, kept.digest, signal);
    const deleted = new Set(removal.deleted);
    await this.#updateIndex(signal, (index) =>
      index.entries.flatMap((entry) => {
        if (entry.digest === fallback?.digest && entry.annotations?.[REF_NAME] === fallback.annotations?.[REF_NAME])
          return kept === undefined ? [] : [{ ...entry, digest: kept.digest, sizeBytes: kept.bytes.byteLength }];
        return deleted.has(entry.digest) ? [] : [entry];
      }),
    );
    for (const digest of [...removal.deleted, ...(fallback === undefined ? [] : [fallback.digest])])
      await rm(join(this.path, blobPath(digest)), { force: true });
  }

  async #updateIndex(
    signal: AbortSignal,
    change: (index: LayoutIndex) => readonly Descriptor[] | undefined,
  ): Promise<void> {
    await withLock(join(this.path, '.waybill-index.lock'), signal, async (lock) => {
      const index = this.#reader.readIndex();
      const entries = change(index);
      if (entries === undefined) return;
      // what this reader does not know of an entry is kept as it stands
      const written = (entry: Descriptor): JsonValue => index.written.get(entry) ?? descriptorJson(entry);
      const document: JsonValue = { ...index.object, manifests: entries.map(written) };
      await lock.confirm();
      await writeFileAtomic(join(this.path, 'index.json'), JSON.stringify(document), { ifExists: 'replace' });
    });
  }

  async #prepareFolder(digest: Digest): Promise<void> {
    const folder = join(this.path, 'blobs', digestAlgorithm(digest));
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw storeFailure('STORE_UNWRITABLE', `cannot make ${folder}`, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The entries with one more, its tag taken from the entry that had it; undefined when nothing would change. */
function withEntry(index: LayoutIndex, entry: Descriptor, tag: string | undefined): readonly Descriptor[] | undefined {
  if (tag === undefined) {
    return index.entries.some((present) => present.digest === entry.digest) ? undefined : [...index.entries, entry];
  }
  const tagged: Descriptor = { ...entry, annotations: { ...entry.annotations, [REF_NAME]: tag } };
  const others = index.entries.flatMap((present) => {
    if (present.annotations?.[REF_NAME] !== tag) return [present];
    // a referrer stays findable when it loses its tag
    return present.artifactType === undefined || present.digest === entry.digest ? [] : [withoutTag(present)];
  });
  return [
    ...others.filter((present) => present.digest !== entry.digest || present.annotations?.[REF_NAME] !== undefined),
    tagged,
  ];
}

function withoutTag(descriptor: Descriptor): Descriptor {
  const { [REF_NAME]: _tag, ...annotations } = descriptor.annotations ?? {};
  return { ...descriptor, annotations };
}

/**
 * Opens a layout directory, and makes it first when it is missing or empty. Several processes may do so at once, and one that was killed halfway is no obstacle.
 * @throws AppError LAYOUT_INVALID when the directory holds something else, STORE_UNWRITABLE
 */
export async function createOciLayout(path: string): Promise<OciLayoutStore> {
  try {
    await mkdir(join(path), { recursive: true });
    if (!existsSync(join(path, 'oci-layout'))) {
      if ((await readdir(path)).some((name) => !isPartOfNewLayout(name)) && !existsSync(join(path, 'oci-layout'))) {
        throw imageError('LAYOUT_INVALID', `${path} holds files but is no OCI image layout`, {
          hint: 'name a new or empty directory',
        });
      }
      await mkdir(join(path, 'blobs', 'sha256'), { recursive: true });
      const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] };
      await writeUnlessThere(join(path, 'index.json'), JSON.stringify(index));
      await writeUnlessThere(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    }
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AppError') throw cause;
    throw imageError(
      'STORE_UNWRITABLE',
      `cannot make a layout at ${path}: ${String(cause instanceof Error && 'code' in cause ? cause.code : cause)}`,
      { cause },
    );
  }
  return new OciLayoutStore(path);
}

/** Whether a layout that is being made has such an entry before it has its file `oci-layout`, which is written last. */
function isPartOfNewLayout(name: string): boolean {
  return name === 'blobs' || name === 'index.json' || /^\.(?:index\.json|oci-layout)\.[0-9a-f-]{36}\.tmp$/.test(name);
}

async function writeUnlessThere(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomic(path, text, { ifExists: 'refuse' });
  } catch (error) {
    if (!isAppError(error) || error.code !== 'FILE_EXISTS') throw error;
  }
}

/** @throws AppError STORE_NOT_FOUND, LAYOUT_INVALID */
export function openOciLayout(path: string, maxReferrers?: number): OciLayoutStore {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw imageError('STORE_NOT_FOUND', `no such directory: ${path}`);
  if (!stats.isDirectory()) {
    throw imageError('STORE_NOT_FOUND', `${path} is not a directory`, {
      hint: 'for a file write oci-archive:FILE or docker-archive:FILE',
    });
  }
  return new OciLayoutStore(path, maxReferrers);
}
