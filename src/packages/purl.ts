import { compareCodeUnits } from '../core/index.ts';
import type { Package, PackageType } from './package.ts';

/** Types whose namespace and name the purl specification writes in lower case. */
const LOWER_CASE: ReadonlySet<PackageType> = new Set(['deb', 'apk', 'alpm', 'bitnami', 'golang', 'pypi', 'composer']);

/** Types that are meaningless without a namespace: which distribution, which group. */
const NEEDS_NAMESPACE: ReadonlySet<PackageType> = new Set(['deb', 'apk', 'rpm', 'alpm', 'ebuild', 'maven', 'composer']);

const QUALIFIER_KEY = /^[a-z][a-z0-9._-]*$/;

/**
 * The package URL, encoded as the purl specification says: `:` and the unreserved characters stay, all else (`+` too) is percent-encoded.
 * @returns undefined when the parts are not known for certain (`purlKnown: false`, no distribution) or there is no name
 * @see https://github.com/package-url/purl-spec/blob/main/docs/how-to-build.md
 */
export function packagePurl(pkg: Package): string | undefined {
  if (pkg.purlKnown === false || pkg.name === '') return undefined;
  if (NEEDS_NAMESPACE.has(pkg.type) && (pkg.namespace ?? '') === '') return undefined;
  // https://packaging.python.org/en/latest/specifications/name-normalization/
  const named = pkg.type === 'pypi' ? { ...pkg, name: pkg.name.replace(/[-_.]+/g, '-') } : pkg;
  return `pkg:${identity(named, LOWER_CASE.has(pkg.type))}`;
}

/**
 * Names what makes two findings the same package: type, namespace, name, version and qualifiers, in the spelling of a purl without `pkg:`.
 * Unlike the purl it always exists.
 */
export function packageKey(pkg: Pick<Package, 'type' | 'namespace' | 'name' | 'version' | 'qualifiers'>): string {
  return identity(pkg, false);
}

/** Orders packages by type, namespace, name, version, then the rest of their identity. */
export function comparePackages(a: Package, b: Package): number {
  return (
    compareCodeUnits(a.type, b.type) ||
    compareCodeUnits(a.namespace ?? '', b.namespace ?? '') ||
    compareCodeUnits(a.name, b.name) ||
    compareCodeUnits(a.version ?? '', b.version ?? '') ||
    compareCodeUnits(packageKey(a), packageKey(b)) ||
    compareCodeUnits(a.id, b.id)
  );
}

function identity(
  pkg: Pick<Package, 'type' | 'namespace' | 'name' | 'version' | 'qualifiers'>,
  lowerCase: boolean,
): string {
  const cased = (text: string): string => (lowerCase ? text.toLowerCase() : text);
  let result: string = pkg.type;
  for (const segment of (pkg.namespace ?? '').split('/')) if (segment !== '') result += `/${encode(cased(segment))}`;
  result += `/${encode(cased(pkg.name))}`;
  if (pkg.version !== undefined && pkg.version !== '') result += `@${encode(pkg.version)}`;
  return result + encodeQualifiers(pkg.qualifiers ?? {});
}

function encodeQualifiers(qualifiers: Readonly<Record<string, string>>): string {
  const pairs: string[] = [];
  for (const key of Object.keys(qualifiers).toSorted(compareCodeUnits)) {
    const value = qualifiers[key];
    if (value !== undefined && value !== '' && QUALIFIER_KEY.test(key)) pairs.push(`${key}=${encode(value)}`);
  }
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Nothing to encode: the common case, kept fast. */
const PLAIN = /^[A-Za-z0-9._~:-]*$/;

function encode(text: string): string {
  if (PLAIN.test(text)) return text;
  // lone surrogates cannot be encoded and come only from hostile input
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%3A', ':')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
