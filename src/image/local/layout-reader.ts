import {
  coreError,
  digestAlgorithm,
  digestHex,
  digestMatches,
  isDigest,
  LIMITS,
  parseStrictJson,
  safeText,
  type Digest,
  type JsonValue,
} from '../../core/index.ts';
import { parseDescriptor } from '../descriptor.ts';
import { imageError } from '../errors.ts';
import { asObject, listField, type FieldContext, type JsonObject } from '../json-fields.ts';
import { checkRawManifest, manifestKind, parseIndex, parseManifest } from '../manifest.ts';
import { isImageManifestType, isIndexType } from '../media-types.ts';
import { sizeMismatch } from '../read-blob.ts';
import type { BlobSource, Descriptor, RawManifest } from '../types.ts';
import { isSameName, tagPosition } from '../parse-reference.ts';
import { readRange, type BlobFiles } from './blob-files.ts';

export const REF_NAME = 'org.opencontainers.image.ref.name';
const CONTAINERD_NAME = 'io.containerd.image.name';
const MAX_LAYOUT_ENTRIES = 20_000;
const MAX_LAYOUT_INDEX_BYTES = 16 * 1024 * 1024;
const LAYOUT_CONTEXT: FieldContext = { what: 'index.json', code: 'LAYOUT_INVALID' };

/** The tag under which referrers are listed where there is no referrers API. */
export function fallbackTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject)}`;
}

/** `blobs/sha256/…` */
export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** index.json of a layout, as JSON and as descriptors. */
export interface LayoutIndex {
  readonly object: JsonObject;
  readonly entries: readonly Descriptor[];
  /** Each entry as it is written. */
  readonly written: ReadonlyMap<Descriptor, JsonValue>;
}

/**
 * Parses a layout's index.json. Not held to be an image index: some tools leave out its mediaType.
 * @throws AppError LAYOUT_INVALID, JSON_INVALID, LIMIT_EXCEEDED
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file
 */
export function parseLayoutIndex(bytes: Uint8Array): LayoutIndex {
  const object = asObject(parseStrictJson(bytes, 'index.json', { maxBytes: MAX_LAYOUT_INDEX_BYTES }), LAYOUT_CONTEXT);
  const list = listField(object, 'manifests', LAYOUT_CONTEXT);
  if (list.length > MAX_LAYOUT_ENTRIES) {
    throw imageError(
      'LAYOUT_INVALID',
      `index.json has ${list.length} entries, more than the ${MAX_LAYOUT_ENTRIES} allowed`,
    );
  }
  const written = new Map(
    list.map((entry, index) => [
      parseDescriptor(entry, { ...LAYOUT_CONTEXT, what: `index.json: entry ${index}` }),
      entry,
    ]),
  );
  return { object, entries: [...written.keys()], written };
}

/** Reads an OCI image layout, be it a directory or inside an archive. Knows no writing. */
export class LayoutReader {
  readonly name: string;
  readonly #files: BlobFiles;
  readonly #maxReferrers: number;

  constructor(name: string, files: BlobFiles, maxReferrers: number = LIMITS.referrers) {
    this.name = name;
    this.#files = files;
    this.#maxReferrers = maxReferrers;
  }

  /** @throws AppError LAYOUT_INVALID when this is no layout of version 1 */
  checkLayout(): void {
    const range = this.#files.locate('oci-layout');
    if (range === undefined)
      throw imageError('LAYOUT_INVALID', `${this.name} is not an OCI image layout: it has no file oci-layout`);
    const value = parseStrictJson(readRange(range, 4096, 'oci-layout'), 'oci-layout', { maxBytes: 4096 });
    const version = asObject(value, { what: 'oci-layout', code: 'LAYOUT_INVALID' })['imageLayoutVersion'];
    if (typeof version !== 'string' || !version.startsWith('1.')) {
      throw imageError('LAYOUT_INVALID', `${this.name} is an OCI image layout of an unknown version`);
    }
  }

  readIndex(): LayoutIndex {
    const range = this.#files.locate('index.json');
    if (range === undefined) throw imageError('LAYOUT_INVALID', `${this.name} has no index.json`);
    return parseLayoutIndex(readRange(range, MAX_LAYOUT_INDEX_BYTES, 'index.json'));
  }

  readManifest(reference: Digest | string): RawManifest {
    if (isDigest(reference)) return this.#manifest(reference, undefined);
    const entry = this.#resolve(reference);
    return this.#manifest(entry.digest, entry);
  }

  openBlob(descriptor: Descriptor): BlobSource {
    const range = this.#files.locate(blobPath(descriptor.digest));
    if (range === undefined) throw imageError('BLOB_NOT_FOUND', `${this.name} has no blob ${descriptor.digest}`);
    if (range.lengthBytes !== descriptor.sizeBytes)
      throw sizeMismatch('blob', descriptor, `${range.lengthBytes} bytes long`);
    return { kind: 'file', range };
  }

  readBlob(descriptor: Descriptor, maxBytes: number): Uint8Array {
    const source = this.openBlob(descriptor);
    if (source.kind !== 'file') throw coreError('INTERNAL', 'a layout blob is a file');
    const bytes = readRange(source.range, maxBytes, `blob ${descriptor.digest}`);
    if (!digestMatches(descriptor.digest, bytes))
      throw coreError('DIGEST_MISMATCH', `blob ${descriptor.digest} of ${this.name} has other content`);
    return bytes;
  }

  /**
   * What the manifests of the layout say they are attached to: those listed in index.json, and those of the fallback tag. Described by the
   * manifests themselves.
   */
  referrersOf(subject: Digest): readonly Descriptor[] {
    const found = new Map<Digest, Descriptor>();
    const seen = new Set<Digest>();
    const tag = fallbackTag(subject);
    const consider = (entry: Descriptor): void => {
      // a manifest that is listed ten thousand times is read once
      if (seen.has(entry.digest) || !isManifestType(entry.mediaType)) return;
      seen.add(entry.digest);
      const described = this.#describeReferrer(entry, subject);
      if (described === undefined) return;
      found.set(entry.digest, described);
      if (found.size > this.#maxReferrers)
        throw coreError('LIMIT_EXCEEDED', `${subject} has more than the ${this.#maxReferrers} referrers allowed`);
    };
    for (const entry of this.readIndex().entries) {
      if (entry.annotations?.[REF_NAME] === tag && isIndexType(entry.mediaType)) {
        for (const listed of parseIndex(this.#manifest(entry.digest, entry).bytes).platforms) consider(listed);
      } else consider(entry);
    }
    return [...found.values()];
  }

  /**
   * The entry of the subject's fallback tag, and what it leads to without some manifests (nothing when none is left). No entry when it lists none of them.
   */
  fallbackWithout(
    subject: Digest,
    removed: ReadonlySet<Digest>,
  ): { readonly entry?: Descriptor; readonly kept?: RawManifest } {
    const tag = fallbackTag(subject);
    const entry = this.readIndex().entries.find(
      (candidate) => candidate.annotations?.[REF_NAME] === tag && isIndexType(candidate.mediaType),
    );
    if (entry === undefined) return {};
    const raw = this.#manifest(entry.digest, entry);
    const document = asObject(
      parseStrictJson(raw.bytes, `tag ${tag}`, { maxBytes: LIMITS.manifestBytes }),
      LAYOUT_CONTEXT,
    );
    const listed = listField(document, 'manifests', LAYOUT_CONTEXT);
    const kept = listed.filter((item) => !removed.has(parseDescriptor(item, LAYOUT_CONTEXT).digest));
    if (kept.length === listed.length) return {};
    if (kept.length === 0) return { entry };
    return { entry, kept: checkRawManifest(Buffer.from(JSON.stringify({ ...document, manifests: kept })), {}) };
  }

  #describeReferrer(entry: Descriptor, subject: Digest): Descriptor | undefined {
    const raw = this.#manifest(entry.digest, entry);
    const described = describeManifest(raw);
    if (described.subject !== subject) return undefined;
    return described.descriptor;
  }

  #manifest(digest: Digest, listed: Descriptor | undefined): RawManifest {
    const range = this.#files.locate(blobPath(digest));
    if (range === undefined) throw imageError('MANIFEST_NOT_FOUND', `${this.name} has no manifest ${digest}`);
    if (listed !== undefined && range.lengthBytes !== listed.sizeBytes)
      throw sizeMismatch('manifest', listed, `${range.lengthBytes} bytes long`);
    const bytes = readRange(range, LIMITS.manifestBytes, `manifest ${digest}`);
    return checkRawManifest(bytes, { digest, ...(listed === undefined ? {} : { servedAs: listed.mediaType }) });
  }

  #resolve(tag: string): Descriptor {
    const { entries } = this.readIndex();
    const named = this.#named(entries, tag);
    const [first] = named;
    const known = tagList(entries);
    if (first === undefined) {
      throw imageError(
        'MANIFEST_NOT_FOUND',
        `${this.name} has no image${tag === '' ? '' : tagPosition(tag) === undefined ? ` tagged ${safeText(tag, 200)}` : ` at position ${tag}`}`,
        known === '' ? {} : { hint: `it has: ${known}` },
      );
    }
    if (named.some((entry) => entry.digest !== first.digest)) {
      if (tag !== '')
        throw imageError('TAG_AMBIGUOUS', `${this.name} has several images tagged ${safeText(tag, 200)}`, {
          hint: 'name one by its digest: @sha256:...',
        });
      throw imageError('TAG_REQUIRED', `${this.name} has several images`, {
        hint: `name one by tag or digest${known === '' ? '' : `; it has: ${known}`}`,
      });
    }
    return first;
  }

  #named(entries: readonly Descriptor[], tag: string): readonly Descriptor[] {
    if (tag === '') return this.#imageEntries(entries);
    const position = tagPosition(tag);
    if (position === undefined) return entries.filter((entry) => hasName(entry, tag));
    return this.#imageEntries(entries).slice(position, position + 1);
  }

  /** Entries that are images in their own right: neither attached to something nor a list of what is. */
  #imageEntries(entries: readonly Descriptor[]): readonly Descriptor[] {
    const candidates = entries.filter(
      (entry) =>
        isManifestType(entry.mediaType) &&
        !/^sha(?:256|512)-[0-9a-f]{64,128}/.test(entry.annotations?.[REF_NAME] ?? ''),
    );
    if (candidates.length <= 1) return candidates;
    const attached = new Map<Digest, boolean>();
    return candidates.filter((entry) => {
      const isAttached =
        attached.get(entry.digest) ?? describeManifest(this.#manifest(entry.digest, entry)).subject !== undefined;
      attached.set(entry.digest, isAttached);
      return !isAttached;
    });
  }
}

function isManifestType(mediaType: string): boolean {
  return isImageManifestType(mediaType) || isIndexType(mediaType);
}

/** What a manifest says about itself and its subject; a descriptor fit for a listing of referrers. */
export function describeManifest(raw: RawManifest): { readonly descriptor: Descriptor; readonly subject?: Digest } {
  const { artifactType, annotations, subject } =
    manifestKind(raw.bytes) === 'index' ? parseIndex(raw.bytes) : withConfigType(parseManifest(raw.bytes));
  return {
    descriptor: {
      mediaType: raw.mediaType,
      digest: raw.digest,
      sizeBytes: raw.bytes.byteLength,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    ...(subject === undefined ? {} : { subject: subject.digest }),
  };
}

/** A manifest without artifactType is of its config's type. */
function withConfigType(manifest: ReturnType<typeof parseManifest>): ReturnType<typeof parseManifest> {
  return manifest.artifactType === undefined ? { ...manifest, artifactType: manifest.config.mediaType } : manifest;
}

function hasName(entry: Descriptor, tag: string): boolean {
  if (entry.annotations?.[REF_NAME] === tag) return true;
  const name = entry.annotations?.[CONTAINERD_NAME];
  return name !== undefined && isSameName(name, tag);
}

function tagList(entries: readonly Descriptor[]): string {
  const tags = entries
    .map((entry) => entry.annotations?.[REF_NAME] ?? '')
    .filter((tag) => tag !== '' && !/^sha(?:256|512)-/.test(tag));
  return safeText([...new Set(tags)].slice(0, 20).join(', '), 1000);
}
