import { packageKey, type Package } from '../../packages/index.ts';

/**
 * Tells archives apart that have one name but not one content: those of a group by Maven's classifier (`linux-x86_64`), those without a group by their
 * SHA-256. What has one content stays one package, however often it is there.
 */
export function distinguishArchives(packages: readonly Package[]): readonly Package[] {
  const contents = new Map<string, Set<string>>();
  for (const pkg of packages) {
    const sha256 = sha256Of(pkg);
    if (sha256 === undefined) continue;
    const key = packageKey(pkg);
    contents.set(key, (contents.get(key) ?? new Set()).add(sha256));
  }
  return packages.map((pkg) => {
    const sha256 = sha256Of(pkg);
    if (sha256 === undefined || (contents.get(packageKey(pkg))?.size ?? 0) < 2) return pkg;
    const classifier = pkg.properties?.['maven:classifier'];
    if (pkg.purlKnown === false) return { ...pkg, qualifiers: { checksum: `sha256:${sha256}` } };
    return classifier === undefined ? pkg : { ...pkg, qualifiers: { classifier } };
  });
}

function sha256Of(pkg: Package): string | undefined {
  return pkg.hashes?.find(({ algorithm }) => algorithm === 'SHA-256')?.hex;
}
