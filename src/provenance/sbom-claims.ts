import type { JsonValue } from '../core/index.ts';
import { listAt, textAt, valueAt } from './slsa/json.ts';
import { parseImagePurl } from './slsa/index.ts';
import type { BaseClaim } from './types.ts';

/** More than any SBOM names; the rest is left out. */
const MAX_ANCESTORS = 16;
const MAX_COMPONENTS = 1000;
const IS_BASE = 'konflux:container:is_base_image';

/**
 * What a CycloneDX document says about the base: `metadata.component.pedigree.ancestors`, and components of `formulation` that are marked as the base image
 * the way Konflux does. Only images named by a package URL count.
 * @param bom hostile
 * @see https://cyclonedx.org/docs/1.6/json/#metadata_component_pedigree_ancestors
 */
export function sbomClaims(bom: JsonValue): readonly BaseClaim[] {
  const ancestors = listAt(bom, ['metadata', 'component', 'pedigree', 'ancestors']) ?? [];
  const formulas = (listAt(bom, ['formulation']) ?? []).slice(0, MAX_COMPONENTS);
  const marked = formulas
    .flatMap((formula) => (listAt(formula, ['components']) ?? []).slice(0, MAX_COMPONENTS))
    .slice(0, MAX_COMPONENTS)
    .filter(isMarkedAsBase);
  return [...ancestors.slice(0, MAX_ANCESTORS), ...marked.slice(0, MAX_ANCESTORS)].flatMap((component) => {
    const name = parseImagePurl(textAt(component, ['purl'], 4096) ?? '');
    if (name === undefined || (name.repository === undefined && name.digest === undefined)) return [];
    const { repository, tag, digest } = name;
    return [
      {
        source: 'sbom' as const,
        ...(repository === undefined ? {} : { name: `${repository}${tag === undefined ? '' : `:${tag}`}` }),
        ...(digest === undefined ? {} : { digest }),
      },
    ];
  });
}

function isMarkedAsBase(component: JsonValue): boolean {
  return (listAt(component, ['properties']) ?? [])
    .slice(0, 100)
    .some((property) => valueAt(property, ['name']) === IS_BASE && valueAt(property, ['value']) === 'true');
}
