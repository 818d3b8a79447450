import { compareCodeUnits } from '../core/index.ts';
import { parseLicense, type LicenseClaim, type ParsedLicense } from '../packages/index.ts';
import { cleanLine } from './clean-text.ts';

/**
 * The licences of one component, each once, sorted. CycloneDX 1.5 and 1.6 hold either a list or one expression: several statements of which some
 * are expressions are all in force, so they are joined by AND; beside a mere name an expression becomes a name too.
 */
export function componentLicenses(claims: readonly LicenseClaim[]): readonly ParsedLicense[] {
  const byText = new Map<string, ParsedLicense>();
  for (const { value } of claims) {
    const license = parseLicense(cleanLine(value, 2000));
    if (license.value !== '') byText.set(`${license.kind} ${license.value}`, license);
  }
  const all = [...byText.keys()].toSorted(compareCodeUnits).map((key) => byText.get(key)!);
  if (all.length < 2 || !all.some(({ kind }) => kind === 'expression')) return all;
  if (all.some(({ kind }) => kind === 'name')) {
    return all.map(({ kind, value }) => (kind === 'expression' ? { kind: 'name', value } : { kind, value }));
  }
  const terms = all.map(({ kind, value }) => (kind === 'expression' && !isWrapped(value) ? `(${value})` : value));
  return [{ kind: 'expression', value: terms.toSorted(compareCodeUnits).join(' AND ') }];
}

/** Whether one pair of parentheses holds the whole expression. */
function isWrapped(expression: string): boolean {
  let depth = 0;
  for (let index = 0; index < expression.length; index += 1) {
    if (expression[index] === '(') depth += 1;
    else if (expression[index] === ')') depth -= 1;
    if (depth === 0) return index === expression.length - 1 && index > 0;
  }
  return false;
}
