import { asText, type JsonObject } from '../language/json-fields.ts';
import {
  parseDeclaredPurl,
  uniqueComponents,
  type DeclaredComponent,
  type DeclaredDocument,
} from './declared-document.ts';
import { recordsOf } from './json-values.ts';

const WHOLE_IMAGE: ReadonlySet<string> = new Set([
  'CONTAINER',
  'OPERATING-SYSTEM',
  'OPERATING_SYSTEM',
  'container',
  'operatingSystem',
]);

/** Relations whose other end is what a package was made with or from, and is not installed. */
const NOT_INSTALLED_TARGET: ReadonlySet<string> = new Set([
  'GENERATED_FROM',
  'DESCENDANT_OF',
  'PATCH_APPLIED',
  'BUILD_DEPENDENCY',
  'DEV_DEPENDENCY',
]);
const NOT_INSTALLED_SOURCE: ReadonlySet<string> = new Set([
  'GENERATES',
  'ANCESTOR_OF',
  'BUILD_TOOL_OF',
  'DEV_TOOL_OF',
  'TEST_TOOL_OF',
  'BUILD_DEPENDENCY_OF',
  'DEV_DEPENDENCY_OF',
  'TEST_DEPENDENCY_OF',
  'PROVIDED_DEPENDENCY_OF',
  'PATCH_FOR',
]);

/**
 * undefined when it is no SPDX document in JSON, of version 2 or 3. Sources that packages were made from are left out.
 * @see https://spdx.github.io/spdx-spec/v2.3/
 */
export function spdxDocument(document: JsonObject): DeclaredDocument | undefined {
  if (asText(document['spdxVersion'])?.startsWith('SPDX-2.') === true) return secondVersion(document);
  const context = JSON.stringify(document['@context'] ?? '').slice(0, 1000);
  return context.includes('spdx.org/rdf/3') && Array.isArray(document['@graph'])
    ? thirdVersion(recordsOf(document['@graph']))
    : undefined;
}

function secondVersion(document: JsonObject): DeclaredDocument {
  const described = new Set<unknown>(Array.isArray(document['documentDescribes']) ? document['documentDescribes'] : []);
  const absent = new Set<unknown>();
  for (const { spdxElementId, relationshipType, relatedSpdxElement } of recordsOf(document['relationships'])) {
    const type = asText(relationshipType) ?? '';
    if (type === 'DESCRIBES') described.add(relatedSpdxElement);
    else if (type === 'DESCRIBED_BY') described.add(spdxElementId);
    else if (NOT_INSTALLED_TARGET.has(type)) absent.add(relatedSpdxElement);
    else if (NOT_INSTALLED_SOURCE.has(type)) absent.add(spdxElementId);
  }
  const packages = recordsOf(document['packages']);
  const subjects = packages.filter(({ SPDXID }) => described.has(SPDXID));
  const isImage = subjects.some(({ primaryPackagePurpose }) => WHOLE_IMAGE.has(asText(primaryPackagePurpose) ?? ''));
  const found = packages.flatMap((pkg): readonly DeclaredComponent[] => {
    const isSubject = described.has(pkg['SPDXID']);
    return absent.has(pkg['SPDXID']) && !isSubject ? [] : componentsOf(pkg, isSubject);
  });
  return { format: 'SPDX', ...uniqueComponents(found), covers: isImage ? 'image' : 'nothing' };
}

function componentsOf(pkg: JsonObject, isSubject: boolean): readonly DeclaredComponent[] {
  const name = asText(pkg['name']);
  const license = known(pkg['licenseConcluded']) ?? known(pkg['licenseDeclared']);
  const supplier = known(pkg['supplier'])?.replace(/^(?:Organization|Person):\s*/, '');
  const homepage = known(pkg['homepage']);
  return recordsOf(pkg['externalRefs']).flatMap(({ referenceType, referenceLocator }) => {
    const purl = referenceType === 'purl' ? parseDeclaredPurl(asText(referenceLocator) ?? '') : undefined;
    if (purl === undefined) return [];
    return [
      {
        purl,
        isSubject,
        ...(name === undefined ? {} : { name }),
        ...(license === undefined ? {} : { license }),
        ...(supplier === undefined || supplier === '' ? {} : { supplier }),
        ...(homepage === undefined ? {} : { homepage }),
      },
    ];
  });
}

/** Relations of version 3 whose one end is what a package was made with or from: which end. */
const NOT_INSTALLED_THIRD: ReadonlyMap<string, 'from' | 'to'> = new Map([
  ['generates', 'from'],
  ['ancestorOf', 'from'],
  ['descendantOf', 'to'],
  ['usesTool', 'to'],
  ['patchedBy', 'to'],
]);
const NOT_INSTALLED_SCOPES: ReadonlySet<unknown> = new Set(['build', 'design', 'development', 'test']);

/** @see https://spdx.github.io/spdx-spec/v3.0.1/ */
function thirdVersion(graph: readonly JsonObject[]): DeclaredDocument {
  const roots = new Set<unknown>(
    graph
      .filter(({ type }) => type === 'software_Sbom' || type === 'Bom' || type === 'SpdxDocument')
      .flatMap(({ rootElement }) => many(rootElement)),
  );
  const absent = new Set<unknown>();
  for (const { relationshipType, from, to, scope } of graph) {
    const kind = asText(relationshipType) ?? '';
    if (kind === 'describes') for (const element of many(to)) roots.add(element);
    const end = NOT_INSTALLED_SCOPES.has(scope) ? 'to' : NOT_INSTALLED_THIRD.get(kind);
    if (end !== undefined) for (const element of many(end === 'to' ? to : from)) absent.add(element);
  }
  const packages = graph.filter(({ type }) => type === 'software_Package');
  const isImage = packages.some(
    (pkg) => roots.has(pkg['spdxId']) && WHOLE_IMAGE.has(asText(pkg['software_primaryPurpose']) ?? ''),
  );
  const found = packages.flatMap((pkg): readonly DeclaredComponent[] => {
    const identifiers = recordsOf(many(pkg['externalIdentifier']));
    const url = identifiers.find(({ externalIdentifierType }) => externalIdentifierType === 'packageUrl');
    const purl = parseDeclaredPurl(asText(pkg['software_packageUrl']) ?? asText(url?.['identifier']) ?? '');
    const isSubject = roots.has(pkg['spdxId']);
    return purl === undefined || (absent.has(pkg['spdxId']) && !isSubject) ? [] : [{ purl, isSubject }];
  });
  return { format: 'SPDX', ...uniqueComponents(found), covers: isImage ? 'image' : 'nothing' };
}

/** A field that may have several values has an array, or one value alone. */
function many(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : value === undefined ? [] : [value];
}

/** What SPDX does not say it says with these words. */
function known(value: unknown): string | undefined {
  const text = asText(value);
  return text === 'NOASSERTION' || text === 'NONE' ? undefined : text;
}
