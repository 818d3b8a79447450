/** Longer or deeper statements are texts: a denied identifier anywhere in them counts. */
const MAX_EXPRESSION_CHARS = 1000;
const MAX_NESTING = 32;

const NONE: ReadonlySet<string> = new Set();

/** What is left to read of an expression. */
interface Tokens {
  readonly words: readonly string[];
  next: number;
}

/**
 * Which of the denied licences a component cannot be used without, by what it states: under AND any of them counts, under OR only where every alternative is
 * denied. What is no expression names a licence wherever its identifier stands in it.
 * @param claim hostile: whatever the component states
 * @param denied identifiers in lower case; so are those in the answer
 * @see https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
 */
export function deniedIn(claim: string, denied: ReadonlySet<string>): ReadonlySet<string> {
  const text = claim.trim().toLowerCase();
  if (denied.has(text)) return new Set([text]);
  const words = text.match(/[()]|[^\s()]+/g) ?? [];
  const named = new Set(words.filter((word) => denied.has(word)));
  if (named.size === 0 || text.length > MAX_EXPRESSION_CHARS) return named;
  const tokens: Tokens = { words, next: 0 };
  const found = alternatives(tokens, denied, 0);
  return found === undefined || tokens.next < words.length ? named : found;
}

/** undefined, here and below: it is no expression. */
function alternatives(tokens: Tokens, denied: ReadonlySet<string>, depth: number): ReadonlySet<string> | undefined {
  const found: ReadonlySet<string>[] = [];
  do {
    const part = conjunction(tokens, denied, depth);
    if (part === undefined) return undefined;
    found.push(part);
  } while (take(tokens, 'or'));
  return found.every(({ size }) => size > 0) ? new Set(found.flatMap((part) => [...part])) : NONE;
}

function conjunction(tokens: Tokens, denied: ReadonlySet<string>, depth: number): ReadonlySet<string> | undefined {
  const found = new Set<string>();
  do {
    const part = term(tokens, denied, depth);
    if (part === undefined) return undefined;
    for (const license of part) found.add(license);
  } while (take(tokens, 'and'));
  return found;
}

/** A licence, with its exception or without, or an expression in parentheses. */
function term(tokens: Tokens, denied: ReadonlySet<string>, depth: number): ReadonlySet<string> | undefined {
  if (take(tokens, '(')) {
    if (depth === MAX_NESTING) return undefined;
    const inner = alternatives(tokens, denied, depth + 1);
    return take(tokens, ')') ? inner : undefined;
  }
  const license = identifier(tokens);
  if (license === undefined) return undefined;
  const found = new Set([license].filter((word) => denied.has(word)));
  if (!take(tokens, 'with')) return found;
  const exception = identifier(tokens);
  if (exception === undefined) return undefined;
  const whole = `${license} with ${exception}`;
  return denied.has(whole) ? found.add(whole) : found;
}

function identifier(tokens: Tokens): string | undefined {
  const word = tokens.words[tokens.next];
  if (word === undefined || ['(', ')', 'and', 'or', 'with'].includes(word)) return undefined;
  tokens.next += 1;
  return word;
}

function take(tokens: Tokens, word: string): boolean {
  if (tokens.words[tokens.next] !== word) return false;
  tokens.next += 1;
  return true;
}
