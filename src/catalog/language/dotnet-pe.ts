import { compareCodeUnits } from '../../core/index.ts';
import type { PeVersion } from '../../formats/index.ts';
import type { Location, Package } from '../../packages/index.ts';
import { compareVersions } from './dotnet-runtime-config.ts';

/** A Windows program or library that no list claims. */
export interface LooseBinary {
  readonly location: Location;
  readonly facts: Pick<PeVersion, 'managed' | 'strings'>;
}

/** A package of some list, by name in lower case and version. */
export type ListedPackages = ReadonlyMap<string, { readonly name: string; readonly version: string }>;

export function listedKey(name: string, version: string): string {
  return `${name.toLowerCase()}/${version}`;
}

const MAX_NAME_CHARS = 128;
/** Letters, digits, marks and punctuation of any script; no control characters, nothing that turns text around. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

/**
 * Packages of what is only known by its version resource: one for all files that say the same. They have no purl, unless a list of libraries elsewhere in
 * the image has a package of the file's name and version.
 */
export function loosePackages(binaries: readonly LooseBinary[], listed: ListedPackages): readonly Package[] {
  const groups = new Map<string, Package[]>();
  for (const binary of binaries) {
    const pkg = loosePackage(binary, listed);
    if (pkg === undefined) continue;
    const group = groups.get(pkg.id);
    if (group) group.push(pkg);
    else groups.set(pkg.id, [pkg]);
  }
  return [...groups.values()].map((group) => {
    const locations = group.flatMap((pkg) => pkg.locations).toSorted((a, b) => compareCodeUnits(a.path, b.path));
    return { ...group[0]!, locations, files: locations.map(({ path }) => path) };
  });
}

function loosePackage({ location, facts }: LooseBinary, listed: ListedPackages): Package | undefined {
  const { strings, managed } = facts;
  const assembly = assemblyName(strings, location.path);
  if (/\.resources$/i.test(assembly)) return undefined;
  const version = versionOf(strings);
  const agreed = managed
    ? candidates(strings)
        .map((text) => listed.get(listedKey(assembly, text)))
        .find(Boolean)
    : undefined;
  const name = agreed?.name ?? nameOf(strings) ?? assembly;
  if (!NAME.test(name)) return undefined;
  const type = managed ? 'nuget' : 'generic';
  const found = agreed?.version ?? version;
  const company = textOf(strings.CompanyName);
  return {
    type,
    name,
    ...(found === undefined ? {} : { version: found }),
    ...(agreed === undefined ? { qualifiers: { source: 'version-resource' }, purlKnown: false } : {}),
    locations: [location],
    foundBy: 'dotnet',
    evidence: [
      agreed === undefined
        ? { field: 'name', technique: 'binary-analysis', confidence: 0.4, value: 'version resource' }
        : { field: 'purl', technique: 'binary-analysis', confidence: 0.7, value: 'version resource, as a list has it' },
    ],
    licenses: [],
    ...(company === undefined ? {} : { supplier: { name: company } }),
    ...(agreed === undefined ? { properties: { 'pe:file': assembly } } : {}),
    id: `${agreed === undefined ? 'resource' : 'listed'} ${type} ${name}@${found ?? ''}`,
    dependsOn: [],
  };
}

type Strings = PeVersion['strings'];

/** Microsoft describes each file by its name; with others the product is what people know. */
function nameOf(strings: Strings): string | undefined {
  const product = textOf(strings.ProductName);
  const description = textOf(strings.FileDescription);
  return /^Microsoft\b/i.test(strings.CompanyName ?? '') ? (description ?? product) : (product ?? description);
}

/** What the compiler called the file, without its ending. */
function assemblyName(strings: Strings, path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const name = textOf(strings.OriginalFilename) ?? textOf(strings.InternalName) ?? file;
  return name.replace(/\.(?:dll|exe)$/i, '');
}

function textOf(value: string | undefined): string | undefined {
  const text = value?.replaceAll(/\s+/g, ' ').trim() ?? '';
  return text.length <= MAX_NAME_CHARS && NAME.test(text) ? text : undefined;
}

/** The greater of both versions; of equal ones the product's, which may say more (a preview). */
function versionOf(strings: Strings): string | undefined {
  const product = plainVersion(strings.ProductVersion);
  const file = plainVersion(strings.FileVersion);
  if (product === undefined || file === undefined) return product ?? file;
  return compareVersions(threeNumbers(file), threeNumbers(product)) > 0 ? file : product;
}

/** What a package of the file may have for a version. */
function candidates(strings: Strings): readonly string[] {
  const all = [strings.ProductVersion, strings.FileVersion].flatMap((text) => plainVersion(text) ?? []);
  return [...all, ...all.map(threeNumbers)];
}

function threeNumbers(version: string): string {
  return /^\d+(?:\.\d+){0,2}/.exec(version)?.[0] ?? version;
}

/** Numbers, perhaps with a pre-release: without what a build adds. Old compilers put commas between the numbers. */
function plainVersion(value: string | undefined): string | undefined {
  const text = (value ?? '')
    .slice(0, 256)
    .replaceAll(/\s*,\s*/g, '.')
    .trim();
  return /^v?(\d{1,9}(?:\.\d{1,9}){0,3}(?:-[0-9A-Za-z][0-9A-Za-z.-]{0,63})?)(?![0-9A-Za-z.])/.exec(text)?.[1];
}
