import { parseLicense, type LicenseClaim } from '../../packages/index.ts';

/**
 * Gentoo's names that mean one SPDX expression beyond those that `parseLicense` knows. Where Gentoo calls several licences the same
 * (Artistic, BZIP2, OFL, OPENLDAP), none is here.
 * @see https://gitweb.gentoo.org/repo/gentoo.git/tree/metadata/license-mapping.conf
 */
const LICENSES: ReadonlyMap<string, string> = new Map([
  ['APSL-2', 'APSL-2.0'],
  ['Apache-2.0-with-LLVM-exceptions', 'Apache-2.0 WITH LLVM-exception'],
  ['Artistic-2', 'Artistic-2.0'],
  ['BEER-WARE', 'Beerware'],
  ['BSD', 'BSD-3-Clause'],
  ['BSD-1', 'BSD-1-Clause'],
  ['BSD-4', 'BSD-4-Clause'],
  ['CC-PD', 'CC-PDDC'],
  ['CDDL', 'CDDL-1.0'],
  ['CPOL', 'CPOL-1.02'],
  ['CeCILL-2', 'CECILL-2.0'],
  ['FDL-1.1', 'GFDL-1.1-only'],
  ['FDL-1.1+', 'GFDL-1.1-or-later'],
  ['FDL-1.2', 'GFDL-1.2-only'],
  ['FDL-1.2+', 'GFDL-1.2-or-later'],
  ['FDL-1.3', 'GFDL-1.3-only'],
  ['FDL-1.3+', 'GFDL-1.3-or-later'],
  ['GPL-2-with-classpath-exception', 'GPL-2.0-only WITH Classpath-exception-2.0'],
  ['GPL-2-with-font-exception', 'GPL-2.0-only WITH Font-exception-2.0'],
  ['IBM', 'IPL-1.0'],
  ['IPAfont', 'IPA'],
  ['MIT-with-advertising', 'MIT-advertising'],
  ['PHP-3', 'PHP-3.0'],
  ['PSF-2', 'PSF-2.0'],
  ['PYTHON', 'Python-2.0'],
  ['SSPL-1', 'SSPL-1.0'],
  ['WTFPL-2', 'WTFPL'],
  ['ZPL', 'ZPL-2.1'],
  ['libpng2', 'libpng-2.0'],
  ['tcltk', 'TCL'],
  ['tcp_wrappers_license', 'TCP-wrappers'],
]);

const MAX_CHARS = 1024;
const MAX_NESTING = 16;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9+_.-]*$/;

/**
 * Licences of an installed Gentoo package, sorted, each once; all of them are in force. Names with one SPDX expression become it, where
 * `parseLicense` does not know them itself. Groups and alternatives (`|| ( A B )`) become expressions when all names in the field have one;
 * else the field stays one text, since each name alone would say something else. Hostile input: never throws, the first 1024 characters count.
 * @see https://projects.gentoo.org/pms/8/pms.html#dependency-specification-format
 */
export function portageLicenses(field: string | undefined): readonly LicenseClaim[] {
  const whole = field?.replaceAll(/\s+/g, ' ').trim() ?? '';
  // half a name would be another one: `GPL-2` of `GPL-2+`
  const text = whole.length > MAX_CHARS ? whole.slice(0, Math.max(0, whole.lastIndexOf(' ', MAX_CHARS))) : whole;
  if (text === '') return [];
  const tokens = text.split(' ');
  const values = /[()|?]/.test(text) ? expressionsOf(tokens) : tokens.map((name) => LICENSES.get(name) ?? name);
  return [...new Set(values ?? [text])].toSorted().map((value) => ({ value }));
}

/** One for each part of the field; undefined when a name is not known, or a group has no end. */
function expressionsOf(tokens: readonly string[]): readonly string[] | undefined {
  const groups: { readonly isAny: boolean; readonly parts: string[] }[] = [{ isAny: false, parts: [] }];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    const isAny = token === '||';
    if (isAny) at += 1;
    if (isAny || token === '(') {
      if (tokens[at] !== '(' || groups.length > MAX_NESTING) return undefined;
      groups.push({ isAny, parts: [] });
      continue;
    }
    const part = token === ')' ? joined(groups.pop()) : spdxOf(token);
    const around = groups.at(-1);
    if (part === undefined || around === undefined) return undefined;
    around.parts.push(part);
  }
  const [top] = groups;
  // longer ones are no expressions to whoever reads them
  const isWhole = groups.length === 1 && top?.parts.every((part) => parseLicense(part).kind !== 'name') === true;
  return isWhole ? top.parts.map((part) => withoutBrackets(part)) : undefined;
}

function joined(group: { readonly isAny: boolean; readonly parts: readonly string[] } | undefined): string | undefined {
  const parts = [...new Set(group?.parts)].toSorted();
  if (parts.length < 2) return parts[0];
  return `(${parts.join(group?.isAny === true ? ' OR ' : ' AND ')})`;
}

/** Only groups have any, around them. */
function withoutBrackets(part: string): string {
  return part.startsWith('(') ? part.slice(1, -1) : part;
}

function spdxOf(name: string): string | undefined {
  if (!NAME.test(name)) return undefined;
  const { kind, value } = parseLicense(LICENSES.get(name) ?? name);
  return kind === 'name' ? undefined : value;
}
