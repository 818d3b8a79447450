import { createHash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../core/index.ts';

/** The name space of waybill's serial numbers: UUIDv5 of the URL name space and `https://waybill.dev/sbom/v1`. */
const NAMESPACE = uuidV5(Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex'), 'https://waybill.dev/sbom/v1');

/**
 * `urn:uuid:` of everything that decides about the content. Format and specification version are no part of it: the same facts written in JSON
 * or XML are the same bill of materials.
 */
export function serialNumber(facts: JsonValue): string {
  const hex = uuidV5(NAMESPACE, canonicalJson(facts)).toString('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** @see https://www.rfc-editor.org/rfc/rfc9562#section-5.5 */
function uuidV5(namespace: Uint8Array, name: string): Buffer {
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}
