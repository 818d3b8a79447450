/** An anchored RE2 expression. */
export interface AnchoredRegexp {
  matches(text: string): boolean;
}

/**
 * Compiles a user's expression for the linear-time engine, always anchored at both ends.
 * @returns the problem in words when it is not RE2 syntax
 */
export async function compileRegexp(source: string): Promise<AnchoredRegexp | { readonly problem: string }> {
  const { RE2JS } = await import('re2js');
  try {
    const expression = RE2JS.compile(source);
    return { matches: (text) => text.length <= 8192 && expression.matches(text) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
