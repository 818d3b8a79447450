import { compareCodeUnits } from '../core/index.ts';
import type { ComparableComponent, ComparableSbom } from './comparable.ts';

export type ComparedField = 'type' | 'name' | 'group' | 'version' | 'purl' | 'licenses' | 'locations' | 'dependsOn';

/** One way in which an attested SBOM is not what our own scan of the image finds. */
export interface SbomDifference {
  /** `missing`: in the image, not in the attested SBOM; `added`: in the attested SBOM, not in the image. */
  readonly kind: 'missing' | 'added' | 'altered';
  /** Key of the component in our own scan, for `added` in the attested SBOM. From hostile input: escape before showing. */
  readonly component: string;
  /** For `altered`. */
  readonly field?: ComparedField;
  readonly attested?: string | readonly string[];
  readonly own?: string | readonly string[];
  /** `warn`: another version of this cataloger made the attested SBOM. */
  readonly severity: 'fail' | 'warn';
  readonly cataloger?: string;
}

const FIELDS = ['type', 'name', 'group', 'version', 'purl', 'licenses', 'locations', 'dependsOn'] as const;

/**
 * Compares an attested SBOM with our own scan of the same image. Components are matched by key; of those left over, a pair that alone shares a
 * name on both sides is one that was altered. Sorted by component, then field; empty when both say the same. Linear but for sorting.
 */
export function compareSboms(attested: ComparableSbom, own: ComparableSbom): readonly SbomDifference[] {
  const theirs = new Map(attested.components.map((component) => [component.key, component]));
  const ours = new Map(own.components.map((component) => [component.key, component]));
  const renamed = pairLeftOvers(theirs, ours);
  const isOtherVersion = (cataloger: string | undefined): boolean => {
    if (cataloger === undefined || !Object.hasOwn(attested.catalogers, cataloger)) return false;
    return (
      attested.catalogers[cataloger] !==
      (Object.hasOwn(own.catalogers, cataloger) ? own.catalogers[cataloger] : undefined)
    );
  };
  const mark = (cataloger: string | undefined): Pick<SbomDifference, 'severity' | 'cataloger'> => ({
    severity: isOtherVersion(cataloger) ? 'warn' : 'fail',
    ...(cataloger === undefined ? {} : { cataloger }),
  });
  const differences: SbomDifference[] = [];
  const matched = new Set<string>();
  for (const [key, mine] of ours) {
    const their = theirs.get(key) ?? renamed.get(key);
    if (their === undefined) {
      differences.push({ kind: 'missing', component: key, ...mark(mine.cataloger) });
      continue;
    }
    matched.add(their.key);
    differences.push(...alterations(their, mine, renamed).map((change) => ({ ...change, ...mark(mine.cataloger) })));
  }
  for (const [key, their] of theirs) {
    if (!matched.has(key)) differences.push({ kind: 'added', component: key, ...mark(their.cataloger) });
  }
  return differences.toSorted(
    (a, b) =>
      compareCodeUnits(a.component, b.component) ||
      compareCodeUnits(a.field ?? '', b.field ?? '') ||
      compareCodeUnits(a.kind, b.kind),
  );
}

type Alteration = Pick<SbomDifference, 'kind' | 'component' | 'field' | 'attested' | 'own'>;

function alterations(
  their: ComparableComponent,
  mine: ComparableComponent,
  renamed: ReadonlyMap<string, ComparableComponent>,
): readonly Alteration[] {
  // an edge to a component that got another key is the same edge
  const translated: ComparableComponent = {
    ...mine,
    dependsOn: mine.dependsOn.map((key) => renamed.get(key)?.key ?? key).toSorted(compareCodeUnits),
  };
  return FIELDS.flatMap((field) => {
    const [attested, own] = [their[field], translated[field]];
    if (JSON.stringify(attested) === JSON.stringify(own)) return [];
    return [
      {
        kind: 'altered' as const,
        component: mine.key,
        field,
        ...(attested === undefined ? {} : { attested }),
        ...(own === undefined ? {} : { own }),
      },
    ];
  });
}

/** Our key to their component, where exactly one left over on each side has the same type and name. */
function pairLeftOvers(
  theirs: ReadonlyMap<string, ComparableComponent>,
  ours: ReadonlyMap<string, ComparableComponent>,
): ReadonlyMap<string, ComparableComponent> {
  const leftTheirs = byName([...theirs.values()].filter(({ key }) => !ours.has(key)));
  const leftOurs = byName([...ours.values()].filter(({ key }) => !theirs.has(key)));
  const pairs = new Map<string, ComparableComponent>();
  for (const [name, [mine, ...more]] of leftOurs) {
    const [their, ...others] = leftTheirs.get(name) ?? [];
    if (mine !== undefined && their !== undefined && more.length === 0 && others.length === 0)
      pairs.set(mine.key, their);
  }
  return pairs;
}

function byName(components: readonly ComparableComponent[]): ReadonlyMap<string, readonly ComparableComponent[]> {
  return Map.groupBy(components, ({ purl, group, name }) => {
    const ecosystem = /^pkg:[^/]+/.exec(purl ?? '')?.[0] ?? '';
    return JSON.stringify([ecosystem, group ?? '', name]);
  });
}
