import type { JsonObject } from '../language/json-fields.ts';

/** What a package's lines say, by the names of the same fields in JSON. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['PackageVersion', 'versionInfo'],
  ['PackageSupplier', 'supplier'],
  ['PackageHomePage', 'homepage'],
  ['PackageLicenseConcluded', 'licenseConcluded'],
  ['PackageLicenseDeclared', 'licenseDeclared'],
  ['PrimaryPackagePurpose', 'primaryPackagePurpose'],
]);
/** Elements that are no packages begin with these. */
const OTHER_ELEMENTS: ReadonlySet<string> = new Set(['FileName', 'SnippetSPDXID', 'LicenseID']);
const HEAD_CHARS = 65_536;
const TAG = /^([A-Za-z]{1,64}):([^]*)$/;
const TEXT_START = '<text>';
const TEXT_END = '</text>';

interface OpenPackage {
  [field: string]: unknown;
  readonly externalRefs: JsonObject[];
}

/** Whether a text begins like a document of SPDX's lines of tags. */
export function isTagValue(text: string): boolean {
  return /^SPDXVersion:[ \t]{0,64}SPDX-2\./m.test(text.slice(0, HEAD_CHARS));
}

/**
 * A document of SPDX 2 in lines of tags, as it would be in JSON, as far as documents are compared. Hostile input: linear time, never throws.
 * @see https://spdx.github.io/spdx-spec/v2.3/conformance/
 */
export function tagValueRecord(text: string): JsonObject {
  const packages: OpenPackage[] = [];
  const relationships: JsonObject[] = [];
  let spdxVersion: string | undefined;
  let open: OpenPackage | undefined;
  for (const [tag, value] of tagsOf(text)) {
    const field = FIELDS.get(tag);
    if (tag === 'SPDXVersion') spdxVersion ??= value;
    else if (tag === 'PackageName') {
      open = { name: value, externalRefs: [] };
      packages.push(open);
    } else if (OTHER_ELEMENTS.has(tag)) open = undefined;
    else if (tag === 'Relationship') relationships.push(relationshipOf(value));
    else if (open === undefined) continue;
    else if (tag === 'SPDXID') open['SPDXID'] ??= value;
    else if (tag === 'ExternalRef') open.externalRefs.push(referenceOf(value));
    else if (field !== undefined) open[field] ??= value;
  }
  return { spdxVersion, packages, relationships };
}

/** `Tag: value`; between `<text>` and `</text>` a value may go on for lines. */
function* tagsOf(text: string): Generator<readonly [tag: string, value: string]> {
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    let end = newline === -1 ? text.length : newline;
    const [, tag, rest = ''] = TAG.exec(text.slice(at, end)) ?? [];
    let value = rest.trim();
    if (value.startsWith(TEXT_START)) {
      const start = text.indexOf(TEXT_START, at) + TEXT_START.length;
      const close = text.indexOf(TEXT_END, start);
      value = text.slice(start, close === -1 ? text.length : close).trim();
      end = close === -1 ? text.length : close + TEXT_END.length;
    }
    if (tag !== undefined) yield [tag, value];
    at = end + 1;
  }
}

/** `SPDXRef-A DESCRIBES SPDXRef-B` */
function relationshipOf(value: string): JsonObject {
  const [spdxElementId, relationshipType, relatedSpdxElement] = value.split(/[ \t]+/, 3);
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

/** `PACKAGE-MANAGER purl pkg:npm/a@1` */
function referenceOf(value: string): JsonObject {
  const [referenceCategory, referenceType, referenceLocator] = value.split(/[ \t]+/, 3);
  return { referenceCategory, referenceType, referenceLocator };
}
