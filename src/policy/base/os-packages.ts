import type { ComparableComponent, ComparableSbom } from '../../evidence/index.ts';

const OS_PURL = /^pkg:(?:deb|apk|rpm|alpm|ebuild|nix|opkg|snap)\//;
/** Catalogers that read databases of an operating system's packages. Where the system is not known its packages have no package URL. */
const OS_CATALOGERS: ReadonlySet<string> = new Set([
  'apk',
  'bottlerocket',
  'chisel',
  'dpkg',
  'nix',
  'opkg',
  'pacman',
  'portage',
  'rpm',
  'snap',
]);

/** Components of a scan that an operating system's package manager installed, whether or not they have a package URL. */
export function osPackages({ components }: ComparableSbom): readonly ComparableComponent[] {
  return components.filter(
    ({ purl, cataloger, type }) =>
      (purl !== undefined && OS_PURL.test(purl)) ||
      (purl === undefined && type === 'library' && cataloger !== undefined && OS_CATALOGERS.has(cataloger)),
  );
}

/** Its package URL, or what else is known of it. */
export function packageText({ purl, cataloger = '', name, version }: ComparableComponent): string {
  return purl ?? [cataloger, name, version ?? ''].join(' ').trim();
}

/** A package URL without version and what follows it. */
export function plainPurl(purl: string): string {
  return purl.replace(/[@?#].*$/, '');
}
