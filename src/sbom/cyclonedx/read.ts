import { compareCodeUnits, parseStrictJson, type JsonValue } from '../../core/index.ts';
import { keyComponents, type ComparableSbom, type UnkeyedComponent } from '../comparable.ts';
import { sbomError } from '../errors.ts';

type JsonObject = { readonly [key: string]: JsonValue | undefined };

const MAX_BYTES = 128 * 1024 * 1024;
const MAX_COMPONENTS = 200_000;
const MAX_EDGES = 5_000_000;

/**
 * Reads what can be compared of a CycloneDX JSON document of any version, whoever made it. Nested components are taken as components of their own;
 * the image (`metadata.component`), its edges, and components of scope `excluded` are left out. Properties that are read: `waybill:cataloger` and `waybill:occurrence` of components,
 * `waybill:cataloger:ID` of the document. Hostile input.
 * @throws AppError SBOM_MALFORMED, SBOM_TOO_LARGE, JSON_INVALID, LIMIT_EXCEEDED
 */
export function readCycloneDxJson(bytes: Uint8Array): ComparableSbom {
  return readCycloneDxValue(parseStrictJson(bytes, 'the SBOM', { maxBytes: MAX_BYTES }));
}

/** The same for a value that was parsed already: the predicate of an attestation. */
export function readCycloneDxValue(value: JsonValue): ComparableSbom {
  const bom = object(value, 'the SBOM');
  if (bom['bomFormat'] !== 'CycloneDX') throw malformed('the SBOM is no CycloneDX document: "bomFormat" is missing');
  const edges = readEdges(bom);
  const components: UnkeyedComponent[] = [];
  const refs = new Set<string>();
  const open: (readonly [JsonValue, string])[] = items(bom['components'], 'components');
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const [item, path] = entry;
    const source = object(item, path);
    if (source['scope'] === 'excluded') continue;
    const component = readComponent(source, path, edges);
    if (component.ref !== '') {
      if (refs.has(component.ref))
        throw malformed(`${path}: the bom-ref ${JSON.stringify(component.ref.slice(0, 200))} is used twice`);
      refs.add(component.ref);
    }
    components.push(component);
    if (components.length > MAX_COMPONENTS) {
      throw sbomError('SBOM_TOO_LARGE', `the SBOM has more than ${MAX_COMPONENTS} components`);
    }
    for (const nested of items(source['components'], `${path}.components`)) open.push(nested);
  }
  return keyComponents(components, readCatalogers(bom));
}

function readComponent(
  source: JsonObject,
  path: string,
  edges: ReadonlyMap<string, readonly string[]>,
): UnkeyedComponent {
  const name = source['name'];
  if (typeof name !== 'string') throw malformed(`${path} has no name`);
  const ref = text(source['bom-ref']) ?? '';
  const properties = readProperties(source['properties'], path);
  const cataloger = properties.find((property) => property.name === 'waybill:cataloger')?.value;
  return {
    ref,
    type: text(source['type']) ?? 'library',
    name,
    ...optional('group', text(source['group'])),
    ...optional('version', text(source['version'])),
    ...optional('purl', text(source['purl'])),
    ...optional('cataloger', cataloger),
    licenses: readLicenses(source['licenses'], path),
    locations: readLocations(source, path, properties),
    needs: edges.get(ref) ?? [],
  };
}

function readLocations(
  source: JsonObject,
  path: string,
  properties: readonly { readonly name: string; readonly value: string }[],
): readonly string[] {
  const evidence = source['evidence'] === undefined ? {} : object(source['evidence'], `${path}.evidence`);
  const told = properties.filter(({ name }) => name === 'waybill:occurrence').map(({ value }) => value);
  const withLayer = new Set(told.map((value) => value.slice(value.indexOf(' ') + 1)));
  const locations = items(evidence['occurrences'], `${path}.evidence.occurrences`).flatMap(([item, where]) => {
    const occurrence = object(item, where);
    const location = text(occurrence['location']) ?? '';
    const layer = /^layer (\d{1,6})$/.exec(text(occurrence['additionalContext']) ?? '')?.[1];
    if (layer !== undefined) return [`${layer} ${location}`];
    return withLayer.has(location) ? [] : [location];
  });
  return [...told, ...locations].toSorted(compareCodeUnits);
}

function readLicenses(value: JsonValue | undefined, path: string): readonly string[] {
  const licenses = items(value, `${path}.licenses`).map(([item, where]) => {
    const choice = object(item, where);
    if (choice['expression'] !== undefined) return text(choice['expression']) ?? '';
    const license = object(choice['license'], `${where}.license`);
    return text(license['id']) ?? text(license['name']) ?? '';
  });
  return licenses.toSorted(compareCodeUnits);
}

function readEdges(bom: JsonObject): ReadonlyMap<string, readonly string[]> {
  const edges = new Map<string, readonly string[]>();
  let count = 0;
  for (const [item, path] of items(bom['dependencies'], 'dependencies')) {
    const dependency = object(item, path);
    const ref = text(dependency['ref']);
    if (ref === undefined) throw malformed(`${path} has no ref`);
    const targets = items(dependency['dependsOn'], `${path}.dependsOn`).map(([target]) => text(target) ?? '');
    count += targets.length;
    if (count > MAX_EDGES) throw sbomError('SBOM_TOO_LARGE', `the SBOM has more than ${MAX_EDGES} dependencies`);
    edges.set(ref, [...(edges.get(ref) ?? []), ...targets]);
  }
  return edges;
}

function readCatalogers(bom: JsonObject): Readonly<Record<string, string>> {
  if (bom['metadata'] === undefined) return {};
  const metadata = object(bom['metadata'], 'metadata');
  const prefix = 'waybill:cataloger:';
  return Object.fromEntries(
    readProperties(metadata['properties'], 'metadata')
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, value }) => [name.slice(prefix.length), value]),
  );
}

function readProperties(
  value: JsonValue | undefined,
  path: string,
): readonly { readonly name: string; readonly value: string }[] {
  return items(value, `${path}.properties`).map(([item, where]) => {
    const property = object(item, where);
    return { name: text(property['name']) ?? '', value: text(property['value']) ?? '' };
  });
}

function object(value: JsonValue | undefined, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${path} is no object`);
  return value as JsonObject;
}

function items(value: JsonValue | undefined, path: string): (readonly [JsonValue, string])[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw malformed(`${path} is no list`);
  return (value as readonly JsonValue[]).map((item, index) => [item, `${path}[${index}]`]);
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function optional<Key extends string>(key: Key, value: string | undefined): { readonly [K in Key]?: string } {
  return value === undefined || value === '' ? {} : ({ [key]: value } as { readonly [K in Key]?: string });
}

function malformed(message: string): Error {
  return sbomError('SBOM_MALFORMED', message);
}
