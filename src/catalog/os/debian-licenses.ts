import type { FileView } from '../../filesystem/index.ts';
import type { LicenseClaim } from '../../packages/index.ts';
import { debianLicenses } from './debian-copyright.ts';

/**
 * Licences of Debian packages by name, out of the copyright files in their folders below /usr/share/doc. Each file is read once, since many packages link to one.
 * @param root folder that is the root of the system, without slashes at either end; '' for the image's own
 */
export function createDebianLicenses(view: FileView, root: string): (name: string) => readonly LicenseClaim[] {
  const byPath = new Map<string, readonly LicenseClaim[]>();
  const prefix = root === '' ? '' : `${root}/`;
  return (name) => {
    const path = `${prefix}usr/share/doc/${name}/copyright`;
    const entry = view.resolve(path);
    if (entry === undefined || entry.type !== 'file') return [];
    const known = byPath.get(entry.path);
    if (known !== undefined) return known;
    const bytes = view.read(path);
    const location = { path: `/${entry.path}`, layer: entry.layer };
    const claims = bytes === undefined ? [] : debianLicenses(bytes).map((value): LicenseClaim => ({ value, location }));
    byPath.set(entry.path, claims);
    return claims;
  };
}
