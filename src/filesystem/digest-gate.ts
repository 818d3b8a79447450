import type { DigestAlgorithm, DigestRule } from './capture-rule.ts';

const ALGORITHMS: readonly DigestAlgorithm[] = ['sha256', 'sha1', 'md5'];
const NONE: readonly DigestAlgorithm[] = [];

/** Says which digests of which files a plan's rules want, within one layer. Entries are told in the order of its archive. */
export class DigestGate {
  readonly #rules: readonly GateRule[];
  /** Lists of algorithms by the bits of those wanted. */
  readonly #lists: readonly (readonly DigestAlgorithm[])[] = Array.from({ length: 2 ** ALGORITHMS.length }, (_, bits) =>
    ALGORITHMS.filter((__, index) => (bits >> index) % 2 === 1),
  );

  constructor(rules: readonly DigestRule[]) {
    this.#rules = rules.map((rule) => new GateRule(rule));
  }

  /** Every entry, of whatever type, before `wanted` is asked about it. */
  see(path: string): void {
    for (const rule of this.#rules) rule.see(path);
  }

  /** Digests that the regular file at this path needs. */
  wanted(path: string, sizeBytes: number): readonly DigestAlgorithm[] {
    if (this.#rules.length === 0) return NONE;
    let bits = 0;
    for (const rule of this.#rules) if (rule.wants(path, sizeBytes)) bits |= rule.bit;
    return this.#lists[bits] ?? NONE;
  }
}

/** One rule and what this layer showed so far. */
class GateRule {
  readonly bit: number;
  readonly #paths: 'all' | readonly string[];
  readonly #except: readonly string[];
  /** `site-packages/` at the start of a path, `/site-packages/` inside. */
  readonly #below: readonly { readonly start: string; readonly inside: string }[];
  readonly #unless: readonly string[];
  #state: 'undecided' | 'wanted' | 'spared';

  constructor(rule: DigestRule) {
    this.bit = 1 << ALGORITHMS.indexOf(rule.algorithm);
    this.#paths = rule.paths;
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

  wants(path: string, sizeBytes: number): boolean {
    if (this.#state === 'spared' || !this.#matches(path)) return false;
    // what is empty says nothing about a layer
    if (sizeBytes > 0) this.#state = 'wanted';
    return true;
  }

  #matches(path: string): boolean {
    const isIn = this.#paths === 'all' || startsWithAny(path, this.#paths);
    if (isIn && !startsWithAny(path, this.#except)) return true;
    return this.#below.some(({ start, inside }) => path.startsWith(start) || path.includes(inside));
  }
}

function startsWithAny(path: string, starts: readonly string[]): boolean {
  for (const start of starts) if (path.startsWith(start)) return true;
  return false;
}
