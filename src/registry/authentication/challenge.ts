/** One challenge of a WWW-Authenticate header. Names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_HEADER_CHARS = 16_384;
const MAX_CHALLENGES = 16;
const MAX_PARAMETERS = 32;

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const SPACE = /[ \t]*/y;
const SEPARATOR = /[ \t,]*/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;

/**
 * Parses a WWW-Authenticate header, several challenges in one or joined. What does not follow the grammar ends the list: the challenges before it
 * count. Hostile input: capped, linear time, never throws.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.www-authenticate
 */
export function parseChallenges(header: string): readonly Challenge[] {
  if (header.length > MAX_HEADER_CHARS) return [];
  const scanner = new Scanner(header);
  const challenges: Challenge[] = [];
  scanner.take(SEPARATOR);
  while (!scanner.done && challenges.length < MAX_CHALLENGES) {
    const scheme = scanner.take(TOKEN);
    if (scheme === '') break;
    const hadSpace = scanner.take(SPACE) !== '';
    const parameters = new Map<string, string>();
    challenges.push({ scheme: scheme.toLowerCase(), parameters });
    if (hadSpace && scanner.take(TOKEN68) === '' && !readParameters(scanner, parameters)) break;
    scanner.take(SEPARATOR);
  }
  return challenges;
}

/** Reads `name=value` pairs until something else comes, which must be the next scheme. False when the grammar is broken. */
function readParameters(scanner: Scanner, parameters: Map<string, string>): boolean {
  for (let count = 0; count < MAX_PARAMETERS && !scanner.done; count += 1) {
    const start = scanner.position;
    const name = scanner.take(TOKEN).toLowerCase();
    if (name === '') return false;
    scanner.take(SPACE);
    if (!scanner.eat('=')) {
      scanner.position = start;
      return count > 0;
    }
    scanner.take(SPACE);
    const value = scanner.eat('"') ? scanner.quoted() : scanner.take(TOKEN);
    if (value === undefined) return false;
    // the first of two counts: a second one must not redirect what was read
    if (!parameters.has(name)) parameters.set(name, value);
    scanner.take(SEPARATOR);
  }
  return scanner.done;
}

class Scanner {
  readonly #text: string;
  position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.position >= this.#text.length;
  }

  take(pattern: RegExp): string {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.position += found.length;
    return found;
  }

  eat(char: string): boolean {
    if (this.#text[this.position] !== char) return false;
    this.position += 1;
    return true;
  }

  /** The rest of a quoted string; undefined when it does not end. */
  quoted(): string | undefined {
    let value = '';
    while (!this.done) {
      const char = this.#text[this.position];
      this.position += 1;
      if (char === '"') return value;
      if (char === '\\') {
        value += this.#text[this.position] ?? '';
        this.position += 1;
      } else value += char;
    }
    return undefined;
  }
}
