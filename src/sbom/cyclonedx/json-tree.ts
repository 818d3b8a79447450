import type { SbomDocument } from '../types.ts';
import { componentEvidence, occurrenceProperties } from './evidence.ts';
import type { CycloneDxVersion } from './library.ts';

/** The members of the library's normalised tree that are completed here. */
interface JsonComponent {
  properties?: { name?: string; value?: string }[];
  evidence?: unknown;
}

export interface JsonBom {
  components?: JsonComponent[];
  compositions?: unknown;
}

/** Adds what the library's model lacks: evidence of identity, occurrences, compositions. Components are in document order. */
export function completeJson(tree: JsonBom, document: SbomDocument, version: CycloneDxVersion): void {
  for (const [index, component] of document.components.entries()) {
    const target = tree.components?.[index];
    if (target === undefined) continue;
    const extra = occurrenceProperties(component, version);
    if (extra.length > 0) target.properties = [...(target.properties ?? []), ...extra];
    const evidence = componentEvidence(component, version);
    if (evidence === undefined) continue;
    const { identity, occurrences } = evidence;
    target.evidence = {
      ...(identity.length === 0 ? {} : { identity: version === '1.5' ? identity[0] : identity }),
      ...(occurrences.length === 0 ? {} : { occurrences }),
    };
  }
  tree.compositions = [
    { aggregate: document.completeness, assemblies: [document.root.ref], dependencies: [document.root.ref] },
  ];
}
