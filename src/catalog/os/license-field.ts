import { parseLicense, type LicenseClaim } from '../../packages/index.ts';

const MAX_CHARS = 1024;

/**
 * One valid expression, or the old habit of several names divided by spaces; with operators that do not parse, the text as it is. Yocto's operators, `&` and
 * `|`, are those of SPDX where all parts are known.
 */
export function licenseClaims(field: string | undefined): readonly LicenseClaim[] {
  const text = licenseText(field);
  if (text === undefined) return [];
  if (parseLicense(text).kind !== 'name' || /(?:^|[\s(])(?:AND|OR|WITH)(?:[\s)]|$)|[()&|]/i.test(text)) {
    return [{ value: text }];
  }
  return [...new Set(text.split(/\s+/))].toSorted().map((value) => ({ value }));
}

/** The field as one statement, trimmed and cut, Yocto's operators replaced by those of SPDX where that makes an expression; undefined when empty. */
export function licenseText(field: string | undefined): string | undefined {
  const text = field?.trim().slice(0, MAX_CHARS) ?? '';
  if (text === '') return undefined;
  if (!/[&|]/.test(text)) return text;
  const expression = text.replaceAll(/\s*&\s*/g, ' AND ').replaceAll(/\s*\|\s*/g, ' OR ');
  return parseLicense(expression).kind === 'name' ? text : expression;
}
