import { DIGEST_ALGORITHMS, type DigestAlgorithm, type DigestRule } from './capture-rule.ts';

const NONE: readonly DigestAlgorithm[] = [];

/** What holds of the paths directly in one folder: of all, of none, or of each something else. */
type Reach = 'all' | 'none' | 'each';

/** Says which digests of which files a plan's rules want, within one layer. Entries are told in the order of its archive, in which most lie beside the one before. */
export class DigestGate {
  readonly #rules: readonly GateRule[];
  readonly #signs: readonly string[];
  /** Lists of algorithms by the bits of those wanted. */
  readonly #lists: readonly (readonly DigestAlgorithm[])[] = Array.from(
    { length: 2 ** DIGEST_ALGORITHMS.length },
    (_, bits) => DIGEST_ALGORITHMS.filter((__, index) => (bits >> index) % 2 === 1),
  );
  /** The folder of the entry before, with a slash, and what is known of what lies in it. */
  #prefix = '\0';
  #maySign = false;
  #wanting: readonly GateRule[] = [];
  #asking: readonly GateRule[] = [];

  constructor(rules: readonly DigestRule[]) {
    this.#rules = rules.map((rule) => new GateRule(rule));
    this.#signs = [...new Set(rules.flatMap(({ unless = [] }) => unless))];
  }

  /** Every entry, of whatever type, before `wanted` is asked about it. */
  see(path: string): void {
    if (this.#rules.length === 0) return;
    this.#enter(path);
    if (this.#maySign) for (const rule of this.#rules) rule.see(path);
  }

  /** Digests that the regular file at this path needs. */
  wanted(path: string, sizeBytes: number): readonly DigestAlgorithm[] {
    if (this.#rules.length === 0) return NONE;
    this.#enter(path);
    let bits = 0;
    for (const rule of this.#wanting) if (rule.wants(sizeBytes)) bits |= rule.bit;
    for (const rule of this.#asking) if (rule.matches(path) && rule.wants(sizeBytes)) bits |= rule.bit;
    return this.#lists[bits] ?? NONE;
  }

  #enter(path: string): void {
    const length = path.lastIndexOf('/') + 1;
    if (length === this.#prefix.length && path.startsWith(this.#prefix)) return;
    const prefix = path.slice(0, length);
    this.#prefix = prefix;
    this.#maySign = reachOf(prefix, this.#signs) !== 'none';
    const wanting: GateRule[] = [];
    const asking: GateRule[] = [];
    for (const rule of this.#rules) {
      const reach = rule.reach(prefix);
      if (reach === 'all') wanting.push(rule);
      else if (reach === 'each') asking.push(rule);
    }
    this.#wanting = wanting;
    this.#asking = asking;
  }
}

/** One rule and what this layer showed so far. */
class GateRule {
  readonly bit: number;
  readonly #paths: readonly string[];
  readonly #except: readonly string[];
  /** `site-packages/` at the start of a path, `/site-packages/` inside. */
  readonly #below: readonly { readonly start: string; readonly inside: string }[];
  readonly #unless: readonly string[];
  #state: 'undecided' | 'wanted' | 'spared';

  constructor(rule: DigestRule) {
    this.bit = 1 << DIGEST_ALGORITHMS.indexOf(rule.algorithm);
    this.#paths = rule.paths === 'all' ? [''] : rule.paths;
    this.#except = rule.except ?? [];
    this.#below = (rule.below ?? []).map((name) => ({ start: `${name}/`, inside: `/${name}/` }));
    this.#unless = rule.unless ?? [];
    this.#state = this.#unless.length === 0 ? 'wanted' : 'undecided';
  }

  see(path: string): void {
    if (this.#state !== 'undecided') return;
    const isSign = startsWithAny(path, this.#unless) || this.#unless.includes(`${path}/`);
    if (isSign) this.#state = 'spared';
  }

  /** Whether a file that matches is to have a digest. */
  wants(sizeBytes: number): boolean {
    if (this.#state === 'spared') return false;
    // what is empty says nothing about a layer
    if (sizeBytes > 0) this.#state = 'wanted';
    return true;
  }

  matches(path: string): boolean {
    if (startsWithAny(path, this.#paths) && !startsWithAny(path, this.#except)) return true;
    return this.#isBelow(path);
  }

  /** Whether paths that are this prefix and a name match. */
  reach(prefix: string): Reach {
    if (this.#isBelow(prefix)) return 'all';
    const paths = reachOf(prefix, this.#paths);
    const except = reachOf(prefix, this.#except);
    if (paths === 'none' || except === 'all') return 'none';
    return paths === 'all' && except === 'none' ? 'all' : 'each';
  }

  #isBelow(path: string): boolean {
    return this.#below.some(({ start, inside }) => path.startsWith(start) || path.includes(inside));
  }
}

/** Whether paths that are this prefix and a name begin with any of the starts. */
function reachOf(prefix: string, starts: readonly string[]): Reach {
  if (startsWithAny(prefix, starts)) return 'all';
  return starts.some((start) => start.startsWith(prefix)) ? 'each' : 'none';
}

function startsWithAny(path: string, starts: readonly string[]): boolean {
  for (const start of starts) if (path.startsWith(start)) return true;
  return false;
}
