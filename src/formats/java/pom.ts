import { tryParseXml, type XmlElement } from '../xml.ts';

/** Essentials of a `pom.xml`. Values whose placeholders cannot be resolved inside the file are absent. */
export interface JavaPom {
  readonly groupId?: string;
  readonly artifactId?: string;
  readonly version?: string;
  /** The published one, where Debian's tools wrote another in its place (`debian`, `3.x`). */
  readonly originalVersion?: string;
  readonly name?: string;
  readonly description?: string;
  readonly url?: string;
  readonly sourceUrl?: string;
  readonly organization?: string;
  readonly licenses: readonly string[];
  /** Those needed at run time: not `test`, `provided`, `system`, `import`. */
  readonly dependencies: readonly JavaPomDependency[];
}

export interface JavaPomDependency {
  readonly groupId: string;
  readonly artifactId: string;
  readonly optional?: true;
}

const MAX_CHARS = 4 * 1024 * 1024;
const MAX_VALUE_CHARS = 1024;
const MAX_DEPENDENCIES = 2000;
const MAX_LICENSES = 16;
const RUNTIME_SCOPES: ReadonlySet<string> = new Set(['compile', 'runtime', '']);
const PLACEHOLDER = /\$\{([^{}$]{1,200})\}/g;

/**
 * Reads a POM from hostile bytes. Never throws; parents and profiles outside of the file are not known, so that versions may be absent.
 * @see https://maven.apache.org/pom.html
 */
export function tryParsePom(input: Uint8Array): JavaPom | undefined {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const root = tryParseXml(decode(bytes), { maxElements: 50_000 });
  if (root?.name !== 'project') return undefined;
  const parent = child(root, 'parent');
  const lookUp = createLookUp(root, parent);
  const value = (element: XmlElement | undefined, name: string): string | undefined =>
    resolve(child(element, name)?.text, lookUp);
  const groupId = value(root, 'groupId') ?? value(parent, 'groupId');
  const artifactId = value(root, 'artifactId');
  const version = value(root, 'version') ?? value(parent, 'version');
  const originalVersion = value(child(root, 'properties'), 'debian.originalVersion');
  const name = value(root, 'name');
  const description = value(root, 'description');
  const url = value(root, 'url');
  const sourceUrl = value(child(root, 'scm'), 'url');
  const organization = value(child(root, 'organization'), 'name');
  return {
    ...(groupId === undefined ? {} : { groupId }),
    ...(artifactId === undefined ? {} : { artifactId }),
    ...(version === undefined ? {} : { version }),
    ...(originalVersion === undefined ? {} : { originalVersion }),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(url === undefined ? {} : { url }),
    ...(sourceUrl === undefined ? {} : { sourceUrl }),
    ...(organization === undefined ? {} : { organization }),
    licenses: licensesOf(root, value),
    dependencies: dependenciesOf(root, value),
  };
}

function decode(bytes: Buffer): string {
  const isLatin = /^<\?xml[^>]{0,100}encoding=["'](?:iso-8859-1|windows-1252)["']/i.test(
    bytes.toString('latin1', 0, 200),
  );
  return bytes.toString(isLatin ? 'latin1' : 'utf8', 0, MAX_CHARS).replace(/^\ufeff/, '');
}

type ValueOf = (element: XmlElement | undefined, name: string) => string | undefined;

function licensesOf(root: XmlElement, value: ValueOf): readonly string[] {
  const licenses = (child(root, 'licenses')?.children ?? []).slice(0, MAX_LICENSES);
  return licenses.flatMap((license) => value(license, 'name') ?? value(license, 'url') ?? []);
}

function dependenciesOf(root: XmlElement, value: ValueOf): readonly JavaPomDependency[] {
  const dependencies: JavaPomDependency[] = [];
  for (const item of child(root, 'dependencies')?.children ?? []) {
    if (dependencies.length >= MAX_DEPENDENCIES) break;
    const groupId = value(item, 'groupId');
    const artifactId = value(item, 'artifactId');
    if (item.name !== 'dependency' || groupId === undefined || artifactId === undefined) continue;
    if (!RUNTIME_SCOPES.has(child(item, 'scope')?.text ?? '')) continue;
    dependencies.push({ groupId, artifactId, ...(child(item, 'optional')?.text === 'true' ? { optional: true } : {}) });
  }
  return dependencies;
}

/** What `${...}` stands for: the project's own coordinates, its parent's, its properties. */
function createLookUp(root: XmlElement, parent: XmlElement | undefined): (name: string) => string | undefined {
  const properties = new Map((child(root, 'properties')?.children ?? []).map(({ name, text }) => [name, text]));
  return (name) => {
    const own = /^(?:project\.|pom\.)?(parent\.)?(groupId|artifactId|version)$/.exec(name);
    if (own === null) return properties.get(name);
    const [, ofParent, field = ''] = own;
    const ownText = ofParent === undefined ? child(root, field)?.text : undefined;
    return ownText ?? (field === 'artifactId' && ofParent === undefined ? undefined : child(parent, field)?.text);
  };
}

/** A value with its placeholders replaced, to a small depth; undefined when one stays, and for values no such field has. */
function resolve(text: string | undefined, lookUp: (name: string) => string | undefined): string | undefined {
  let value = text;
  for (let depth = 0; depth < 4 && value?.includes('${') === true && value.length <= MAX_VALUE_CHARS; depth += 1) {
    value = value.replace(PLACEHOLDER, (whole, name: string) => (lookUp(name) ?? whole).slice(0, MAX_VALUE_CHARS));
  }
  if (value === undefined || value === '' || value.includes('${') || value.length > MAX_VALUE_CHARS) return undefined;
  return value.replaceAll(/\s+/g, ' ');
}

function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((item) => item.name === name);
}
