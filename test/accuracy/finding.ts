/** A package as some tool lists it, in the terms that every tool has. */
export interface Finding {
  /** Type of its purl: `deb`, `npm`. */
  readonly type: string;
  /** With its namespace where that belongs to the name: `@scope/name`, `group/artifact`, a Go module path. */
  readonly name: string;
  /** Empty when the tool names none. */
  readonly version: string;
  /** Absolute paths of what says so. Sorted, unique. */
  readonly places: readonly string[];
  /** Of ours: put away as evidence of another component, so that it is no component of its own. */
  readonly evidence?: boolean;
}

/** What two tools must agree on: `type/name@version`. */
export function findingKey({ type, name, version }: Finding): string {
  return `${type}/${name}@${version}`;
}

/** Namespaces that name a distribution, which a package database does not. */
const DISTRIBUTION_NAMESPACE = new Set(['deb', 'rpm', 'apk', 'alpm']);

/** What an older trivy writes where it knows no type. */
const TYPES = new Map([
  ['none', 'rpm'],
  ['rustbinary', 'cargo'],
]);

/** A finding from a package URL; undefined when the text is none. Subpaths of Go packages belong to the name. */
export function findingOfPurl(purl: string, places: readonly string[] = []): Finding | undefined {
  const parts = /^pkg:([a-z0-9.+-]+)\/([^@?#]+)(?:@([^?#]*))?(?:\?([^#]*))?(?:#(.*))?$/i.exec(purl);
  if (!parts) return undefined;
  const [, written = '', path = '', version = '', query = '', subpath = ''] = parts;
  const type = TYPES.get(written) ?? written;
  const segments = path.split('/').map(decodeURIComponent);
  const named = DISTRIBUTION_NAMESPACE.has(type) ? segments.slice(-1) : segments;
  // only some write it into the version
  const epoch = ['rpm', 'deb'].includes(type) ? new URLSearchParams(query).get('epoch') : null;
  const plain = decodeURIComponent(version);
  return normalized({
    type,
    name: [...named, ...(type === 'golang' && subpath !== '' ? [decodeURIComponent(subpath)] : [])].join('/'),
    version: epoch !== null && epoch !== '0' ? `${epoch}:${plain}` : plain,
    places: [...new Set(places)].toSorted(),
  });
}

/** Spellings that mean the same: Python's names, Go's versions with `v`, which some leave out. */
export function normalized(finding: Finding): Finding {
  const { type, name, version } = finding;
  if (type === 'pypi') return { ...finding, name: name.toLowerCase().replace(/[-_.]+/g, '-') };
  if (type === 'golang') return { ...finding, name: name.toLowerCase(), version: version.replace(/^v(?=\d)/, '') };
  if (type === 'composer') return { ...finding, name: name.toLowerCase() };
  return finding;
}

/** One finding for each key, with the places of all. In the order of the keys. */
export function mergeFindings(findings: readonly Finding[]): readonly Finding[] {
  const merged = new Map<string, Finding>();
  for (const finding of findings) {
    const key = findingKey(finding);
    const before = merged.get(key);
    const places = [...new Set([...(before?.places ?? []), ...finding.places])].toSorted();
    const evidence = finding.evidence === true && before?.evidence !== false;
    merged.set(key, { ...finding, places, evidence });
  }
  return [...merged.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, finding]) => finding);
}
