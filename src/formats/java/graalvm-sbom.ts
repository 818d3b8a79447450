import { parseBoundedJson } from '../../core/index.ts';
import { gunzipSync } from 'node:zlib';
import { findElfSymbols } from '../elf/elf-symbols.ts';
import { tryParseElf, type ElfFile } from '../elf/elf.ts';
import { bytesAt } from '../executable/executable.ts';

/** One component of the document that GraalVM's native-image puts into a program. */
export interface GraalvmComponent {
  readonly ref?: string;
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly licenses: readonly string[];
}

/** What `extractGraalvmSbom` returns as JSON. */
export interface GraalvmSbom {
  /** The program itself. */
  readonly main?: GraalvmComponent;
  readonly components: readonly GraalvmComponent[];
  /** Refs of what each needs. */
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  /** Why a document that is there could not be read. */
  readonly problem?: string;
}

const MiB = 1024 * 1024;
const MAX_PACKED_BYTES = 8 * MiB;
const MAX_DOCUMENT_BYTES = 32 * MiB;
/** Real documents shrink to a tenth; small ones that say megabytes may be there ten thousand times. */
const MAX_EXPANSION = 64;
const FREE_BYTES = MiB;
const MAX_COMPONENTS = 20_000;
const MAX_EDGES = 200_000;
const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;

/**
 * Reads the CycloneDX document in a program made by GraalVM's native-image: gzip at the symbol `sbom`, its length at `sbom_length`. ELF only. Hostile
 * bytes: never throws, every read is bounded.
 * @returns a `GraalvmSbom` as compact UTF-8 JSON; undefined when there is none
 * @see https://www.graalvm.org/latest/security-guide/native-image/sbom/
 */
export function extractGraalvmSbom(bytes: Uint8Array): Uint8Array | undefined {
  const elf = tryParseElf(bytes);
  const packed = elf === undefined ? undefined : packedDocument(elf);
  if (packed === undefined) return undefined;
  const sbom = typeof packed === 'string' ? failed(packed) : readDocument(packed);
  return Buffer.from(JSON.stringify(sbom satisfies GraalvmSbom), 'utf8');
}

function failed(problem: string): GraalvmSbom {
  return { components: [], dependencies: [], problem };
}

/** The bytes, or what is wrong with them. */
function packedDocument(elf: ElfFile): Buffer | string | undefined {
  const at = symbolAddresses(elf);
  const [start, length] = [at.get('sbom'), at.get('sbom_length')];
  if (start === undefined || length === undefined) return undefined;
  const field = bytesAt(elf, length, 8);
  if (field?.byteLength !== 8) return 'its length lies outside of the file';
  const sizeBytes = elf.reader.littleEndian ? field.readBigUInt64LE() : field.readBigUInt64BE();
  if (sizeBytes > BigInt(MAX_PACKED_BYTES)) return 'it is larger than any real one';
  const packed = bytesAt(elf, start, Number(sizeBytes));
  return packed?.byteLength === Number(sizeBytes) ? packed : 'it lies outside of the file';
}

/** Exported symbols stay when a program is stripped: both tables are searched. */
function symbolAddresses(elf: ElfFile): ReadonlyMap<string, number> {
  const addresses = new Map<string, number>();
  for (const type of [SHT_DYNSYM, SHT_SYMTAB]) {
    const sections = elf.sections.map((section) => ({
      ...section,
      type: section.type === type ? SHT_SYMTAB : section.type === SHT_SYMTAB ? 0 : section.type,
    }));
    for (const { name, address } of findElfSymbols({ ...elf, sections }, ['sbom', 'sbom_length'])) {
      if (address > 0 && !addresses.has(name)) addresses.set(name, address);
    }
  }
  return addresses;
}

function readDocument(packed: Buffer): GraalvmSbom {
  let json: unknown;
  try {
    const maxOutputLength = Math.min(MAX_DOCUMENT_BYTES, packed.length * MAX_EXPANSION + FREE_BYTES);
    json = parseBoundedJson(gunzipSync(packed, { maxOutputLength }).toString('utf8'));
  } catch {
    return failed('it is no gzip-compressed JSON of a real size');
  }
  const document = asRecord(json);
  const main = toComponent(asRecord(document?.['metadata'])?.['component']);
  return {
    ...(main === undefined ? {} : { main }),
    components: listOf(document?.['components'])
      .slice(0, MAX_COMPONENTS)
      .flatMap((item) => toComponent(item) ?? []),
    dependencies: readDependencies(listOf(document?.['dependencies'])),
  };
}

function readDependencies(list: readonly unknown[]): GraalvmSbom['dependencies'] {
  const dependencies: { ref: string; dependsOn: readonly string[] }[] = [];
  let edges = 0;
  for (const item of list.slice(0, MAX_COMPONENTS)) {
    const object = asRecord(item);
    const ref = text(object?.['ref']);
    const dependsOn = listOf(object?.['dependsOn']).flatMap((value) => text(value) ?? []);
    edges += dependsOn.length;
    if (edges > MAX_EDGES) break;
    if (ref !== undefined && dependsOn.length > 0) dependencies.push({ ref, dependsOn });
  }
  return dependencies;
}

function toComponent(value: unknown): GraalvmComponent | undefined {
  const object = asRecord(value);
  const name = text(object?.['name']);
  if (object === undefined || name === undefined) return undefined;
  const [ref, group, version, purl] = ['bom-ref', 'group', 'version', 'purl'].map((key) => text(object[key]));
  const licenses = listOf(object['licenses']).slice(0, 16);
  return {
    ...(ref === undefined ? {} : { ref }),
    ...(group === undefined ? {} : { group }),
    name,
    ...(version === undefined ? {} : { version }),
    ...(purl === undefined ? {} : { purl }),
    licenses: licenses.flatMap((item) => {
      const license = asRecord(asRecord(item)?.['license']);
      return text(asRecord(item)?.['expression']) ?? text(license?.['id']) ?? text(license?.['name']) ?? [];
    }),
  };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 1024 ? value : undefined;
}
