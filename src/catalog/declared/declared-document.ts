/** A package URL in parts, decoded. */
export interface DeclaredPurl {
  readonly text: string;
  readonly type: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly qualifiers: ReadonlyMap<string, string>;
}

/** One component that a document lists. */
export interface DeclaredComponent {
  readonly purl: DeclaredPurl;
  /** What the document is about, not what it says lies inside. */
  readonly isSubject: boolean;
  readonly name?: string;
  readonly license?: string;
  readonly supplier?: string;
  readonly homepage?: string;
}

/** What a document of either family says. */
export interface DeclaredDocument {
  readonly format: 'CycloneDX' | 'SPDX';
  /** Components with a purl that can be read, each purl once, in the order of the document. */
  readonly components: readonly DeclaredComponent[];
  /** What it claims to list completely: nothing, the folder it lies in, or the whole image. */
  readonly covers: 'nothing' | 'folder' | 'image';
  /** There were more components than are read. */
  readonly truncated: boolean;
}

/** Components of one document that are read. */
export const MAX_COMPONENTS = 100_000;
const MAX_PURL_CHARS = 4096;
const PURL = /^pkg:\/{0,2}([A-Za-z][A-Za-z0-9.+-]{0,63})\/([^?#]+)(?:\?([^#]*))?(?:#.*)?$/s;

/** undefined when it is none. @see https://github.com/package-url/purl-spec/blob/main/docs/how-to-parse.md */
export function parseDeclaredPurl(text: string): DeclaredPurl | undefined {
  const match = text.length > MAX_PURL_CHARS ? null : PURL.exec(text);
  const path = match?.[2]?.replace(/^\/+|\/+$/g, '') ?? '';
  const at = path.lastIndexOf('@');
  const versioned = at > 0 && !path.slice(at).includes('/');
  const segments = (versioned ? path.slice(0, at) : path)
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const version = versioned ? decode(path.slice(at + 1)) : undefined;
  const name = segments.pop();
  if (match === null || name === undefined || segments.includes(undefined) || (versioned && version === undefined))
    return undefined;
  const qualifiers = new Map<string, string>();
  for (const pair of (match[3] ?? '').split('&')) {
    const equals = pair.indexOf('=');
    const value = equals > 0 ? decode(pair.slice(equals + 1)) : undefined;
    if (value !== undefined && value !== '') qualifiers.set(pair.slice(0, equals).toLowerCase(), value);
  }
  const namespace = segments.join('/');
  return {
    text,
    type: (match[1] ?? '').toLowerCase(),
    namespace,
    name,
    version: version === '' ? undefined : version,
    qualifiers,
  };
}

/** Keeps the first component of each purl, up to the limit. */
export function uniqueComponents(
  found: Iterable<DeclaredComponent>,
): Pick<DeclaredDocument, 'components' | 'truncated'> {
  const components = new Map<string, DeclaredComponent>();
  for (const component of found) {
    if (components.has(component.purl.text)) continue;
    if (components.size >= MAX_COMPONENTS) return { components: [...components.values()], truncated: true };
    components.set(component.purl.text, component);
  }
  return { components: [...components.values()], truncated: false };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
