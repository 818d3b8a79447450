/** A value of Rego. Numbers keep their digits: nanoseconds do not fit into a double. */
export type Term = null | boolean | string | RegoNumber | readonly Term[] | RegoSet | RegoObject;

export interface RegoNumber {
  readonly number: string;
}

export interface RegoSet {
  readonly set: readonly Term[];
}

export interface RegoObject {
  readonly entries: readonly (readonly [Term, Term])[];
}

/** Brackets within brackets; the engine's own limit is the memory it has. */
const MAX_DEPTH = 512;
const NUMBER = /-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;

/**
 * Reads what the engine's `opa_value_dump` writes: JSON, and beyond it sets (`{1, 2}`, `set()`) and keys that are no strings.
 * @throws Error for anything else
 */
export function parseTerm(text: string): Term {
  const reader = new TermReader(text);
  const term = reader.value(0);
  reader.end();
  return term;
}

class TermReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Term {
    if (depth > MAX_DEPTH) throw new Error('a value is nested too deeply');
    this.#space();
    const first = this.#text[this.#at];
    if (first === '"') return JSON.parse(this.#take(STRING)) as string;
    if (first === '[') return this.#array(depth);
    if (first === '{') return this.#braces(depth);
    for (const [word, value] of [
      ['null', null],
      ['true', true],
      ['false', false],
      ['set()', { set: [] }],
    ] as const) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return { number: this.#take(NUMBER) };
  }

  end(): void {
    this.#space();
    if (this.#at !== this.#text.length) throw new Error('text follows a value');
  }

  #array(depth: number): readonly Term[] {
    this.#at += 1;
    const items: Term[] = [];
    if (this.#accept(']')) return items;
    do items.push(this.value(depth + 1));
    while (this.#accept(','));
    this.#expect(']');
    return items;
  }

  #braces(depth: number): RegoSet | RegoObject {
    this.#at += 1;
    if (this.#accept('}')) return { entries: [] };
    const first = this.value(depth + 1);
    if (!this.#accept(':')) {
      const set = [first];
      while (this.#accept(',')) set.push(this.value(depth + 1));
      this.#expect('}');
      return { set };
    }
    const entries: [Term, Term][] = [[first, this.value(depth + 1)]];
    while (this.#accept(',')) {
      const key = this.value(depth + 1);
      this.#expect(':');
      entries.push([key, this.value(depth + 1)]);
    }
    this.#expect('}');
    return { entries };
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0];
    if (match === undefined) throw new Error('a value cannot be read');
    this.#at += match.length;
    return match;
  }

  #space(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1;
  }

  #accept(char: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #expect(char: string): void {
    if (!this.#accept(char)) throw new Error(`${char} is missing in a value`);
  }
}

/** Writes a term so that the engine's `opa_value_parse` reads it. */
export function writeTerm(term: Term): string {
  return formatTerm(term, (text) => JSON.stringify(text), '');
}

/** A term as Rego writes it, with spaces after commas and colons. */
export function termText(term: Term, quote: (text: string) => string): string {
  return formatTerm(term, quote, ' ');
}

function formatTerm(term: Term, quote: (text: string) => string, space: string): string {
  const format = (item: Term): string => formatTerm(item, quote, space);
  if (term === null || typeof term === 'boolean') return String(term);
  if (typeof term === 'string') return quote(term);
  if (isList(term)) return `[${term.map(format).join(`,${space}`)}]`;
  if ('number' in term) return term.number;
  if ('set' in term) {
    return term.set.length === 0 ? 'set()' : `{${term.set.toSorted(compareTerms).map(format).join(`,${space}`)}}`;
  }
  const entries = term.entries.toSorted(([a], [b]) => compareTerms(a, b));
  return `{${entries.map(([key, value]) => `${format(key)}:${space}${format(value)}`).join(`,${space}`)}}`;
}

/** The order of Rego: null, booleans, numbers, strings, arrays, objects, sets; within a kind by value. */
function compareTerms(a: Term, b: Term): number {
  const kind = kindOf(a) - kindOf(b);
  if (kind !== 0) return kind;
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === 'object' && a !== null && 'number' in a && typeof b === 'object' && b !== null && 'number' in b)
    return compareNumbers(a.number, b.number);
  if (typeof a === 'boolean') return Number(a) - Number(b);
  return compareLists(partsOf(a), partsOf(b));
}

function kindOf(term: Term): number {
  if (term === null) return 0;
  if (typeof term === 'boolean') return 1;
  if (typeof term === 'string') return 3;
  if (isList(term)) return 4;
  return 'number' in term ? 2 : 'entries' in term ? 5 : 6;
}

function compareNumbers(a: string, b: string): number {
  const whole = integerOf({ number: a });
  const other = integerOf({ number: b });
  if (whole !== undefined && other !== undefined) return whole < other ? -1 : whole > other ? 1 : 0;
  return Number(a) - Number(b);
}

/** What is compared one by one: items; keys before values. */
function partsOf(term: Term): readonly Term[] {
  if (typeof term !== 'object' || term === null || 'number' in term) return [];
  if (isList(term)) return term;
  if ('set' in term) return term.set.toSorted(compareTerms);
  const entries = term.entries.toSorted(([a], [b]) => compareTerms(a, b));
  return [...entries.map(([key]) => key), ...entries.map(([, value]) => value)];
}

function compareLists(a: readonly Term[], b: readonly Term[]): number {
  for (const [index, item] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = compareTerms(item, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Equal terms have the same text, and only those. */
export function sameTerm(a: Term, b: Term): boolean {
  return writeTerm(a) === writeTerm(b);
}

export function isList(term: Term): term is readonly Term[] {
  return Array.isArray(term);
}

/** The whole number that a term is; undefined when it is none. */
export function integerOf(term: Term | undefined): bigint | undefined {
  const text = typeof term === 'object' && term !== null && 'number' in term ? term.number : undefined;
  return text !== undefined && /^-?[0-9]{1,30}$/.test(text) ? BigInt(text) : undefined;
}

export function numberTerm(value: bigint | number): RegoNumber {
  return { number: String(value) };
}

/** The texts of an array or set of strings; undefined when it is anything else. */
export function textsOf(term: Term | undefined): readonly string[] | undefined {
  if (typeof term !== 'object' || term === null) return undefined;
  if (!isList(term) && !('set' in term)) return undefined;
  const items = isList(term) ? term : term.set;
  return items.every((item) => typeof item === 'string') ? items : undefined;
}
