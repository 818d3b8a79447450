/** What a formula's text says of its software, as far as it is said in plain words. */
export interface BrewFormula {
  readonly description?: string;
  readonly homepage?: string;
  /** One name, or an expression of several. */
  readonly license?: string;
}

const MAX_LINES = 10_000;
/** A field of one line: `desc "..."`; what is computed, or goes over several lines, is none. */
const FIELD = /^ {2}(desc|homepage|license) (.{2,2000})$/;
const TEXT = /^"([^"\\#]{1,1000})"$/;
const LICENSES = /^(any_of|all_of): \[((?:"[A-Za-z0-9.+-]{1,64}"(?:, )?){1,32})\]$/;

/**
 * Reads a formula that Homebrew kept beside what it installed, without running it: the first `desc`, `homepage` and `license` of the formula itself. Hostile
 * input: never throws, linear.
 * @see https://docs.brew.sh/Formula-Cookbook
 */
export function parseBrewFormula(bytes: Uint8Array): BrewFormula {
  const found = new Map<string, string>();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  for (const line of text.split('\n', MAX_LINES)) {
    const [, name = '', value = ''] = FIELD.exec(line.trimEnd()) ?? [];
    const meant = name === 'license' ? (TEXT.exec(value)?.[1] ?? severalLicenses(value)) : TEXT.exec(value)?.[1];
    if (meant !== undefined && !found.has(name)) found.set(name, meant);
  }
  const [description, homepage, license] = ['desc', 'homepage', 'license'].map((name) => found.get(name));
  return {
    ...(description === undefined ? {} : { description }),
    ...(homepage === undefined ? {} : { homepage }),
    ...(license === undefined ? {} : { license }),
  };
}

/** `any_of: ["MIT", "Zlib"]` as an expression. */
function severalLicenses(value: string): string | undefined {
  const [, kind, list = ''] = LICENSES.exec(value) ?? [];
  if (kind === undefined) return undefined;
  const names = list.split(', ').map((name) => name.slice(1, -1));
  return names.join(kind === 'any_of' ? ' OR ' : ' AND ');
}
