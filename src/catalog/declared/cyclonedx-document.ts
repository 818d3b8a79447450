import {
  parseDeclaredPurl,
  uniqueComponents,
  type DeclaredComponent,
  type DeclaredDocument,
} from './declared-document.ts';
import { recordOf, recordsOf, textOf, type JsonRecord } from './json-values.ts';

const WHOLE_IMAGE: ReadonlySet<string> = new Set(['container', 'operating-system']);

/** undefined when it is no CycloneDX document. Nested components count, what is excluded does not. @see https://cyclonedx.org/docs/1.7/json/ */
export function cycloneDxDocument(document: JsonRecord): DeclaredDocument | undefined {
  if (document['bomFormat'] !== 'CycloneDX') return undefined;
  const subject = recordOf(recordOf(document['metadata'])?.['component']);
  return {
    format: 'CycloneDX',
    ...uniqueComponents(componentsOf(document, subject)),
    covers: coverage(document, subject),
  };
}

function* componentsOf(document: JsonRecord, subject: JsonRecord | undefined): Generator<DeclaredComponent> {
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

function componentOf(record: JsonRecord, isSubject: boolean): DeclaredComponent | undefined {
  const purl = parseDeclaredPurl(textOf(record['purl']) ?? '');
  const name = textOf(record['name']);
  return purl === undefined ? undefined : { purl, isSubject, ...(name === undefined ? {} : { name }) };
}

/** A container or a system is a whole image; anything else covers its folder, when a composition says that the subject's list is complete. */
function coverage(document: JsonRecord, subject: JsonRecord | undefined): DeclaredDocument['covers'] {
  if (WHOLE_IMAGE.has(textOf(subject?.['type']) ?? '')) return 'image';
  const reference = textOf(subject?.['bom-ref']);
  const isComplete = recordsOf(document['compositions']).some(({ aggregate, assemblies }) => {
    if (aggregate !== 'complete') return false;
    return (
      assemblies === undefined ||
      (Array.isArray(assemblies) && reference !== undefined && assemblies.includes(reference))
    );
  });
  return isComplete ? 'folder' : 'nothing';
}
