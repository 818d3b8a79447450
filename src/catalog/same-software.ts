import type { Package } from '../packages/index.ts';

/** How operating systems call a language's packages: what stands before and after the package's own name. */
const AFFIXES: readonly (readonly [prefix: string, suffix: string])[] = [
  ['python3-', ''],
  ['python2-', ''],
  ['python-', ''],
  ['py3-', ''],
  ['pypy3-', ''],
  ['node-', ''],
  ['nodejs-', ''],
  ['npm-', ''],
  ['ruby-', ''],
  ['rubygem-', ''],
  ['php-', ''],
  ['perl-', ''],
  ['lib', '-perl'],
  ['lib', '-java'],
  ['r-cran-', ''],
  ['r-bioc-', ''],
  ['lua-', ''],
  ['erlang-', ''],
  ['lib', '-ocaml'],
  ['lib', ''],
  ['', ''],
];

/** Catalogers that recognise what lies there, whoever brought it. */
const RECOGNISED: ReadonlySet<string> = new Set(['binary', 'elf-note']);

/** `python3.11-foo` and the like: the interpreter's version in front. */
const VERSIONED_PREFIX = /^(?:python3\.\d{1,2}|ruby\d\.\d|php\d\.\d|lua\d\.\d)-/;

/**
 * Whether an OS package and a finding in its files are the same software under two names, by the naming rules of the distributions. A Java runtime in an
 * OS package's files is that package; a recognised program is, when its version or its name is the package's: large applications bundle others' programs.
 */
export function isSameSoftware(owner: Package, owned: Package): boolean {
  if (owned.foundBy === 'jvm') return true;
  if (RECOGNISED.has(owned.foundBy)) return hasSameVersion(owner, owned) || hasSameName(owner, owned);
  // what is linked into a program, and what is packed into an archive, is not the program
  if (owned.type === 'golang' || owned.type === 'cargo' || owned.partOf !== undefined) return false;
  const wanted = plain(owned.name);
  const names = new Set([owner.name, upstreamName(owner)].flatMap(candidates));
  return names.has(wanted) || names.has(wanted.replace(/-?\d+$/, ''));
}

/** Distributions write a major version behind a program's name: gcc-12, redis7, libpython3.11. */
function hasSameName(owner: Package, owned: Package): boolean {
  const wanted = plain(owned.name);
  return [owner.name, upstreamName(owner)]
    .flatMap(candidates)
    .some((name) => name === wanted || name.replace(/[-\d]+$/, '') === wanted);
}

/** Whether the OS package's version is the finding's: the part before packaging revisions begins with it. */
export function hasSameVersion(owner: Package, owned: Package): boolean {
  if (owner.version === undefined || owned.version === undefined) return false;
  const upstream = owner.version.replace(/^\d+:/, '');
  if (!upstream.startsWith(owned.version)) return false;
  return !/^\.?\d/.test(upstream.slice(owned.version.length));
}

function upstreamName(owner: Package): string {
  return (owner.qualifiers?.['upstream'] ?? owner.name).replace(/@.*$/, '');
}

function candidates(name: string): readonly string[] {
  const found: string[] = [];
  const lower = name.toLowerCase();
  for (const text of [lower, lower.replace(VERSIONED_PREFIX, '')]) {
    for (const [prefix, suffix] of AFFIXES) {
      if (text.length > prefix.length + suffix.length && text.startsWith(prefix) && text.endsWith(suffix))
        found.push(plain(text.slice(prefix.length, text.length - suffix.length)));
    }
  }
  return found;
}

/** One spelling for names that differ in case and separators only; npm scopes as Debian spells them. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/^@/, '')
    .replaceAll(/[-_.:/]+/g, '-');
}
