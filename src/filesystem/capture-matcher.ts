import type { CapturePlan, CaptureRule, DigestRule } from './capture-rule.ts';
import { DigestGate } from './digest-gate.ts';
import { KeyMarks } from './key-marks.ts';

const NOTHING: readonly number[] = [];
/** Not the last part of a version: `ktlint-1.5.0` has none. Of so many letters as no word has that ends a name by chance. */
const EXTENSION = /\.[A-Za-z][A-Za-z0-9]{0,9}$/;
/** Prefixes are looked up by their beginning: there are hundreds, and nearly no file has one of them. */
const PREFIX_KEY = 4;

interface SuffixRule {
  readonly rule: number;
  readonly suffix: string;
}

interface PrefixRule {
  readonly rule: number;
  readonly prefix: string;
}

/**
 * Answers, for each path that streams by, what a plan wants of it. Look-ups by last segment: the number of rules hardly matters. A map is only asked about
 * what numbers say may be in it: looking up a new string costs more than all else here.
 */
export class CaptureMatcher {
  /** Ids of the plan's rules, in order, and of the one that keeps the targets of hard links. */
  readonly ruleIds: readonly string[];
  /** Index of that last one. */
  readonly linkSourceRule: number;
  /** Rules that look into executables. */
  readonly executableRules: readonly number[];
  /** Rules that look into ZIP archives whose names do not tell. */
  readonly #zipRules: readonly number[];
  readonly #rules: readonly CaptureRule[];
  readonly #byName = new Map<string, number[]>();
  readonly #byPathSuffix = new Map<string, SuffixRule[]>();
  /** Of the names of those two. */
  readonly #nameMarks = new KeyMarks(1 << 14);
  readonly #byDirectory = new Map<string, SuffixRule[]>();
  /** By the code of their last character. */
  readonly #suffixes = new Map<number, SuffixRule[]>();
  /** By the number of their beginning. */
  readonly #prefixes = new Map<number, PrefixRule[]>();
  readonly #shortPrefixes: PrefixRule[] = [];
  /** The folder of the path before, and the rules that want everything in it: most files lie beside each other. */
  #folder = '';
  #ofFolder: readonly number[] = NOTHING;
  readonly #digestRules: readonly DigestRule[];

  constructor(plan: CapturePlan) {
    this.#rules = plan.captures;
    this.linkSourceRule = plan.captures.length;
    this.ruleIds = [...plan.captures.map((rule) => rule.id), 'hard-link-source'];
    this.executableRules = plan.captures.flatMap((rule, index) => (rule.executables ? [index] : []));
    this.#zipRules = plan.captures.flatMap((rule, index) => (rule.unnamedZips ? [index] : []));
    plan.captures.forEach((rule, index) => this.#compile(rule, index));
    this.#digestRules = plan.digests;
  }

  /** The rule at an index of the plan. */
  rule(index: number): CaptureRule {
    return this.#rules[index] as CaptureRule;
  }

  /** Whether only what an extractor makes of the file is kept. */
  extracts(index: number): boolean {
    return this.#rules[index]?.extract !== undefined;
  }

  #compile(rule: CaptureRule, index: number): void {
    for (const name of rule.names ?? []) {
      add(this.#byName, name, index);
      this.#nameMarks.add(name);
    }
    for (const suffix of rule.suffixes ?? []) add(this.#suffixes, lastCode(suffix), { rule: index, suffix });
    for (const prefix of rule.prefixes ?? []) {
      if (prefix.length < PREFIX_KEY) this.#shortPrefixes.push({ rule: index, prefix });
      else add(this.#prefixes, beginningOf(prefix), { rule: index, prefix });
    }
    for (const suffix of rule.pathSuffixes ?? []) {
      add(this.#byPathSuffix, lastSegment(suffix), { rule: index, suffix });
      this.#nameMarks.add(lastSegment(suffix));
    }
    for (const suffix of rule.directories ?? []) add(this.#byDirectory, lastSegment(suffix), { rule: index, suffix });
  }

  /** Indices of the rules that match the file at a path if it is a ZIP archive. */
  zipRules(path: string): readonly number[] {
    return this.#zipRules.length === 0 || EXTENSION.test(path) ? NOTHING : this.#zipRules;
  }

  /** Says which files of one layer need digests; each layer needs one of its own. */
  digestGate(): DigestGate {
    return new DigestGate(this.#digestRules);
  }

  /** Indices of the rules that match a path, ascending, each once. */
  matchingRules(path: string): readonly number[] {
    const slash = path.lastIndexOf('/');
    const name = slash < 0 ? path : path.slice(slash + 1);
    const found: number[] = [];
    if (this.#nameMarks.mayHave(name)) this.#findNamed(path, name, found);
    for (const { rule, suffix } of this.#suffixes.get(lastCode(name)) ?? NO_SUFFIXES) {
      if (name.endsWith(suffix) && !this.#isExcepted(rule, name)) found.push(rule);
    }
    for (const { rule, prefix } of this.#shortPrefixes) if (name.startsWith(prefix)) found.push(rule);
    if (name.length >= PREFIX_KEY) {
      for (const { rule, prefix } of this.#prefixes.get(beginningOf(name)) ?? NO_PREFIXES) {
        if (name.startsWith(prefix)) found.push(rule);
      }
    }
    if (slash > 0 && this.#byDirectory.size > 0) {
      for (const rule of this.#rulesOfFolder(path, slash)) if (!this.#isExcepted(rule, name)) found.push(rule);
    }
    if (found.length === 0) return NOTHING;
    return found.length === 1 ? found : [...new Set(found)].toSorted((a, b) => a - b);
  }

  #findNamed(path: string, name: string, found: number[]): void {
    const named = this.#byName.get(name);
    if (named) found.push(...named);
    for (const { rule, suffix } of this.#byPathSuffix.get(name) ?? NO_SUFFIXES) {
      if (endsWithSegments(path, path.length, suffix)) found.push(rule);
    }
  }

  /** Rules for everything in the folder that ends at a slash of the path. */
  #rulesOfFolder(path: string, slash: number): readonly number[] {
    if (slash === this.#folder.length && path.startsWith(this.#folder)) return this.#ofFolder;
    this.#folder = path.slice(0, slash);
    const parent = path.slice(path.lastIndexOf('/', slash - 1) + 1, slash);
    const matching = this.#byDirectory.get(parent)?.filter(({ suffix }) => endsWithSegments(path, slash, suffix));
    this.#ofFolder = matching === undefined ? NOTHING : matching.map(({ rule }) => rule);
    return this.#ofFolder;
  }

  #isExcepted(rule: number, name: string): boolean {
    return this.#rules[rule]?.exceptSuffixes?.some((suffix) => name.endsWith(suffix)) ?? false;
  }
}

const NO_SUFFIXES: readonly SuffixRule[] = [];
const NO_PREFIXES: readonly PrefixRule[] = [];

function lastCode(name: string): number {
  return name.charCodeAt(name.length - 1);
}

/** Of at least four characters. */
function beginningOf(name: string): number {
  const [a, b, c, d] = [name.charCodeAt(0), name.charCodeAt(1), name.charCodeAt(2), name.charCodeAt(3)];
  return (a << 21) ^ (b << 14) ^ (c << 7) ^ d;
}

function add<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Whether the first `end` characters of a path end in whole segments that spell `suffix`, in which `*` is any one segment. */
function endsWithSegments(path: string, end: number, suffix: string): boolean {
  if (suffix.includes('*')) return endsWithPattern(path.slice(0, end).split('/'), suffix.split('/'));
  const start = end - suffix.length;
  if (start < 0 || (start > 0 && path.charCodeAt(start - 1) !== 0x2f)) return false;
  return path.startsWith(suffix, start);
}

function endsWithPattern(segments: readonly string[], pattern: readonly string[]): boolean {
  const offset = segments.length - pattern.length;
  return offset >= 0 && pattern.every((part, index) => part === '*' || part === segments[offset + index]);
}
