import {
  DER_TAG,
  derBits,
  derBoolean,
  derChild,
  derChildren,
  derInteger,
  derOid,
  readDer,
  type DerElement,
} from '../keys/index.ts';
import type { Certificate } from './certificate.ts';

export const EXTENSION_OID = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  extendedKeyUsage: '2.5.29.37',
  signedCertificateTimestamps: '1.3.6.1.4.1.11129.2.4.2',
} as const;

export const KEY_PURPOSE = {
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  any: '2.5.29.37.0',
} as const;

/** Fulcio's otherName: a user name at a domain. */
const FULCIO_OTHER_NAME = '1.3.6.1.4.1.57264.1.7';

/** Kinds of names in certificates. Identities are URI, e-mail or Fulcio's otherName; machines' names are never one. */
export type NameKind = 'uri' | 'email' | 'other-name' | 'dns' | 'ip' | 'directory' | 'unknown';

export interface GeneralName {
  readonly kind: NameKind;
  /** Text of URI, e-mail, DNS and Fulcio's otherName; hex of an address; empty for others. */
  readonly value: string;
  readonly element: DerElement;
}

export interface BasicConstraints {
  readonly isCa: boolean;
  readonly pathLength?: number;
}

export function basicConstraints(certificate: Certificate): BasicConstraints {
  const extension = certificate.extensions.get(EXTENSION_OID.basicConstraints);
  if (extension === undefined) return { isCa: false };
  const parts = derChildren(readDer(extension.value, DER_TAG.sequence));
  const isCa = parts[0]?.tag === DER_TAG.boolean && derBoolean(parts[0]);
  const limit = parts.find(({ tag }) => tag === DER_TAG.integer);
  if (limit === undefined) return { isCa };
  const pathLength = Number(derInteger(limit));
  if (pathLength < 0) throw new Error('a negative path length');
  return { isCa, pathLength };
}

export interface KeyUsage {
  readonly digitalSignature: boolean;
  readonly keyCertSign: boolean;
}

/** Undefined when the certificate does not restrict its key. */
export function keyUsage(certificate: Certificate): KeyUsage | undefined {
  const extension = certificate.extensions.get(EXTENSION_OID.keyUsage);
  if (extension === undefined) return undefined;
  const bits = derBits(readDer(extension.value));
  return { digitalSignature: bits[0] === true, keyCertSign: bits[5] === true };
}

/** OIDs of the purposes; undefined when there is no such extension. */
export function extendedKeyUsage(certificate: Certificate): readonly string[] | undefined {
  const extension = certificate.extensions.get(EXTENSION_OID.extendedKeyUsage);
  return extension === undefined ? undefined : derChildren(readDer(extension.value, DER_TAG.sequence)).map(derOid);
}

/** Every subject alternative name, in order. */
export function subjectAltNames(certificate: Certificate): readonly GeneralName[] {
  const extension = certificate.extensions.get(EXTENSION_OID.subjectAltName);
  return extension === undefined ? [] : derChildren(readDer(extension.value, DER_TAG.sequence)).map(generalName);
}

const TEXT_NAMES: Readonly<Record<number, 'email' | 'dns' | 'uri'>> = { 0x81: 'email', 0x82: 'dns', 0x86: 'uri' };

/** @see https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6 */
export function generalName(element: DerElement): GeneralName {
  const text = TEXT_NAMES[element.tag];
  if (text !== undefined) return { kind: text, value: ascii(element.content), element };
  if (element.tag === 0x87) return { kind: 'ip', value: Buffer.from(element.content).toString('hex'), element };
  if (element.tag === 0xa4) return { kind: 'directory', value: '', element };
  if (element.tag !== 0xa0) return { kind: 'unknown', value: '', element };
  const parts = derChildren(element);
  if (derOid(derChild(parts, 0)) !== FULCIO_OTHER_NAME) return { kind: 'unknown', value: '', element };
  const value = readDer(derChild(parts, 1, 0xa0).content, DER_TAG.utf8String);
  return { kind: 'other-name', value: utf8Name(value.content), element };
}

// a NUL or a line feed in a name is how two readers come to see two names
function ascii(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1');
  if (!/^[\x21-\x7e]{1,8192}$/.test(text)) throw new Error('a name with characters that names do not have');
  return text;
}

/** Text of a UTF8String as it is. */
export function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** Text of a UTF8String that names somebody; control characters are refused. */
export function utf8Name(bytes: Uint8Array): string {
  const text = utf8(bytes);
  if (text === '' || /\p{Cc}/u.test(text)) throw new Error('a name that is empty or has control characters');
  return text;
}
