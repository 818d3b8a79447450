import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { validateXML, type XMLFileInfo } from 'xmllint-wasm';
import type { CycloneDxVersion } from '../../src/sbom/index.ts';

const SCHEMAS = join(import.meta.dirname, '../../node_modules/@cyclonedx/cyclonedx-library/res/schema');
const VERSIONS = { '1.5': Spec.Version.v1dot5, '1.6': Spec.Version.v1dot6, '1.7': Spec.Version.v1dot7 } as const;

/** What the library's own validator says of CycloneDX JSON: null when valid. */
export async function judgeJson(bytes: Uint8Array, version: CycloneDxVersion): Promise<unknown> {
  return new Validation.JsonStrictValidator(VERSIONS[version]).validate(new TextDecoder().decode(bytes));
}

/** What libxml says of CycloneDX XML against the official XSD: no messages when valid. */
export async function judgeXml(bytes: Uint8Array, version: CycloneDxVersion): Promise<readonly string[]> {
  const result = await validateXML({
    xml: { fileName: 'bom.xml', contents: bytes },
    schema: [schemaFile(`bom-${version}.SNAPSHOT.xsd`)],
    preload: [schemaFile('spdx.SNAPSHOT.xsd')],
    initialMemoryPages: 512,
    maxMemoryPages: 4096,
  });
  return result.errors.map(({ message }) => message);
}

function schemaFile(fileName: string): XMLFileInfo {
  return { fileName, contents: readFileSync(join(SCHEMAS, fileName)) };
}
