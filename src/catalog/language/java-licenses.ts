import type { JavaArchive, JavaPom } from '../../formats/index.ts';
import type { LicenseClaim } from '../../packages/index.ts';

/** Addresses that stand for one licence, without scheme, `www.` and extension; lower case. */
const BY_ADDRESS: ReadonlyMap<string, string> = new Map([
  ['apache.org/licenses/license-2.0', 'Apache-2.0'],
  ['opensource.org/licenses/apache-2.0', 'Apache-2.0'],
  ['opensource.org/licenses/apache2.0', 'Apache-2.0'],
  ['opensource.org/licenses/mit', 'MIT'],
  ['opensource.org/licenses/mit-license', 'MIT'],
  ['opensource.org/licenses/bsd-2-clause', 'BSD-2-Clause'],
  ['opensource.org/licenses/bsd-3-clause', 'BSD-3-Clause'],
  ['opensource.org/licenses/isc', 'ISC'],
  ['eclipse.org/legal/epl-v10', 'EPL-1.0'],
  ['eclipse.org/legal/epl-v20', 'EPL-2.0'],
  ['eclipse.org/legal/epl-2.0', 'EPL-2.0'],
  ['eclipse.org/org/documents/edl-v10', 'BSD-3-Clause'],
  ['eclipse.org/org/documents/epl-v10', 'EPL-1.0'],
  ['mozilla.org/mpl/2.0', 'MPL-2.0'],
  ['mozilla.org/en-us/mpl/2.0', 'MPL-2.0'],
  ['creativecommons.org/publicdomain/zero/1.0', 'CC0-1.0'],
  ['unlicense.org', 'Unlicense'],
  ['bouncycastle.org/licence', 'MIT'],
]);

/** First lines of licence texts that mean one licence. Those of the GNU licences leave open whether later versions are allowed. */
const TITLES: readonly (readonly [RegExp, string])[] = [
  [/^Apache License,? Version 2\.0\b/i, 'Apache-2.0'],
  [/^Eclipse Public License -? ?v ?1\.0\b/i, 'EPL-1.0'],
  [/^Eclipse Public License -? ?v ?2\.0\b/i, 'EPL-2.0'],
  [/^Mozilla Public License,? (?:Version )?2\.0\b/i, 'MPL-2.0'],
  [/^(?:The )?MIT License\b/i, 'MIT'],
  [/^BSD 2-Clause License\b/i, 'BSD-2-Clause'],
  [/^BSD 3-Clause License\b/i, 'BSD-3-Clause'],
];

/** Licences of an archive: its POM's, else the manifest's, else the one whose text lies in it, when nobody else's software does. */
export function javaLicenses(
  archive: JavaArchive,
  pom: JavaPom | undefined,
  isSingleOwner: boolean,
): readonly LicenseClaim[] {
  if (pom !== undefined && pom.licenses.length > 0) return claims(pom.licenses);
  const { manifest = {}, licenseTitle } = archive;
  const stated = manifest['bundle-license'] ?? manifest['plugin-license-name'];
  if (stated !== undefined) {
    const listed = claims(bundleLicenses(stated));
    if (listed.length > 0) return listed;
  }
  const titled = isSingleOwner ? TITLES.find(([title]) => title.test(licenseTitle ?? '')) : undefined;
  return titled === undefined ? [] : [{ value: titled[1] }];
}

/** Licences of a part of an archive: only what its own POM says. */
export function pomLicenses(pom: JavaPom | undefined): readonly LicenseClaim[] {
  return claims(pom?.licenses ?? []);
}

function claims(values: readonly string[]): readonly LicenseClaim[] {
  const known = values.map((value) => byAddress(value) ?? value.trim()).filter((value) => value !== '');
  return [...new Set(known)].map((value) => ({ value }));
}

function byAddress(text: string): string | undefined {
  const address = text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\/(?:www\.)?/, '')
    .replace(/(?:\.html?|\.txt|\.php|\/)$/, '');
  return BY_ADDRESS.get(address);
}

/**
 * `"Apache-2.0";link="https://…";description="…, …", MIT`: names or addresses divided by commas outside of quotes, each with attributes.
 * @see https://docs.osgi.org/specification/osgi.core/8.0.0/framework.module.html#framework.module-bundle-license
 */
function bundleLicenses(text: string): readonly string[] {
  const values: string[] = [];
  let value = '';
  let isQuoted = false;
  let isAttribute = false;
  const add = (): void => {
    if (value.trim() !== '' && value.trim() !== '<<EXTERNAL>>') values.push(value.trim());
    value = '';
    isAttribute = false;
  };
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    else if (char === ',' && !isQuoted) add();
    else if (char === ';' && !isQuoted) isAttribute = true;
    else if (!isAttribute) value += char;
  }
  add();
  // "Apache License, Version 2.0" is one name, whatever the rule says
  const isProse = values.length > 1 && values.some((item) => /^version\b/i.test(item));
  return isProse ? [text.trim()] : values.slice(0, 16);
}
