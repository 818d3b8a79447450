import type { GoStringVariable } from '../../formats/index.ts';
import type { GoModInfo } from './go-modinfo.ts';

/** The main module's version and why it is believed. */
export interface GoMainVersion {
  readonly version: string;
  readonly confidence: number;
  /** What exactly was seen, for people. */
  readonly seen: string;
  /** true when a published version was built; false when the linker's user, or version control, says so. */
  readonly published: boolean;
}

const SEMVER = /^v?\d+\.\d+(?:\.\d+)?(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
/** Made from a commit that no tag stands on. */
const UNTAGGED = /[-.]\d{14}-[0-9a-f]{12}(?:\+|$)/;
/** The major version that a module's path ends with: `/v2`, or `.v2` at gopkg.in. */
const MAJOR = /(?:\/v([2-9]|[1-9]\d{1,4})|^gopkg\.in\/.*\.v(\d{1,5}))$/;
const MAX_LDFLAGS = 64 * 1024;

/**
 * The main module's version by the best evidence there is: a version in its own line; `-X` of the linker; the initial value of a version
 * variable; the commit that was built. An untagged version that Go itself stamped from the commit stands behind what the linker was told.
 * undefined when nothing speaks.
 */
export function goMainVersion(info: GoModInfo, variables: readonly GoStringVariable[]): GoMainVersion | undefined {
  const stated = info.main?.version ?? '';
  const isStated = SEMVER.test(stated);
  const stamped = isStated && (UNTAGGED.test(stated) || stated.includes('+dirty')) && info.settings.has('vcs.revision');
  if (isStated && !stamped) return { version: stated, confidence: 1, seen: `mod ${stated}`, published: true };
  const flag = versionFromLdflags(info);
  if (flag !== undefined) {
    const seen = `ldflags -X ${flag.name}=${flag.value}`;
    return { version: withV(flag.value), confidence: 0.8, seen, published: false };
  }
  const variable = variables.find(({ value }) => SEMVER.test(value));
  if (variable !== undefined) {
    const seen = `symbol ${variable.name} = ${variable.value}`;
    return { version: withV(variable.value), confidence: 0.7, seen, published: false };
  }
  if (stamped)
    return { version: stated, confidence: 0.6, seen: `mod ${stated}, stamped from version control`, published: false };
  return versionFromCommit(info);
}

/** Module versions always begin with `v`; what people give to the linker often does not. */
function withV(version: string): string {
  return version.startsWith('v') ? version : `v${version}`;
}

/**
 * `-X package.variable=value` where the variable is called version: of package main first, then of the main module's own packages, then of
 * any package by exactly that name. Within one of these, values that contradict each other say nothing.
 */
function versionFromLdflags(info: GoModInfo): GoStringVariable | undefined {
  const flags = info.settings.get('-ldflags');
  if (flags === undefined || flags.length > MAX_LDFLAGS) return undefined;
  const own = info.main?.path;
  const classes: GoStringVariable[][] = [[], [], [], []];
  for (const { name, value } of linkerVariables(flags)) {
    const dot = name.lastIndexOf('.');
    const holder = name.slice(0, Math.max(0, dot));
    const variable = name.slice(dot + 1);
    if (!SEMVER.test(value) || !/(?:version|tag)$/i.test(variable)) continue;
    const exact = /^version$/i.test(variable);
    const found = { name, value };
    if (holder === 'main' || holder === info.packagePath) classes[exact ? 0 : 1]?.push(found);
    else if (own !== undefined && (holder === own || holder.startsWith(`${own}/`))) classes[exact ? 1 : 2]?.push(found);
    else if (exact) classes[3]?.push(found);
  }
  for (const candidates of classes) {
    const [first] = candidates;
    if (first !== undefined && candidates.every(({ value }) => withV(value) === withV(first.value))) return first;
  }
  return undefined;
}

/** The `name=value` pairs of every `-X` in the linker's flags, quoted as the go command allows. */
function linkerVariables(flags: string): readonly GoStringVariable[] {
  const words = splitFlags(flags);
  const variables: GoStringVariable[] = [];
  for (const [index, word] of words.entries()) {
    const joined = /^--?X=(.*)$/s.exec(word)?.[1];
    const text = joined ?? (word === '-X' || word === '--X' ? words[index + 1] : undefined);
    const equals = text?.indexOf('=') ?? -1;
    if (text !== undefined && equals > 0)
      variables.push({ name: text.slice(0, equals), value: text.slice(equals + 1) });
  }
  return variables;
}

function splitFlags(flags: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (const char of flags) {
    if (quote !== undefined) {
      if (char === quote) quote = undefined;
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** The pseudo-version Go would give to the commit. @see https://go.dev/ref/mod#pseudo-versions */
function versionFromCommit(info: GoModInfo): GoMainVersion | undefined {
  const revision = info.settings.get('vcs.revision') ?? '';
  const time = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/.exec(info.settings.get('vcs.time') ?? '');
  if (time === null || !/^[0-9a-f]{12,64}$/.test(revision)) return undefined;
  const dirty = info.settings.get('vcs.modified') === 'true' ? '+dirty' : '';
  const [, major, gopkg] = MAJOR.exec(info.main?.path ?? '') ?? [];
  const version = `v${major ?? gopkg ?? '0'}.0.0-${time.slice(1).join('')}-${revision.slice(0, 12)}${dirty}`;
  return { version, confidence: 0.5, seen: `vcs.revision ${revision}`, published: false };
}
