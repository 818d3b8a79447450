import deprecatedIds from 'spdx-license-ids/deprecated.json' with { type: 'json' };
import licenseIds from 'spdx-license-ids/index.json' with { type: 'json' };
import parseExpression from 'spdx-expression-parse';

/** What a licence statement turns out to be. */
export type ParsedLicense =
  /** One identifier of the SPDX list, spelled as there. */
  | { readonly kind: 'id'; readonly value: string }
  /** A valid SPDX expression, operators in upper case, identifiers spelled as in the list. */
  | { readonly kind: 'expression'; readonly value: string }
  /** Anything else: the text, trimmed, white space collapsed. */
  | { readonly kind: 'name'; readonly value: string };

/** Longer statements are texts, not expressions; the parser's cost grows with the square of the length. */
const MAX_EXPRESSION_CHARS = 1000;
const MAX_NESTING = 32;

const CANONICAL: ReadonlyMap<string, string> = new Map(
  [...deprecatedIds, ...licenseIds].map((id) => [id.toLowerCase(), id]),
);

/** Spellings outside the SPDX list that mean exactly one licence; lower case. What leaves a choice of version or variant is not here. */
const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'Apache-2.0': [
      'apache 2.0',
      'apache 2',
      'apache-2',
      'apache2.0',
      'apache v2',
      'apache v2.0',
      'apache license 2.0',
      'apache license v2.0',
      'apache license version 2.0',
      'apache license, version 2.0',
      'the apache license, version 2.0',
      'the apache software license, version 2.0',
      'apache software license 2.0',
      'asl 2.0',
      'apache software license - version 2.0',
      'apache license, 2.0',
      'apache license version 2',
    ],
    MIT: ['mit license', 'the mit license', 'mit-license', 'expat', 'mit/expat', 'expat license', 'mit/x11'],
    ISC: ['isc license', 'isc licence'],
    'BSD-2-Clause': ['bsd 2-clause', 'bsd 2-clause license', 'bsd-2', 'simplified bsd license'],
    'BSD-3-Clause': [
      'bsd 3-clause',
      'bsd 3-clause license',
      'bsd-3',
      '3-clause bsd license',
      'new bsd license',
      'the bsd 3-clause license',
      'the new bsd license',
      // the same words under another name
      'edl 1.0',
      'eclipse distribution license - v 1.0',
      'eclipse distribution license v. 1.0',
    ],
    'EPL-1.0': eclipse('1.0'),
    'EPL-2.0': eclipse('2.0'),
    'CDDL-1.0': ['cddl 1.0'],
    'CDDL-1.1': ['cddl 1.1'],
    'CPL-1.0': ['common public license version 1.0'],
    'MPL-1.1': ['mpl 1.1', 'mozilla public license version 1.1', 'mozilla public license, version 1.1'],
    'MPL-2.0': [
      'mpl 2.0',
      'mozilla public license 2.0',
      'mozilla public license 2.0 (mpl 2.0)',
      'mozilla public license version 2.0',
      'mozilla public license, version 2.0',
      'mpl-2',
    ],
    'BSL-1.0': ['boost software license 1.0', 'boost-1.0'],
    'CC0-1.0': ['cc0 1.0', 'cc0 1.0 universal'],
    Zlib: ['zlib license'],
    Unlicense: ['the unlicense'],
    'GPL-2.0-only': ['gplv2 only'],
    'GPL-2.0-or-later': ['gplv2+', 'gnu general public license v2 or later (gplv2+)'],
    'GPL-3.0-or-later': ['gplv3+', 'gnu general public license v3 or later (gplv3+)'],
    'LGPL-2.1-or-later': ['lgplv2.1+'],
    'LGPL-3.0-or-later': ['lgplv3+', 'gnu lesser general public license v3 or later (lgplv3+)'],
    'AGPL-3.0-or-later': ['agplv3+', 'gnu affero general public license v3 or later (agplv3+)'],
  }).flatMap(([id, spellings]) => spellings.map((spelling): [string, string] => [spelling, id])),
);

function eclipse(version: string): readonly string[] {
  const between = [' ', ' v', ' v ', ' v. ', ' - v ', ' - version ', ' version ', ', version '];
  return [`epl ${version}`, ...between.map((words) => `eclipse public license${words}${version}`)];
}

/** Debian's and old SPDX spellings of the GNU licences: `GPL-2+`, `LGPL-2.1`, `GPL-3.0-only`. */
const GNU = /^(a?gpl|lgpl|gfdl)-(\d)(?:\.(\d))?(\+|-only|-or-later)?$/;
const SIMPLE_TOKEN = /^[A-Za-z0-9][A-Za-z0-9.+-]*$/;

/**
 * Reads a licence statement: an SPDX identifier or expression in any case, or a spelling that certainly means one (`GPL-2+`, `Apache 2.0`, `Expat`).
 * Whatever leaves doubt stays a name. Hostile input: never throws.
 * @see https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
 */
export function parseLicense(value: string): ParsedLicense {
  const text = value.trim().replaceAll(/\s+/g, ' ');
  const id = licenseId(text);
  if (id !== undefined) return { kind: 'id', value: id };
  return licenseExpression(text) ?? { kind: 'name', value: text };
}

/** The SPDX identifier that a spelling certainly means. */
function licenseId(text: string): string | undefined {
  const lower = text.toLowerCase();
  const gnu = GNU.exec(lower);
  if (gnu !== null) {
    const [, family = '', major = '', minor = '0', suffix = ''] = gnu;
    const later = suffix === '+' || suffix === '-or-later';
    const id = CANONICAL.get(`${family}-${major}.${minor}-${later ? 'or-later' : 'only'}`);
    if (id !== undefined) return id;
  }
  return CANONICAL.get(lower) ?? ALIASES.get(lower);
}

function licenseExpression(text: string): ParsedLicense | undefined {
  if (text.length > MAX_EXPRESSION_CHARS || (text.match(/\(/g)?.length ?? 0) > MAX_NESTING) return undefined;
  const tokens: string[] = [];
  for (const token of text.replaceAll(/[()]/g, ' $& ').trim().split(/ +/)) {
    const operator = token.toUpperCase();
    if (operator === 'AND' || operator === 'OR' || operator === 'WITH') tokens.push(operator);
    else if (token === '(' || token === ')') tokens.push(token);
    // `LicenseRef-` and exceptions keep their spelling
    else if (/^(?:LicenseRef|DocumentRef)-[\w.:-]+$/.test(token)) tokens.push(token);
    else if (SIMPLE_TOKEN.test(token)) tokens.push(licenseId(token) ?? token);
    else return undefined;
  }
  const expression = tokens.join(' ').replaceAll('( ', '(').replaceAll(' )', ')');
  try {
    const node = parseExpression(expression);
    if (
      'license' in node &&
      node.exception === undefined &&
      node.plus === undefined &&
      CANONICAL.has(node.license.toLowerCase())
    ) {
      return { kind: 'id', value: node.license };
    }
    return { kind: 'expression', value: expression };
  } catch {
    return undefined;
  }
}
