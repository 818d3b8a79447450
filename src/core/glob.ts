/** Longest pattern accepted. */
export const MAX_PATTERN_CHARS = 512;
const MAX_TEXT_CHARS = 8192;

type Token =
  | { readonly kind: 'char'; readonly char: string }
  /** `*`: any characters of one segment, none included. */
  | { readonly kind: 'star' }
  /** `**` followed by a slash: any number of whole segments, none included. */
  | { readonly kind: 'segments' }
  /** `**` at the end: one or more whole segments. */
  | { readonly kind: 'rest' };

/** A pattern over slash-separated segments, always matched against the whole text. */
export interface Glob {
  readonly pattern: string;
  matches(text: string): boolean;
}

/** Why a pattern is not one, in words; undefined when it is. */
export function globProblem(pattern: string): string | undefined {
  if (pattern === '') return 'the pattern is empty';
  if (pattern.length > MAX_PATTERN_CHARS) return `the pattern is longer than ${MAX_PATTERN_CHARS} characters`;
  if (/[?[\]{}!\\]/.test(pattern)) return 'a pattern knows only * (within a segment) and ** (across segments)';
  const mixed = pattern.split('/').find((segment) => segment.includes('**') && segment !== '**');
  return mixed === undefined ? undefined : `** must be a whole segment, not part of "${mixed}"`;
}

/**
 * Compiles a glob. `*` stays within a segment; `**` spans segments: in front or in the middle any number of them (none included), at the end at
 * least one. Runs in time linear in the text for a given pattern: no backtracking, no regular expression.
 * @throws RangeError for a pattern that `globProblem` refuses (a bug: readers check first)
 */
export function compileGlob(pattern: string): Glob {
  const problem = globProblem(pattern);
  if (problem !== undefined) throw new RangeError(problem);
  const tokens = tokenize(pattern);
  return { pattern, matches: (text) => text.length <= MAX_TEXT_CHARS && run(tokens, text) };
}

/** Whether any of the patterns matches. */
export function matchesAny(globs: readonly Glob[], text: string): boolean {
  return globs.some((glob) => glob.matches(text));
}

function tokenize(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  const segments = pattern.split('/');
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === '**') {
      tokens.push({ kind: last ? 'rest' : 'segments' });
      continue;
    }
    for (const char of segment) {
      if (char !== '*') tokens.push({ kind: 'char', char });
      else if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    }
    if (!last) tokens.push({ kind: 'char', char: '/' });
  }
  return tokens;
}

/**
 * A set of states per character. State `2i` stands before token i; `2i+1` stands inside it: within a segment that `segments` is skipping, or after at
 * least one character of `rest`.
 */
function run(tokens: readonly Token[], text: string): boolean {
  const accept = tokens.length * 2;
  let states = new Set<number>();
  enter(tokens, states, 0);
  for (const char of text) {
    const next = new Set<number>();
    for (const state of states) step(tokens, state, char, next);
    if (next.size === 0) return false;
    states = next;
  }
  return states.has(accept);
}

/** Adds the state before a token and those reachable without reading a character. */
function enter(tokens: readonly Token[], states: Set<number>, index: number): void {
  let at = index;
  for (;;) {
    states.add(at * 2);
    const kind = tokens[at]?.kind;
    if (kind !== 'star' && kind !== 'segments') return;
    at += 1;
  }
}

function step(tokens: readonly Token[], state: number, char: string, next: Set<number>): void {
  const index = state >> 1;
  const inside = (state & 1) === 1;
  const token = tokens[index];
  if (token === undefined) return;
  switch (token.kind) {
    case 'char':
      if (token.char === char) enter(tokens, next, index + 1);
      return;
    case 'star':
      if (char !== '/') enter(tokens, next, index);
      return;
    case 'segments':
      if (char !== '/') next.add(index * 2 + 1);
      else if (inside) enter(tokens, next, index);
      return;
    case 'rest':
      // a slash may not open the rest: segments are never empty
      if (inside || char !== '/') {
        next.add(index * 2 + 1);
        if (char !== '/') next.add(tokens.length * 2);
      }
  }
}
