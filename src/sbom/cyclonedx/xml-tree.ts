import type { Serialize } from '@cyclonedx/cyclonedx-library';
import type { SbomDocument } from '../types.ts';
import { componentEvidence, occurrenceProperties, type ComponentIdentity } from './evidence.ts';
import type { CycloneDxVersion } from './library.ts';

export type XmlElement = Serialize.XML.Types.SimpleXml.Element;

/** The same as `completeJson` for the library's XML tree. Elements stand where the schema's sequence wants them. */
export function completeXml(root: XmlElement, document: SbomDocument, version: CycloneDxVersion): XmlElement {
  const children = childrenOf(root).map((child) =>
    child.name === 'components' ? completeComponents(child, document, version) : child,
  );
  const at = children.findIndex(({ name }) => name === 'dependencies') + 1;
  children.splice(at === 0 ? children.length : at, 0, compositions(document));
  return { ...root, children };
}

function completeComponents(parent: XmlElement, document: SbomDocument, version: CycloneDxVersion): XmlElement {
  const children = childrenOf(parent).map((element, index) => {
    const component = document.components[index];
    if (component === undefined) return element;
    const parts = childrenOf(element).map((part) => {
      const extra = part.name === 'properties' ? occurrenceProperties(component, version) : [];
      if (extra.length === 0) return part;
      const added = extra.map(({ name, value }) => ({ ...leaf('property', value), attributes: { name } }));
      return { ...part, children: [...childrenOf(part), ...added] };
    });
    const evidence = componentEvidence(component, version);
    if (evidence === undefined) return { ...element, children: parts };
    const occurrences = evidence.occurrences.map(({ location, additionalContext }) =>
      branch('occurrence', [
        leaf('location', location),
        ...(additionalContext === undefined ? [] : [leaf('additionalContext', additionalContext)]),
      ]),
    );
    const found = [
      ...evidence.identity.map(identityElement),
      ...(occurrences.length === 0 ? [] : [branch('occurrences', occurrences)]),
    ];
    return { ...element, children: [...parts, branch('evidence', found)] };
  });
  return { ...parent, children };
}

function identityElement(identity: ComponentIdentity): XmlElement {
  const { field, confidence, concludedValue, methods } = identity;
  return branch('identity', [
    leaf('field', field),
    leaf('confidence', confidence),
    ...(concludedValue === undefined ? [] : [leaf('concludedValue', concludedValue)]),
    branch(
      'methods',
      methods.map((method) =>
        branch('method', [
          leaf('technique', method.technique),
          leaf('confidence', method.confidence),
          ...(method.value === undefined ? [] : [leaf('value', method.value)]),
        ]),
      ),
    ),
  ]);
}

function compositions({ completeness, root }: SbomDocument): XmlElement {
  const reference = (name: string): XmlElement => ({ type: 'element', name, attributes: { ref: root.ref } });
  return branch('compositions', [
    branch('composition', [
      leaf('aggregate', completeness),
      branch('assemblies', [reference('assembly')]),
      branch('dependencies', [reference('dependency')]),
    ]),
  ]);
}

function branch(name: string, children: readonly XmlElement[]): XmlElement {
  return { type: 'element', name, children };
}

function leaf(name: string, text: string | number): XmlElement {
  return { type: 'element', name, children: text };
}

/** Child elements; comments do not occur in what the library makes. */
function childrenOf({ children }: XmlElement): XmlElement[] {
  if (children === undefined || typeof children === 'string' || typeof children === 'number') return [];
  return [...children].filter((child): child is XmlElement => child.type === 'element');
}
