import type { IdentityEvidence } from '../../packages/index.ts';
import type { SbomComponent } from '../types.ts';
import type { CycloneDxVersion } from './library.ts';

export interface IdentityMethod {
  readonly technique: string;
  readonly confidence: number;
  readonly value?: string;
}

export interface ComponentIdentity {
  readonly field: 'name' | 'version' | 'purl';
  readonly confidence: number;
  readonly concludedValue?: string;
  readonly methods: readonly IdentityMethod[];
}

export interface ComponentOccurrence {
  readonly location: string;
  /** From 1.6 on: `layer 3`. */
  readonly additionalContext?: string;
}

export interface ComponentEvidence {
  /** One at most before 1.6. */
  readonly identity: readonly ComponentIdentity[];
  readonly occurrences: readonly ComponentOccurrence[];
}

/** Most telling first. */
const FIELDS = ['purl', 'name', 'version'] as const;

/** The evidence of a component as this version of CycloneDX can say it, or undefined when there is none. */
export function componentEvidence(component: SbomComponent, version: CycloneDxVersion): ComponentEvidence | undefined {
  if (component.identity.length === 0 && component.occurrences.length === 0) return undefined;
  const all = FIELDS.flatMap((field) => {
    const methods = component.identity.filter((item) => item.field === field);
    return methods.length === 0 ? [] : [identity(component, field, { methods, version })];
  });
  // other names of the same software, found in the component's own files; 1.5 has room for one identity only
  const others = component.alsoKnownAs.map((other): ComponentIdentity => {
    const { purl, foundBy, path, technique = 'manifest-analysis', confidence = 1 } = other;
    const method = { technique, confidence, value: `${foundBy}: ${path}` };
    return { field: 'purl', confidence, concludedValue: purl, methods: [method] };
  });
  return {
    identity: version === '1.5' ? all.slice(0, 1) : [...all, ...others],
    occurrences: component.occurrences.map(({ path, layer }) => ({
      location: path,
      ...(version === '1.5' || layer < 0 ? {} : { additionalContext: `layer ${layer}` }),
    })),
  };
}

function identity(
  component: SbomComponent,
  field: ComponentIdentity['field'],
  options: { readonly methods: readonly IdentityEvidence[]; readonly version: CycloneDxVersion },
): ComponentIdentity {
  const concluded = component[field];
  return {
    field,
    confidence: Math.max(...options.methods.map(({ confidence }) => confidence)),
    ...(options.version === '1.5' || concluded === undefined ? {} : { concludedValue: concluded }),
    methods: options.methods.map(({ technique, confidence, value }) => ({
      technique,
      confidence,
      ...(value === undefined || value === '' ? {} : { value }),
    })),
  };
}

/** The layers of occurrences for versions whose occurrences cannot say them: `waybill:occurrence` = `3 /path`. */
export function occurrenceProperties(
  component: SbomComponent,
  version: CycloneDxVersion,
): readonly { readonly name: string; readonly value: string }[] {
  if (version !== '1.5') return [];
  return component.occurrences
    .filter(({ layer }) => layer >= 0)
    .map(({ path, layer }) => ({ name: 'waybill:occurrence', value: `${layer} ${path}` }));
}
