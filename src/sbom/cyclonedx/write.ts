import { inertJson } from '../../core/index.ts';
import { sbomError } from '../errors.ts';
import type { SbomDocument } from '../types.ts';
import { completeJson, type JsonBom } from './json-tree.ts';
import { toLibraryModel } from './library-model.ts';
import { loadLibrary, specOf, type CycloneDxVersion } from './library.ts';
import { validateCycloneDxJson } from './validate.ts';
import { xmlText } from './xml-text.ts';
import { completeXml } from './xml-tree.ts';

export interface CycloneDxOptions {
  readonly format: 'json' | 'xml';
  readonly specVersion: CycloneDxVersion;
}

/**
 * Writes a document as CycloneDX, UTF-8, ending in a line feed; the same bytes for the same document. JSON is compact (attestations have size
 * limits). Characters that a terminal acts on are spelled as escapes. The JSON form is checked against the official schema first, for XML as well: both are spellings of one model.
 *
 * Properties, all in the name space `waybill:`
 * - of the document: `cataloger:ID` = version; `known-unknown` = what could not be read or identified, `trust` = keys that the image trusts,
 *   `discrepancy` = what documents inside the image say otherwise, once each
 *   `base:` and `image`, `digest`, `layers`, `removed` = what it stands on; `ledger:` = totals of accounting for its files, completeness and why, the ledger document
 * - of the image: `image:` and `manifest:digest`, `manifest:mediaType`, `platform`, `created`, `tag`, `label:KEY`, `layer:N:diffId|digest|createdBy`
 * - of a package: `cataloger` = who found it; `package:type`; `layer:index` and `layer:diffId` of its primary place; `occurrence` = `LAYER PATH`
 *   (1.5 only, later versions say the layer in `additionalContext`); what its cataloger keeps (`deb:status`);
 *   `part-of` = ref of the component it lies inside; `also-known-as` = purl of a finding that describes the same software; `distribution:ALGORITHM` = digest
 *   of the archive it was distributed in; `base` = `inherited`, `added` or `changed`, `base:from` = the base's version; `hidden:after-layer` = the last layer that has it; `owned-by` = purl of the package that brought its files
 * - of the operating system: `distribution:` and `pointRelease`, `codename`, `variantId`, `idLike`
 * @throws AppError SBOM_INVALID when the schema is broken: a bug here
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export async function writeCycloneDx(document: SbomDocument, options: CycloneDxOptions): Promise<Uint8Array> {
  const { format, specVersion } = options;
  const library = await loadLibrary();
  const spec = specOf(library, specVersion);
  const bom = toLibraryModel(document, library);
  const normalizerOptions = { sortLists: false };
  const json = new library.Serialize.JSON.Normalize.Factory(spec)
    .makeForBom()
    .normalize(bom, normalizerOptions) as JsonBom;
  completeJson(json, document, specVersion);
  const text = JSON.stringify(json);
  // parsed again: what is written is judged, without members that are undefined
  const problems = await validateCycloneDxJson(JSON.parse(text), specVersion);
  if (problems.length > 0) {
    throw sbomError(
      'SBOM_INVALID',
      `the SBOM that was made is no valid CycloneDX ${specVersion}: ${problems[0]?.path} ${problems[0]?.message}`,
      {
        hint: 'this is a bug in waybill; please report it with the image if you can',
        details: { problems: problems.slice(0, 5) },
      },
    );
  }
  if (format === 'json') return new TextEncoder().encode(`${inertJson(text)}\n`);
  const tree = new library.Serialize.XML.Normalize.Factory(spec).makeForBom().normalize(bom, normalizerOptions);
  return new TextEncoder().encode(xmlText(completeXml(tree, document, specVersion)));
}
