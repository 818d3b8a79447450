import { compareCodeUnits, sha256Hex, type JsonValue } from '../core/index.ts';
import { comparePackages, packageKey, packagePurl, type Distribution, type Package } from '../packages/index.ts';
import { cleanLine, cleanText } from './clean-text.ts';
import { linkGraph } from './dependency-graph.ts';
import { ledgerProperties } from './ledger-properties.ts';
import { operatingSystem, packageComponent } from './package-component.ts';
import { sortProperties } from './properties.ts';
import { rootComponent } from './root-component.ts';
import { serialNumber } from './serial-number.ts';
import type { SbomBase, SbomComponent, SbomDocument, SbomInput, SbomProperty } from './types.ts';

/**
 * Builds the document of one image. Pure and deterministic: the same facts in any order give the same document. Files that packages own are not
 * in it. Hostile input: any text in packages and diagnostics; never throws.
 */
export function buildSbomDocument(input: SbomInput): SbomDocument {
  const root = rootComponent(input.subject);
  const sorted = input.packages.toSorted(comparePackages);
  const system = input.distribution === undefined ? [] : [operatingSystem(input.distribution)];
  const refs = packageRefs(sorted, new Set([root.ref, ...system.map(({ ref }) => ref)]));
  const context = {
    layers: input.subject.layers,
    refs: new Map(sorted.map((pkg) => [pkg.id, refs.get(pkg)!])),
    base: input.base,
  };
  const components: SbomComponent[] = [
    ...system,
    ...sorted.map((pkg) => packageComponent(pkg, refs.get(pkg)!, context)),
  ];
  const timestamp = documentTime(input);
  const knownUnknowns = input.diagnostics.map((item) => ({ ...item, message: cleanLine(item.message) }));
  return {
    serialNumber: serialNumber(identityFacts(input, timestamp)),
    ...(timestamp === undefined ? {} : { timestamp }),
    tool: input.tool,
    root,
    components,
    dependencies: linkGraph({ root: root.ref, refs: components.map(({ ref }) => ref), edges: edges(sorted, refs) }),
    completeness: input.ledger?.summary.completeness ?? (isKnownIncomplete(input) ? 'incomplete' : 'unknown'),
    catalogers: input.catalogers.toSorted((a, b) => compareCodeUnits(a.id, b.id)),
    properties: documentProperties(input),
    knownUnknowns,
    notes: (input.notes ?? []).map((note) => ({ ...note, message: cleanLine(note.message) })),
  };
}

function isKnownIncomplete({ diagnostics, notes = [] }: SbomInput): boolean {
  return diagnostics.some(({ severity }) => severity === 'error') || notes.some(({ kind }) => kind === 'known-unknown');
}

/** The purl (else the package's key) when only one package has it, else with `#` and a short hash of where the package was found. */
function packageRefs(packages: readonly Package[], taken: Set<string>): ReadonlyMap<Package, string> {
  const names = new Map(packages.map((pkg) => [pkg, cleanText(packagePurl(pkg) ?? packageKey(pkg))]));
  const counts = new Map<string, number>();
  for (const name of names.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const refs = new Map<Package, string>();
  for (const [pkg, name] of names) {
    let ref = counts.get(name) === 1 ? name : `${name}#${evidenceHash(pkg)}`;
    for (let copy = 2; taken.has(ref); copy += 1) ref = `${name}#${evidenceHash(pkg)}-${copy}`;
    taken.add(ref);
    refs.set(pkg, ref);
  }
  return refs;
}

function evidenceHash(pkg: Package): string {
  const places = pkg.locations.map(({ path, inside = '', layer }) => `${layer} ${path} ${inside}`.trimEnd());
  return sha256Hex([pkg.foundBy, ...places].join('\n')).slice(0, 12);
}

/** What each component needs, and what lies inside it. */
function edges(
  packages: readonly Package[],
  refs: ReadonlyMap<Package, string>,
): ReadonlyMap<string, readonly string[]> {
  const byId = new Map(packages.map((pkg) => [pkg.id, refs.get(pkg)!]));
  const graph = new Map<string, string[]>();
  for (const pkg of packages) {
    const known = pkg.dependsOn.flatMap((id) => byId.get(id) ?? []);
    graph.set(refs.get(pkg)!, known);
  }
  for (const pkg of packages) {
    const whole = pkg.partOf === undefined ? undefined : byId.get(pkg.partOf);
    if (whole !== undefined) graph.get(whole)?.push(refs.get(pkg)!);
  }
  return graph;
}

/** SOURCE_DATE_EPOCH, else when the image says it was created. */
function documentTime(input: SbomInput): string | undefined {
  const epoch = input.sourceDateEpoch;
  const date = epoch === undefined ? new Date(input.subject.created ?? Number.NaN) : new Date(epoch * 1000);
  const year = date.getUTCFullYear();
  return year >= 0 && year <= 9999 ? date.toISOString() : undefined;
}

function identityFacts(input: SbomInput, timestamp: string | undefined): JsonValue {
  return {
    subject: input.subject.digest ?? input.subject.layers.map((layer) => layer.diffId ?? layer.digest ?? ''),
    // a directory has no digest: the packages themselves tell two of them apart
    content: input.subject.digest === undefined ? contentHash(input.packages, input.distribution) : null,
    name: input.subject.name ?? null,
    tags: input.subject.tags ?? [],
    tool: { name: input.tool.name, version: input.tool.version },
    catalogers: Object.fromEntries(input.catalogers.map(({ id, version }) => [id, version])),
    options: input.options ?? null,
    ...(input.base === undefined ? {} : { base: input.base.digest }),
    timestamp: timestamp ?? null,
  };
}

function contentHash(packages: readonly Package[], distribution: Distribution | undefined): string {
  const keys = packages.map((pkg) => `${packageKey(pkg)} ${pkg.locations.map(({ path }) => path).join(' ')}`);
  return sha256Hex(
    [distribution?.id ?? '', distribution?.versionId ?? '', ...keys.toSorted(compareCodeUnits)].join('\n'),
  );
}

function documentProperties(input: SbomInput): readonly SbomProperty[] {
  const properties: SbomProperty[] = input.catalogers.map(({ id, version }) => ({
    name: `waybill:cataloger:${cleanLine(id)}`,
    value: String(version),
  }));
  for (const { code, severity, message, path, source } of input.diagnostics) {
    const where = path === undefined ? '' : ` ${path}`;
    properties.push({
      name: 'waybill:known-unknown',
      value: cleanLine(`${severity} ${source} ${code}${where}: ${message}`),
    });
  }
  if (input.base !== undefined) properties.push(...baseProperties(input.base));
  if (input.ledger !== undefined) properties.push(...ledgerProperties(input.ledger));
  for (const { kind, code, message, path, source } of input.notes ?? []) {
    properties.push({ name: `waybill:${kind}`, value: cleanLine(`note ${source} ${code} ${path}: ${message}`) });
  }
  return sortProperties(properties);
}

function baseProperties({ image, digest, layerCount, removed }: SbomBase): readonly SbomProperty[] {
  return [
    { name: 'waybill:base:image', value: cleanLine(image) },
    { name: 'waybill:base:digest', value: cleanLine(digest) },
    { name: 'waybill:base:layers', value: String(layerCount) },
    ...removed.map((pkg) => ({ name: 'waybill:base:removed', value: cleanLine(packagePurl(pkg) ?? packageKey(pkg)) })),
  ];
}
