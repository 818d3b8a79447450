import type { Package, PackageType } from './package.ts';

const OS_TYPES: ReadonlySet<PackageType> = new Set(['deb', 'apk', 'rpm', 'alpm', 'ebuild', 'nix', 'opkg', 'snap']);

/**
 * Whether an operating system's package manager installed it, by a record of its own. The word of a program that was built for a package installs nothing,
 * nor what a document lists as built into another package.
 */
export function isInstalledByOs({ type, evidence, partOf }: Package): boolean {
  if (!OS_TYPES.has(type) || partOf !== undefined) return false;
  return evidence.length === 0 || evidence.some(({ technique }) => technique !== 'binary-analysis');
}
