import { compareCodeUnits } from '../core/index.ts';
import type { SbomComponent, SbomDocument } from './types.ts';

/** What two SBOMs of one image are compared by: plain JSON, without tool, serial number, timestamp and reference names. */
export interface ComparableSbom {
  /** Versions by cataloger id, as recorded in the document. */
  readonly catalogers: Readonly<Record<string, string>>;
  /** Sorted by key. Without the image itself. */
  readonly components: readonly ComparableComponent[];
}

export interface ComparableComponent {
  /** Unique: purl, else `type:group/name@version`; where that is not unique, with `#` and the first location, then a number. */
  readonly key: string;
  /** CycloneDX component type. */
  readonly type: string;
  readonly name: string;
  readonly group?: string;
  readonly version?: string;
  readonly purl?: string;
  readonly cataloger?: string;
  /** Identifiers, expressions and names; sorted. */
  readonly licenses: readonly string[];
  /** `LAYER PATH` (`3 /usr/bin/x`), or the path alone without a known layer; sorted. */
  readonly locations: readonly string[];
  /** Keys of the components that it needs; sorted. */
  readonly dependsOn: readonly string[];
}

/** A component before keys are given: edges by whatever references its source uses. */
export interface UnkeyedComponent extends Omit<ComparableComponent, 'key' | 'dependsOn'> {
  readonly ref: string;
  readonly needs: readonly string[];
}

/** Our own document as what is compared: what containers see (hidden packages, scope `excluded`, are left out). Equal to what `readCycloneDxJson` gives for the same document written in any version. */
export function comparableSbom(document: SbomDocument): ComparableSbom {
  return keyComponents(
    document.components
      .filter(({ scope }) => scope !== 'excluded')
      .map((component) => unkeyed(component, document.dependencies.get(component.ref) ?? [])),
    Object.fromEntries(document.catalogers.map(({ id, version }) => [id, String(version)])),
  );
}

function unkeyed(component: SbomComponent, needs: readonly string[]): UnkeyedComponent {
  return {
    ref: component.ref,
    type: component.type,
    name: component.name,
    ...(component.group === undefined ? {} : { group: component.group }),
    ...(component.version === undefined ? {} : { version: component.version }),
    ...(component.purl === undefined ? {} : { purl: component.purl }),
    ...(component.foundBy === undefined ? {} : { cataloger: component.foundBy }),
    licenses: component.licenses.map(({ value }) => value).toSorted(compareCodeUnits),
    locations: component.occurrences
      .map(({ path, layer }) => (layer < 0 ? path : `${layer} ${path}`))
      .toSorted(compareCodeUnits),
    needs,
  };
}

/** Gives every component its key and translates edges into keys; edges that lead nowhere are kept as `?REF`. */
export function keyComponents(
  components: readonly UnkeyedComponent[],
  catalogers: Readonly<Record<string, string>>,
): ComparableSbom {
  const sorted = components
    .map((component) => ({
      component,
      name: baseKey(component),
      rest: JSON.stringify([component.locations, component.licenses]),
    }))
    .toSorted((a, b) => compareCodeUnits(a.name, b.name) || compareCodeUnits(a.rest, b.rest));
  const counts = new Map<string, number>();
  for (const { name } of sorted) counts.set(name, (counts.get(name) ?? 0) + 1);
  const taken = new Set<string>();
  const keys = new Map<string, string>();
  const keyed = sorted.map(({ component, name }) => {
    const base = counts.get(name) === 1 ? name : `${name}#${component.locations[0] ?? ''}`;
    let key = base;
    for (let copy = 2; taken.has(key); copy += 1) key = `${base}#${copy}`;
    taken.add(key);
    if (component.ref !== '') keys.set(component.ref, key);
    return { key, component };
  });
  return {
    catalogers,
    components: keyed
      .map(({ key, component: { ref: _ref, needs, ...fields } }) => ({
        key,
        ...fields,
        dependsOn: [...new Set(needs.map((need) => keys.get(need) ?? `?${need}`))].toSorted(compareCodeUnits),
      }))
      .toSorted((a, b) => compareCodeUnits(a.key, b.key)),
  };
}

function baseKey({ purl, type, group, name, version }: UnkeyedComponent): string {
  return (
    purl ?? `${type}:${group === undefined ? '' : `${group}/`}${name}${version === undefined ? '' : `@${version}`}`
  );
}
