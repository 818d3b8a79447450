import type { FileView } from '../../filesystem/index.ts';
import { classifyLicenseText, type LicenseClaim } from '../../packages/index.ts';
import { decodeText } from './json-fields.ts';
import type { PythonMetadata } from './python-metadata.ts';

/** Names of files that hold a distribution's licence, as distributions mostly write them. */
const NAMES =
  'LICENSE LICENSE.txt LICENSE.md LICENSE.rst LICENCE LICENCE.txt LICENCE.md COPYING COPYING.txt license.txt';

/** Path suffixes of what `pythonLicenses` reads: since metadata 2.4 in a folder of their own. */
export const PYTHON_LICENSE_FILES: readonly string[] = ['site-packages', 'dist-packages'].flatMap((site) =>
  NAMES.split(' ').flatMap((name) => [`${site}/*/${name}`, `${site}/*/licenses/${name}`]),
);

/**
 * Licences of an installed distribution: those of its metadata; where that names none, the licence of the one file that it lists, as far as its text is
 * certain. Of several files it is not known whether all or any of them count.
 * @param record its `.dist-info` folder, without leading slash
 * @see https://peps.python.org/pep-0639/
 */
export function pythonLicenses(view: FileView, metadata: PythonMetadata, record: string): readonly LicenseClaim[] {
  const [file, ...others] = metadata.licenseFiles;
  if (metadata.licenses.length > 0 || file === undefined || others.length > 0) return metadata.licenses;
  if (file.split('/').includes('..')) return [];
  for (const path of [`${record}/licenses/${file}`, `${record}/${file}`]) {
    const entry = view.resolve(path);
    const bytes = entry === undefined ? undefined : view.read(entry.path);
    const value = bytes === undefined ? undefined : classifyLicenseText(decodeText(bytes));
    if (entry !== undefined && value !== undefined) {
      return [{ value, location: { path: `/${entry.path}`, layer: entry.layer } }];
    }
  }
  return [];
}
