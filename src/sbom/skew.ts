import { compareCodeUnits } from '../core/index.ts';
import type { SbomComponent, SbomDocument } from './types.ts';

/** The SBOM of one platform of an index. */
export interface PlatformDocument {
  /** `linux/arm64`. */
  readonly platform: string;
  readonly document: SbomDocument;
}

/** A package that is not the same on all platforms of an image. */
export interface SkewEntry {
  /** `npm:@scope/name`, `deb:libc6`. */
  readonly name: string;
  /** By platform, in the index's order: the versions there, sorted; none where it is missing. */
  readonly versions: Readonly<Record<string, readonly string[]>>;
}

/**
 * Packages whose versions differ between platforms, or that some platform lacks; sorted by name. Architecture is no part of a package's name here. Of hidden
 * packages nothing is said.
 */
export function platformSkew(documents: readonly PlatformDocument[]): readonly SkewEntry[] {
  const versions = documents.map(({ document }) => versionsByName(document));
  const names = new Set(versions.flatMap((known) => [...known.keys()]));
  const skew: SkewEntry[] = [];
  for (const name of [...names].toSorted(compareCodeUnits)) {
    const lists = versions.map((known) => [...(known.get(name) ?? [])].toSorted(compareCodeUnits));
    if (new Set(lists.map((list) => list.join('\0'))).size === 1 && lists.every((list) => list.length > 0)) continue;
    skew.push({
      name,
      versions: Object.fromEntries(documents.map(({ platform }, index) => [platform, lists[index] ?? []])),
    });
  }
  return skew;
}

function versionsByName({ components }: SbomDocument): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, Set<string>>();
  for (const component of components) {
    if (component.packageType === undefined || component.scope === 'excluded') continue;
    const name = nameOf(component);
    const versions = known.get(name) ?? new Set<string>();
    known.set(name, versions);
    versions.add(component.version ?? '');
  }
  return known;
}

function nameOf({ packageType, group, name }: SbomComponent): string {
  return `${packageType}:${group === undefined ? '' : `${group}/`}${name}`;
}
