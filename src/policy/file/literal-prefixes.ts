/** One way an expression can begin. */
export interface LiteralPrefix {
  /** What every text of this way begins with. */
  readonly text: string;
  /** Whether anything else may follow; otherwise `text` is the whole of it. */
  readonly open: boolean;
  /** An unescaped `.` stands in `text` as a dot: it matches any character. */
  readonly loose: boolean;
}

const MAX_PREFIXES = 64;
const MAX_DEPTH = 50;
const NOTHING: LiteralPrefix = { text: '', open: false, loose: false };
const ANYTHING: LiteralPrefix = { text: '', open: true, loose: false };

/**
 * The literal beginnings of an RE2 expression that is matched whole: alternatives and groups spelled out, up to the first part that is not literal. What the
 * reader does not understand counts as open, so what is said to be closed is. At most 64 ways.
 */
export function literalPrefixes(expression: string): readonly LiteralPrefix[] {
  return new Reader(expression).alternatives(0);
}

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  alternatives(depth: number): readonly LiteralPrefix[] {
    const found: LiteralPrefix[] = [];
    for (;;) {
      found.push(...this.#sequence(depth));
      if (this.#source[this.#at] !== '|') break;
      this.#at += 1;
    }
    return found.length > MAX_PREFIXES ? [ANYTHING] : found;
  }

  #sequence(depth: number): readonly LiteralPrefix[] {
    let ways: readonly LiteralPrefix[] = [NOTHING];
    while (this.#at < this.#source.length && this.#source[this.#at] !== '|' && this.#source[this.#at] !== ')') {
      const next = this.#repeated(this.#atom(depth));
      ways = ways.flatMap((way) => (way.open ? [way] : next.map((part) => join(way, part))));
      if (ways.length > MAX_PREFIXES) ways = [ANYTHING];
    }
    return ways;
  }

  #atom(depth: number): readonly LiteralPrefix[] {
    const char = this.#source[this.#at] ?? '';
    this.#at += 1;
    switch (char) {
      case '^':
      case '$':
        return [NOTHING];
      case '.':
        return [{ text: '.', open: false, loose: true }];
      case '(':
        return this.#group(depth);
      case '[':
        return this.#characterClass();
      case '\\':
        return this.#escape();
      default:
        return [{ text: char, open: false, loose: false }];
    }
  }

  #group(depth: number): readonly LiteralPrefix[] {
    const rest = this.#source.slice(this.#at, this.#at + 64);
    const opening = /^\?(?::|P?<[A-Za-z_]\w*>)/.exec(rest)?.[0];
    const flags = opening === undefined && rest.startsWith('?');
    this.#at += opening?.length ?? 0;
    // flags such as (?i) change what letters mean
    const inner = depth >= MAX_DEPTH ? this.#giveUp() : this.alternatives(depth + 1);
    this.#at += 1;
    return flags ? [ANYTHING] : inner;
  }

  #giveUp(): readonly LiteralPrefix[] {
    this.#at = this.#source.length;
    return [ANYTHING];
  }

  /** `[.]` is a dot; every other class is some character. */
  #characterClass(): readonly LiteralPrefix[] {
    const single = /^(?:\\([^\w\s])|([^\]\\^[]))\]/.exec(this.#source.slice(this.#at, this.#at + 3));
    if (single !== null) {
      this.#at += single[0].length;
      return [{ text: single[1] ?? single[2] ?? '', open: false, loose: false }];
    }
    if (this.#source[this.#at] === '^') this.#at += 1;
    if (this.#source[this.#at] === ']') this.#at += 1;
    while (this.#at < this.#source.length && this.#source[this.#at] !== ']') {
      const named = this.#source.startsWith('[:', this.#at) ? this.#source.indexOf(':]', this.#at) : -1;
      if (named >= 0) this.#at = named + 2;
      else this.#at += this.#source[this.#at] === '\\' ? 2 : 1;
    }
    this.#at += 1;
    return [ANYTHING];
  }

  #escape(): readonly LiteralPrefix[] {
    const char = this.#source[this.#at] ?? '';
    this.#at += 1;
    if (char === 'Q') {
      const end = this.#source.indexOf(String.raw`\E`, this.#at);
      const text = this.#source.slice(this.#at, end < 0 ? undefined : end);
      this.#at = end < 0 ? this.#source.length : end + 2;
      return [{ text, open: false, loose: false }];
    }
    if (char === 'A' || char === 'z' || char === 'b') return [NOTHING];
    return /[\w\s]/.test(char) ? [ANYTHING] : [{ text: char, open: false, loose: false }];
  }

  #repeated(ways: readonly LiteralPrefix[]): readonly LiteralPrefix[] {
    const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\})[?+]?/.exec(this.#source.slice(this.#at, this.#at + 16))?.[0];
    if (quantifier === undefined) return ways;
    this.#at += quantifier.length;
    return quantifier.startsWith('?') ? [NOTHING, ...ways] : [ANYTHING];
  }
}

function join(before: LiteralPrefix, after: LiteralPrefix): LiteralPrefix {
  return { text: before.text + after.text, open: after.open, loose: before.loose || after.loose };
}
