import { verificationError } from './errors.ts';

const MAX_TEXT = 8192;
const MAX_EXPRESSION = 1024;

/** A text that must be met exactly, or an expression of RE2, anchored at both ends. */
export type TextPattern = string | { readonly regexp: string };

export interface TextMatcher {
  readonly pattern: TextPattern;
  matches(text: string): boolean;
}

/**
 * Compiles what a user wants to see. Expressions run in linear time and must match the whole text, whatever anchors they have themselves.
 * @throws AppError VERIFICATION_IDENTITY (empty, too long, not RE2 syntax)
 */
export async function compileText(pattern: TextPattern, what: string): Promise<TextMatcher> {
  if (typeof pattern === 'string') {
    if (pattern === '' || pattern.length > MAX_TEXT)
      throw identityError(`the ${what} to look for is empty or too long`);
    return { pattern, matches: (text) => text === pattern };
  }
  const { regexp } = pattern;
  if (regexp === '' || regexp.length > MAX_EXPRESSION) {
    throw identityError(`the expression for the ${what} is empty or longer than ${MAX_EXPRESSION} characters`);
  }
  const { RE2JS } = await import('re2js');
  try {
    const expression = RE2JS.compile(regexp);
    return { pattern, matches: (text) => text.length <= MAX_TEXT && expression.matches(text) };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw identityError(`the expression for the ${what} is not RE2 syntax: ${problem}`, cause);
  }
}

export function identityError(message: string, cause?: unknown): Error {
  return verificationError('VERIFICATION_IDENTITY', message, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'say who may have signed: the identity (subject alternative name) and its issuer, both exact unless an expression is meant',
  });
}
