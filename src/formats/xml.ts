/** One element of a document. Names are without namespace prefix. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Text directly inside, references resolved, trimmed. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

export interface XmlOptions {
  /** Elements beyond these end the reading. 100,000 unless told. */
  readonly maxElements?: number;
  /** Elements nested deeper are left out. 64 unless told. */
  readonly maxDepth?: number;
}

interface OpenElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  text: string;
  readonly children: XmlElement[];
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();
const MAX_ATTRIBUTES = 64;
const MAX_TAG_CHARS = 65_536;
const ENTITIES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

/**
 * Reads a small XML document (a POM, a nuspec) as far as it goes: what is not closed, or closed wrongly, does not matter. Document types are skipped,
 * their entities never expanded, and nothing is fetched. Hostile input: never throws, linear time.
 * @returns undefined when there is no element at all
 */
export function tryParseXml(text: string, options: XmlOptions = {}): XmlElement | undefined {
  const { maxElements = 100_000, maxDepth = 64 } = options;
  const root: OpenElement = { name: '', attributes: NO_ATTRIBUTES, text: '', children: [] };
  const stack: OpenElement[] = [root];
  let tooDeep = 0;
  let elements = 0;
  let at = text.indexOf('<');
  while (at !== -1 && elements < maxElements) {
    const token = readToken(text, at);
    if (token === undefined) break;
    const top = stack.at(-1)!;
    if (token.kind === 'text') {
      if (tooDeep === 0) top.text += token.text;
    } else if (token.kind === 'open') {
      elements += 1;
      const element = { name: token.name, attributes: token.attributes, text: '', children: [] };
      if (stack.length > maxDepth) tooDeep += token.isEmpty ? 0 : 1;
      else {
        top.children.push(element);
        if (!token.isEmpty) stack.push(element);
      }
    } else if (token.kind === 'close') {
      if (tooDeep > 0) tooDeep -= 1;
      else closeElement(stack, token.name);
    }
    const next = text.indexOf('<', token.end);
    const between = text.slice(token.end, next === -1 ? text.length : next);
    if (tooDeep === 0 && stack.length > 1) stack.at(-1)!.text += unescapeXml(between);
    at = next;
  }
  trim(root);
  return root.children[0];
}

type Token = { readonly end: number } & (
  | { readonly kind: 'skip' }
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'open';
      readonly name: string;
      readonly attributes: ReadonlyMap<string, string>;
      readonly isEmpty: boolean;
    }
  | { readonly kind: 'close'; readonly name: string }
);

/** What begins with the `<` at a place; undefined when it never ends. */
function readToken(text: string, at: number): Token | undefined {
  if (text.startsWith('<!--', at)) return skipTo(text, '-->', at + 4);
  if (text.startsWith('<?', at)) return skipTo(text, '?>', at + 2);
  if (text.startsWith('<![CDATA[', at)) {
    const end = text.indexOf(']]>', at + 9);
    return end === -1 ? undefined : { kind: 'text', text: text.slice(at + 9, end), end: end + 3 };
  }
  if (text.startsWith('<!', at)) return skipDocumentType(text, at);
  const end = tagEnd(text, at);
  if (end === undefined) return undefined;
  if (text[at + 1] === '/') return { kind: 'close', name: localName(text.slice(at + 2, end).trim()), end: end + 1 };
  const isEmpty = text[end - 1] === '/';
  const inner = text.slice(at + 1, isEmpty ? end - 1 : end);
  const space = inner.search(/\s/);
  const name = localName(space === -1 ? inner : inner.slice(0, space));
  const attributes = space === -1 ? NO_ATTRIBUTES : readAttributes(inner.slice(space));
  return { kind: 'open', name, attributes, isEmpty, end: end + 1 };
}

function skipTo(text: string, mark: string, from: number): Token | undefined {
  const end = text.indexOf(mark, from);
  return end === -1 ? undefined : { kind: 'skip', end: end + mark.length };
}

/** A document type may hold declarations in brackets, which hold `>` themselves. */
function skipDocumentType(text: string, at: number): Token | undefined {
  const end = text.indexOf('>', at);
  if (end === -1) return undefined;
  const bracket = text.slice(at, end).indexOf('[');
  if (bracket === -1) return { kind: 'skip', end: end + 1 };
  const close = text.indexOf(']', at + bracket);
  return close === -1 ? undefined : skipTo(text, '>', close);
}

/** The `>` that ends a tag: one inside quotes does not. */
function tagEnd(text: string, at: number): number | undefined {
  let quote = '';
  const limit = Math.min(text.length, at + MAX_TAG_CHARS);
  for (let index = at + 1; index < limit; index += 1) {
    const char = text[index]!;
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '>') return index;
  }
  return undefined;
}

function readAttributes(text: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  let name = '';
  for (const [token, quoted, apostrophed] of text.matchAll(/"([^"]*)"|'([^']*)'|=|[^\s="']+/g)) {
    const value = quoted ?? apostrophed;
    if (value === undefined) name = token === '=' ? name : localName(token);
    else if (name !== '' && attributes.size < MAX_ATTRIBUTES) {
      attributes.set(name, unescapeXml(value));
      name = '';
    }
  }
  return attributes;
}

/** Closes the nearest open element of that name, and all inside it; a tag that closes nothing is passed over. */
function closeElement(stack: OpenElement[], name: string): void {
  const index = stack.findLastIndex((element) => element.name === name);
  if (index > 0) stack.length = index;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function trim(element: OpenElement): void {
  element.text = element.text.trim();
  for (const child of element.children) trim(child as OpenElement);
}

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return ENTITIES[name] ?? whole;
    const code = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
