import type { CapturePlan, CaptureRule, DigestRule } from './capture-rule.ts';
import { DigestGate } from './digest-gate.ts';

const NOTHING: readonly number[] = [];
/** Prefixes are looked up by their beginning: there are hundreds, and nearly no file has one of them. */
const PREFIX_KEY = 4;

/** Answers, for each path that streams by, what a plan wants of it. Look-ups by last segment: the number of rules hardly matters. */
export class CaptureMatcher {
  /** Ids of the plan's rules, in order, and of the one that keeps the targets of hard links. */
  readonly ruleIds: readonly string[];
  /** Index of that last one. */
  readonly linkSourceRule: number;
  /** Rules that look into executables. */
  readonly executableRules: readonly number[];
  readonly #rules: readonly CaptureRule[];
  readonly #byName = new Map<string, number[]>();
  readonly #byPathSuffix = new Map<string, { rule: number; suffix: string }[]>();
  readonly #byDirectory = new Map<string, { rule: number; suffix: string }[]>();
  readonly #suffixes: { rule: number; suffix: string }[] = [];
  readonly #prefixes = new Map<string, { rule: number; prefix: string }[]>();
  readonly #shortPrefixes: { rule: number; prefix: string }[] = [];
  readonly #digestRules: readonly DigestRule[];

  constructor(plan: CapturePlan) {
    this.#rules = plan.captures;
    this.linkSourceRule = plan.captures.length;
    this.ruleIds = [...plan.captures.map((rule) => rule.id), 'hard-link-source'];
    this.executableRules = plan.captures.flatMap((rule, index) => (rule.executables ? [index] : []));
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
    for (const name of rule.names ?? []) add(this.#byName, name, index);
    for (const suffix of rule.suffixes ?? []) this.#suffixes.push({ rule: index, suffix });
    for (const prefix of rule.prefixes ?? []) {
      if (prefix.length < PREFIX_KEY) this.#shortPrefixes.push({ rule: index, prefix });
      else add(this.#prefixes, prefix.slice(0, PREFIX_KEY), { rule: index, prefix });
    }
    for (const suffix of rule.pathSuffixes ?? []) add(this.#byPathSuffix, lastSegment(suffix), { rule: index, suffix });
    for (const suffix of rule.directories ?? []) add(this.#byDirectory, lastSegment(suffix), { rule: index, suffix });
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
    const named = this.#byName.get(name);
    if (named) found.push(...named);
    for (const { rule, suffix } of this.#byPathSuffix.get(name) ?? []) {
      if (endsWithSegments(path, path.length, suffix)) found.push(rule);
    }
    for (const { rule, suffix } of this.#suffixes) {
      if (name.endsWith(suffix) && !this.#isExcepted(rule, name)) found.push(rule);
    }
    for (const prefixes of [this.#shortPrefixes, this.#prefixes.get(name.slice(0, PREFIX_KEY)) ?? []]) {
      for (const { rule, prefix } of prefixes) if (name.startsWith(prefix)) found.push(rule);
    }
    if (slash > 0 && this.#byDirectory.size > 0) {
      const parent = path.slice(path.lastIndexOf('/', slash - 1) + 1, slash);
      for (const { rule, suffix } of this.#byDirectory.get(parent) ?? []) {
        if (endsWithSegments(path, slash, suffix) && !this.#isExcepted(rule, name)) found.push(rule);
      }
    }
    if (found.length === 0) return NOTHING;
    return found.length === 1 ? found : [...new Set(found)].toSorted((a, b) => a - b);
  }

  #isExcepted(rule: number, name: string): boolean {
    return this.#rules[rule]?.exceptSuffixes?.some((suffix) => name.endsWith(suffix)) ?? false;
  }
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
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
