/** R's names of licences (R-exts, "Licensing") that mean one SPDX expression. */
const LICENSES: ReadonlyMap<string, string> = new Map([
  ['GPL-2', 'GPL-2.0-only'],
  ['GPL-3', 'GPL-3.0-only'],
  ['LGPL-2', 'LGPL-2.0-only'],
  ['LGPL-2.1', 'LGPL-2.1-only'],
  ['LGPL-3', 'LGPL-3.0-only'],
  ['AGPL-3', 'AGPL-3.0-only'],
  ['GPL (>= 2)', 'GPL-2.0-or-later'],
  ['GPL (>= 2.0)', 'GPL-2.0-or-later'],
  ['GPL (>= 3)', 'GPL-3.0-or-later'],
  ['GPL (>= 3.0)', 'GPL-3.0-or-later'],
  ['LGPL (>= 2)', 'LGPL-2.0-or-later'],
  ['LGPL (>= 2.1)', 'LGPL-2.1-or-later'],
  ['LGPL (>= 3)', 'LGPL-3.0-or-later'],
  ['AGPL (>= 3)', 'AGPL-3.0-or-later'],
  ['Apache License 2.0', 'Apache-2.0'],
  ['Apache License (== 2.0)', 'Apache-2.0'],
  ['Apache License (>= 2)', 'Apache-2.0'],
  ['Apache License (>= 2.0)', 'Apache-2.0'],
  ['Artistic-2.0', 'Artistic-2.0'],
  ['BSD_2_clause', 'BSD-2-Clause'],
  ['BSD_3_clause', 'BSD-3-Clause'],
  ['MIT', 'MIT'],
  ['BSL-1.0', 'BSL-1.0'],
  ['CC0', 'CC0-1.0'],
  ['CC BY 4.0', 'CC-BY-4.0'],
  ['CC BY-SA 4.0', 'CC-BY-SA-4.0'],
  ['MPL-2.0', 'MPL-2.0'],
  ['Mozilla Public License 2.0', 'MPL-2.0'],
  ['EUPL-1.2', 'EUPL-1.2'],
]);

/**
 * R's way of stating a licence as an SPDX expression: alternatives stand between `|`, and `+ file LICENSE` holds the names that the licence leaves open.
 * The text as it is where a part of it has no such name.
 * @see https://cran.r-project.org/doc/manuals/r-release/R-exts.html#Licensing
 */
export function rLicense(text: string): string {
  const parts = text.split('|').map((part) => {
    // white space before the plus is no part of the pattern: a long row of it would be gone over from each of its spaces
    const name = part
      .trim()
      .replace(/\+\s*file\s+LICEN[CS]E$/, '')
      .trimEnd();
    // what a file adds to a GNU licence may change it
    const isOpen = name !== part.trim() && !/^(?:MIT|BSD_[23]_clause)$/.test(name);
    return isOpen ? undefined : LICENSES.get(withUsualSpaces(name));
  });
  return parts.every((part) => part !== undefined) ? parts.join(' OR ') : text;
}

/** R lets white space be left out: `GPL (>=2)`, `GPL(>= 2)`. */
function withUsualSpaces(name: string): string {
  return name
    .replaceAll(/\s+/g, ' ')
    .replace(/ ?\( ?(>=|==) ?/, ' ($1 ')
    .replace(/ \)$/, ')');
}
