import type { FileView } from '../../filesystem/index.ts';
import { classifyLicenseText, type LicenseClaim } from '../../packages/index.ts';
import { decodeText } from './json-fields.ts';

/** Names of files that hold a package's licence, as packages mostly write them. */
const NAMES = [
  'LICENSE',
  'LICENSE.md',
  'LICENSE.txt',
  'LICENSE-MIT',
  'LICENSE-MIT.txt',
  'LICENCE',
  'LICENCE.md',
  'License',
  'license',
  'license.md',
  'license.txt',
] as const;

/** Path suffixes of what `npmLicenses` reads. */
export const NPM_LICENSE_FILES: readonly string[] = NAMES.flatMap((name) => [
  `node_modules/*/${name}`,
  `node_modules/*/*/${name}`,
]);

/**
 * Licences of an installed package: those of its manifest, where `SEE LICENSE IN <file>` is the licence whose text that file certainly holds; of a manifest
 * without any, the licence of the one licence file beside it, as far as its text is certain.
 * @param folder of the package, without leading slash
 */
export function npmLicenses(claims: readonly LicenseClaim[], folder: string, view: FileView): readonly LicenseClaim[] {
  if (claims.length > 0) return claims.map((claim) => fromNamedFile(claim, folder, view));
  const present = NAMES.map((name) => textIn(view, pathOf(folder, name))).filter((found) => found !== undefined);
  const [only] = present;
  // of several it is not known whether all or any of them count
  return only?.value === undefined || present.length > 1 ? [] : [{ ...only, value: only.value }];
}

function fromNamedFile(claim: LicenseClaim, folder: string, view: FileView): LicenseClaim {
  const file = /^SEE LICEN[CS]E IN (?:\.\/)?([^/\\].*)$/iu.exec(claim.value)?.[1];
  if (file === undefined || file.split('/').includes('..')) return claim;
  const found = textIn(view, pathOf(folder, file));
  return found === undefined ? claim : { value: found.value ?? claim.value, location: found.location };
}

/** The licence of a file, if it is there and was captured and is certain. */
function textIn(view: FileView, path: string) {
  const entry = view.resolve(path);
  if (entry?.type !== 'file') return undefined;
  const bytes = view.read(entry.path);
  const value = bytes === undefined ? undefined : classifyLicenseText(decodeText(bytes));
  return { value, location: { path: `/${entry.path}`, layer: entry.layer } };
}

function pathOf(folder: string, file: string): string {
  return folder === '' ? file : `${folder}/${file}`;
}
