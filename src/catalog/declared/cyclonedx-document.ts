import { asObject, asText, type JsonObject } from '../language/json-fields.ts';
import {
  parseDeclaredPurl,
  uniqueComponents,
  type DeclaredComponent,
  type DeclaredDocument,
} from './declared-document.ts';
import { recordsOf } from './json-values.ts';

const WHOLE_IMAGE: ReadonlySet<string> = new Set(['container', 'operating-system']);

/** undefined when it is no CycloneDX document. Nested components count, what is excluded does not. @see https://cyclonedx.org/docs/1.7/json/ */
export function cycloneDxDocument(document: JsonObject): DeclaredDocument | undefined {
  if (document['bomFormat'] !== 'CycloneDX') return undefined;
  const subject = asObject(asObject(document['metadata'])?.['component']);
  return {
    format: 'CycloneDX',
    ...uniqueComponents(componentsOf(document, subject)),
    covers: coverage(document, subject),
  };
}

function* componentsOf(document: JsonObject, subject: JsonObject | undefined): Generator<DeclaredComponent> {
  const own = subject === undefined ? undefined : componentOf(subject, true);
  if (own !== undefined) yield own;
  const pending = [recordsOf(subject?.['components']), recordsOf(document['components'])];
  for (let list = pending.pop(); list !== undefined; list = pending.pop()) {
    for (const record of list) {
      if (record['scope'] === 'excluded') continue;
      const component = componentOf(record, false);
      if (component !== undefined) yield component;
      const nested = recordsOf(record['components']);
      if (nested.length > 0) pending.push(nested);
    }
  }
}

function componentOf(record: JsonObject, isSubject: boolean): DeclaredComponent | undefined {
  const purl = parseDeclaredPurl(asText(record['purl']) ?? '');
  const name = asText(record['name']);
  return purl === undefined ? undefined : { purl, isSubject, ...(name === undefined ? {} : { name }) };
}

/** A container or a system is a whole image; anything else covers its folder, when a composition says that the subject's list is complete. */
function coverage(document: JsonObject, subject: JsonObject | undefined): DeclaredDocument['covers'] {
  if (WHOLE_IMAGE.has(asText(subject?.['type']) ?? '')) return 'image';
  const reference = asText(subject?.['bom-ref']);
  const isComplete = recordsOf(document['compositions']).some(({ aggregate, assemblies }) => {
    if (aggregate !== 'complete') return false;
    return (
      assemblies === undefined ||
      (Array.isArray(assemblies) && reference !== undefined && assemblies.includes(reference))
    );
  });
  return isComplete ? 'folder' : 'nothing';
}
