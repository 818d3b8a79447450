import { hash } from 'node:crypto';
import { readZipEntry } from '../zip/entry.ts';
import type { ReadsPart } from '../zip/end.ts';
import { tryReadZip, type ZipArchive, type ZipEntry } from '../zip/zip.ts';
import { DirectoryFacts, isArchiveName } from './directory.ts';
import { parseManifest } from './manifest.ts';
import { readMavenRecord, type JavaCoordinates } from './maven-record.ts';

/** One archive: the file itself, or one that lies in it. */
export interface JavaArchive {
  /** Path inside of the file, `:` between nested archives; '' for the file itself. */
  readonly inside: string;
  /** Index of the archive it lies in; -1 for the file itself. */
  readonly parent: number;
  readonly sizeBytes: number;
  /** Of the archive's bytes, hex. */
  readonly sha256: string;
  /** The same, by which Maven Central can be asked; of an archive that has not exactly one of Maven's records, if its bytes are all there. */
  readonly sha1?: string;
  readonly entryCount: number;
  readonly classCount: number;
  /** First segments of folders that hold classes, at most three: `org/apache/commons`. Sorted, at most 64. */
  readonly classFolders: readonly string[];
  /** How it is laid out when it is an application. */
  readonly layout?: 'spring-boot' | 'war' | 'ear';
  /** Main attributes of the manifest that tell of identity and licence, by name in lower case. Absent when there is no manifest. */
  readonly manifest?: Readonly<Record<string, string>>;
  /** Sorted by folder. */
  readonly coordinates: readonly JavaCoordinates[];
  /** Names of licence files in the root and in META-INF. Sorted, at most 16. */
  readonly licenseFiles: readonly string[];
  /** Beginning of the first licence file: its first two lines that are not empty, in one. */
  readonly licenseTitle?: string;
}

/** Something of a file that could not be read. */
export interface JavaArchiveProblem {
  /** As in `JavaArchive`. */
  readonly inside: string;
  /** Stable word: `empty` (no byte, so that nothing is missing), `not-an-archive`, `too-deep`, `too-large`, `too-many`, `spent` (the layer's budget is), or a `ZipProblem`, or a problem of an entry. */
  readonly code: string;
}

/** What `extractJavaArchive` returns as JSON. Archives come before those that lie in them. */
export interface JavaArchiveFacts {
  readonly archives: readonly JavaArchive[];
  readonly problems: readonly JavaArchiveProblem[];
}

const KiB = 1024;
const MiB = 1024 * KiB;
const MAX_DEPTH = 16;
const MAX_ARCHIVES = 20_000;
const MAX_ENTRIES = 2_000_000;
const MAX_COORDINATES = 2000;
const MAX_PROBLEMS = 200;
/** Of the path to a nested archive: those of real ones are some hundred characters. */
const MAX_PATH_CHARS = 4096;
/** All manifests, POMs and licence texts of one file. */
const MAX_RECORD_BYTES = 128 * MiB;
const MAX_NESTED_BYTES = 1024 * MiB;
/**
 * What is inside may be so much larger than the file: real ones are some times, bombs are a thousand times. An image may hold a hundred thousand small ones,
 * so that they get little beyond that.
 */
const MAX_EXPANSION = 32;
const FREE_BYTES = 512 * KiB;
const MAX_ATTRIBUTE_CHARS = 2048;
const MARK = /[\s*#/=-]/;
/** Attributes of the manifest that are kept. */
const ATTRIBUTES =
  `automatic-module-name build-jdk-spec bundle-description bundle-docurl bundle-license bundle-name bundle-symbolicname bundle-vendor
  bundle-version created-by extension-name group-id implementation-title implementation-url implementation-vendor implementation-vendor-id
  implementation-version main-class name plugin-license-name plugin-version short-name spring-boot-version specification-title
  specification-vendor specification-version start-class weave-classes`.split(/\s+/);

/**
 * Reads a Java archive (jar, war, ear, ...) and all archives in it: digests, manifest, Maven's records. Runs in a worker on hostile bytes: depth, entries
 * and inflated bytes are bounded, nested archives are inflated one at a time, and it never throws. A `.rar`, or a file whose name is not one of Java's archives,
 * that holds neither a manifest, nor Maven's records, nor Java archives is none of ours.
 * @returns a `JavaArchiveFacts` as compact UTF-8 JSON; undefined when the file is no Java archive
 */
export function extractJavaArchive(
  bytes: Uint8Array,
  info: {
    readonly path: string;
    readonly complete: boolean;
    readonly sparse?: SparseBytes;
    readonly budget?: InflateBudget;
  },
): Uint8Array | undefined {
  if (!info.complete) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new ArchiveReader(buffer.byteLength * MAX_EXPANSION + FREE_BYTES, info);
  reader.read(buffer, { inside: '', parent: -1, depth: 0 });
  const { archives, problems } = reader;
  const [first] = archives;
  const isGeneral = !isArchiveName(info.path) || /\.rar$/i.test(info.path);
  if (isGeneral && archives.length < 2 && first?.manifest === undefined && (first?.coordinates.length ?? 0) === 0) {
    return undefined;
  }
  return Buffer.from(JSON.stringify({ archives, problems } satisfies JavaArchiveFacts), 'utf8');
}

/** Bytes of which parts are left out, zeros in their place. */
export interface SparseBytes {
  /** Of all bytes, hex. */
  readonly sha256: string;
  /** Told of each part that is read; when one was left out, the result is of no use. */
  readonly reads: ReadsPart;
}

/** What all archives of a layer may hold together, in bytes; goes down as they are read. */
export interface InflateBudget {
  bytesLeft: number;
}

interface Place {
  readonly inside: string;
  readonly parent: number;
  readonly depth: number;
}

/** Walks one file's archives and keeps count of what that costs. */
class ArchiveReader {
  readonly archives: JavaArchive[] = [];
  readonly problems: JavaArchiveProblem[] = [];
  #bytesLeft: number;
  #recordBytesLeft = MAX_RECORD_BYTES;
  #entriesLeft = MAX_ENTRIES;
  readonly #sparse: SparseBytes | undefined;
  readonly #budget: InflateBudget;

  constructor(
    bytesLeft: number,
    { sparse, budget }: { readonly sparse?: SparseBytes; readonly budget?: InflateBudget },
  ) {
    this.#bytesLeft = bytesLeft;
    this.#sparse = sparse;
    this.#budget = budget ?? { bytesLeft: Number.MAX_SAFE_INTEGER };
  }

  read(bytes: Buffer, place: Place): void {
    if (bytes.byteLength === 0) return this.#report(place.inside, 'empty');
    const facts = new DirectoryFacts();
    const reads = place.depth === 0 ? this.#sparse?.reads : undefined;
    const zip = tryReadZip(bytes, {
      maxEntries: this.#entriesLeft,
      wants: (name) => facts.add(name),
      ...(reads === undefined ? {} : { reads }),
    });
    if (zip === undefined) return this.#report(place.inside, 'not-an-archive');
    this.#entriesLeft -= facts.entryCount;
    for (const problem of zip.problems) this.#report(place.inside, problem);
    const index = this.archives.length;
    this.archives.push(this.#describe(zip, facts, place));
    for (const entry of zip.entries)
      if (isArchiveName(entry.name)) this.#readNested(zip, entry, { ...place, parent: index });
  }

  #readNested(zip: ZipArchive, entry: ZipEntry, place: Place): void {
    const inside = place.inside === '' ? entry.name : `${place.inside}:${entry.name}`;
    if (place.depth >= MAX_DEPTH || inside.length > MAX_PATH_CHARS) return this.#report(inside, 'too-deep');
    if (this.archives.length >= MAX_ARCHIVES) return this.#report(inside, 'too-many');
    const bytes = this.#content(zip, entry, { inside, maxBytes: MAX_NESTED_BYTES });
    if (bytes !== undefined) this.read(bytes, { inside, parent: place.parent, depth: place.depth + 1 });
  }

  #content(
    zip: ZipArchive,
    entry: ZipEntry,
    want: { readonly inside: string; readonly maxBytes: number },
  ): Buffer | undefined {
    const maxBytes = Math.min(want.maxBytes, this.#bytesLeft);
    if (entry.sizeBytes <= maxBytes && entry.sizeBytes > this.#budget.bytesLeft)
      return this.#missing(want.inside, 'spent');
    const content = readZipEntry(zip, entry, maxBytes);
    // a content that is not what it claims has cost as much as it claims
    if ('bytes' in content || content.problem === 'malformed') this.#spend(entry.sizeBytes);
    if ('bytes' in content) return content.bytes;
    return this.#missing(want.inside, content.problem);
  }

  #missing(inside: string, code: string): undefined {
    this.#report(inside, code);
  }

  #spend(bytes: number): void {
    this.#bytesLeft -= Math.min(bytes, this.#bytesLeft);
    this.#budget.bytesLeft -= Math.min(bytes, this.#budget.bytesLeft);
  }

  #describe(zip: ZipArchive, facts: DirectoryFacts, place: Place): JavaArchive {
    const read = (entry: ZipEntry | undefined, maxBytes: number): Buffer | undefined => {
      if (entry === undefined) return undefined;
      const inside = place.inside === '' ? entry.name : `${place.inside}:${entry.name}`;
      const content = this.#content(zip, entry, { inside, maxBytes: Math.min(maxBytes, this.#recordBytesLeft) });
      this.#recordBytesLeft -= content?.byteLength ?? 0;
      return content;
    };
    const manifest = read(facts.manifest(zip.entries), 4 * MiB);
    const licenses = facts.licenseFiles(zip.entries);
    const title = titleOf(read(licenses[0], 256 * KiB));
    const sparse = place.depth === 0 ? this.#sparse : undefined;
    const coordinates = this.#coordinates(facts, zip.entries, read);
    return {
      inside: place.inside,
      parent: place.parent,
      sizeBytes: zip.bytes.byteLength,
      sha256: sparse?.sha256 ?? hash('sha256', zip.bytes),
      ...(coordinates.length === 1 || sparse !== undefined ? {} : { sha1: hash('sha1', zip.bytes) }),
      entryCount: facts.entryCount,
      classCount: facts.classCount,
      classFolders: facts.classFolders(),
      ...(facts.layout === undefined ? {} : { layout: facts.layout }),
      ...(manifest === undefined ? {} : { manifest: keptAttributes(parseManifest(manifest)) }),
      coordinates,
      licenseFiles: licenses.map(({ name }) => name),
      ...(title === undefined ? {} : { licenseTitle: title }),
    };
  }

  #coordinates(
    facts: DirectoryFacts,
    entries: readonly ZipEntry[],
    read: (entry: ZipEntry | undefined, maxBytes: number) => Buffer | undefined,
  ): readonly JavaCoordinates[] {
    const coordinates: JavaCoordinates[] = [];
    for (const { folder, properties, pom } of facts.coordinates(entries)) {
      if (coordinates.length >= MAX_COORDINATES) {
        this.#report(folder, 'too-many');
        break;
      }
      const text = read(properties, 64 * KiB);
      const xml = read(pom, 4 * MiB);
      coordinates.push(readMavenRecord(folder, { properties: text, pom: xml }));
    }
    return coordinates;
  }

  #report(inside: string, code: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ inside: inside.slice(0, MAX_PATH_CHARS), code });
  }
}

function keptAttributes(all: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const name of ATTRIBUTES) {
    const value = all.get(name);
    if (value !== undefined && value !== '') kept[name] = value.slice(0, MAX_ATTRIBUTE_CHARS);
  }
  return kept;
}

function titleOf(bytes: Buffer | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const lines = bytes.toString('utf8', 0, 4 * KiB).split(/\r?\n/, 100);
  const told = lines.map(withoutMarks).filter((line) => line !== '');
  const title = told.slice(0, 2).join(' ').replaceAll(/\s+/g, ' ').slice(0, 200);
  return title === '' ? undefined : title;
}

/** A line without the marks that comments and headings have around it. */
function withoutMarks(line: string): string {
  let [start, end] = [0, line.length];
  while (start < end && MARK.test(line[start] as string)) start += 1;
  while (end > start && MARK.test(line[end - 1] as string)) end -= 1;
  return line.slice(start, end);
}
