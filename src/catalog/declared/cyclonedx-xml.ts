import type { JsonObject } from '../language/json-fields.ts';
import { tryParseXml, type XmlElement } from '../../formats/index.ts';

const NAMESPACE = 'http://cyclonedx.org/schema/bom/';
/** Some ten for each of the components that are read, and more than real documents have. */
const MAX_ELEMENTS = 1_000_000;
const MAX_DEPTH = 256;

/**
 * A CycloneDX document in XML, as it would be in JSON, as far as documents are compared. Hostile input: linear time, never throws.
 * @returns a sentence for one that has too many elements, undefined for XML of another kind
 * @see https://cyclonedx.org/docs/1.7/xml/
 */
export function cycloneDxRecord(text: string): JsonObject | string | undefined {
  if (countTags(text) > MAX_ELEMENTS) return `it has more than ${MAX_ELEMENTS} elements`;
  const bom = tryParseXml(text, { maxElements: MAX_ELEMENTS, maxDepth: MAX_DEPTH });
  if (bom?.name !== 'bom' || ![...bom.attributes.values()].some((value) => value.startsWith(NAMESPACE))) {
    return undefined;
  }
  const subject = child(child(bom, 'metadata'), 'component');
  return {
    bomFormat: 'CycloneDX',
    ...(subject === undefined ? {} : { metadata: { component: componentOf(subject) } }),
    components: componentsOf(bom),
    compositions: children(child(bom, 'compositions'), 'composition').map(compositionOf),
  };
}

function countTags(text: string): number {
  let count = 0;
  for (let at = text.indexOf('<'); at !== -1 && count <= MAX_ELEMENTS; at = text.indexOf('<', at + 1)) {
    if (text[at + 1] !== '/') count += 1;
  }
  return count;
}

function componentOf(element: XmlElement): JsonObject {
  const type = element.attributes.get('type');
  const reference = element.attributes.get('bom-ref');
  const text = (name: string): string | undefined => child(element, name)?.text;
  return {
    type,
    'bom-ref': reference,
    name: text('name'),
    purl: text('purl'),
    scope: text('scope'),
    components: componentsOf(element),
  };
}

function componentsOf(element: XmlElement): readonly JsonObject[] {
  return children(child(element, 'components'), 'component').map(componentOf);
}

/** Without `assemblies` it is about everything. */
function compositionOf(element: XmlElement): JsonObject {
  const list = child(element, 'assemblies');
  const assemblies = list?.children.map(({ attributes }) => attributes.get('ref'));
  return { aggregate: child(element, 'aggregate')?.text, ...(assemblies === undefined ? {} : { assemblies }) };
}

function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((item) => item.name === name);
}

function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((item) => item.name === name) ?? [];
}
