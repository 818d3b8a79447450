import { sbomError } from '../errors.ts';
import type { SchemaValidator } from './generated/bom-1.6.js';
import type { CycloneDxVersion } from './library.ts';

export interface SchemaProblem {
  /** JSON pointer into the document. */
  readonly path: string;
  readonly message: string;
}

/**
 * Checks a CycloneDX JSON document against the official schema, compiled ahead. Linear in the document's size. Hostile input is fine.
 * @param document the bytes, or the parsed value
 * @returns what is wrong (the first problem found and its consequences), empty when valid
 * @throws AppError SBOM_MALFORMED when bytes are no JSON
 * @see https://github.com/CycloneDX/specification/tree/master/schema
 */
export async function validateCycloneDxJson(
  document: unknown,
  specVersion: CycloneDxVersion,
): Promise<readonly SchemaProblem[]> {
  const { validate } = await loadValidator(specVersion);
  const value = document instanceof Uint8Array ? parse(document) : document;
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, keyword }) => ({
    path: instancePath === '' ? '/' : instancePath,
    message: message ?? keyword,
  }));
}

/** Each validator is half a megabyte of code: only the one that is needed is loaded. */
export function loadValidator(version: CycloneDxVersion): Promise<{ readonly validate: SchemaValidator }> {
  if (version === '1.5') return import('./generated/bom-1.5.js');
  return version === '1.7' ? import('./generated/bom-1.7.js') : import('./generated/bom-1.6.js');
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw sbomError('SBOM_MALFORMED', 'the SBOM is not JSON', { cause });
  }
}
