import { createPublicKey, hash, verify } from 'node:crypto';
import {
  DER_TAG,
  derBitStringBytes,
  derBoolean,
  derChild,
  derChildren,
  derInteger,
  derOid,
  derTime,
  identifyPublicKey,
  readDer,
  type DerElement,
  type PublicKeyIdentity,
} from '../keys/index.ts';
import { sameBytes } from './bytes.ts';

/** Most bytes of one certificate; Fulcio's have 1 to 2 KiB. */
const MAX_CERTIFICATE_BYTES = 64 * 1024;

/** The hash of each signature algorithm that a certificate may be signed with; SHA-1, MD5 and PSS are not read. */
export const SIGNATURE_HASHES: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512' | null>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.3.101.112': null,
};

export interface CertificateExtension {
  readonly critical: boolean;
  /** The bytes inside the extension's octet string. */
  readonly value: Uint8Array;
}

/** An X.509 certificate in memory; nothing in it has been verified. */
export interface Certificate {
  readonly bytes: Uint8Array;
  /** The part that is signed. */
  readonly tbs: DerElement;
  /** 3 for all that are accepted. */
  readonly version: number;
  /** DER content of the serial number. */
  readonly serial: Uint8Array;
  /** Names as DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
  readonly extensions: ReadonlyMap<string, CertificateExtension>;
  /**
   * The certificate's key, if its algorithm is on the list of those accepted. Read once, when it is asked for first.
   * @throws AppError KEY_UNSUPPORTED; Error when it is no key at all
   */
  readonly key: () => PublicKeyIdentity;
  /** What `isIssuedBy` found: those of a trusted root are asked for each signature. */
  readonly issuers: WeakMap<Certificate, boolean>;
}

/**
 * Parses a DER certificate. Hostile input.
 * @throws Error that says what is wrong
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  if (bytes.byteLength > MAX_CERTIFICATE_BYTES) throw new Error(`it has more than ${MAX_CERTIFICATE_BYTES} bytes`);
  const outer = derChildren(readDer(bytes, DER_TAG.sequence));
  if (outer.length !== 3) throw new Error('it has not three parts');
  const tbs = derChild(outer, 0, DER_TAG.sequence);
  const parts = [...derChildren(tbs)];
  const version = parts[0]?.tag === 0xa0 ? Number(derInteger(readDer(parts.shift()?.content ?? bytes))) + 1 : 1;
  const algorithm = derChild(outer, 1, DER_TAG.sequence);
  // what is signed and what is said outside must be the same algorithm
  if (!sameBytes(derChild(parts, 1).bytes, algorithm.bytes)) throw new Error('it names two signature algorithms');
  const validity = derChildren(derChild(parts, 3), DER_TAG.sequence);
  const spki = derChild(parts, 5, DER_TAG.sequence).bytes;
  return {
    bytes,
    tbs,
    version,
    serial: derChild(parts, 0, DER_TAG.integer).content,
    issuer: derChild(parts, 2, DER_TAG.sequence).bytes,
    subject: derChild(parts, 4, DER_TAG.sequence).bytes,
    notBefore: derTime(derChild(validity, 0)),
    notAfter: derTime(derChild(validity, 1)),
    spki,
    signatureAlgorithm: derOid(derChild(derChildren(algorithm), 0)),
    signature: derBitStringBytes(derChild(outer, 2)),
    extensions: parseExtensions(parts.slice(6)),
    key: lazyKey(spki),
    issuers: new WeakMap(),
  };
}

function parseExtensions(rest: readonly DerElement[]): ReadonlyMap<string, CertificateExtension> {
  const holder = rest.find(({ tag }) => tag === 0xa3);
  const extensions = new Map<string, CertificateExtension>();
  if (holder === undefined) return extensions;
  for (const entry of derChildren(readDer(holder.content, DER_TAG.sequence))) {
    const parts = derChildren(entry, DER_TAG.sequence);
    const oid = derOid(derChild(parts, 0));
    if (extensions.has(oid)) throw new Error(`it has the extension ${oid} twice`);
    if (parts.length > 3) throw new Error(`its extension ${oid} has too many parts`);
    const critical = parts.length === 3 && derBoolean(derChild(parts, 1));
    extensions.set(oid, { critical, value: derChild(parts, parts.length - 1, DER_TAG.octetString).content });
  }
  return extensions;
}

function lazyKey(spki: Uint8Array): () => PublicKeyIdentity {
  let known: PublicKeyIdentity | undefined;
  return () => {
    known ??= identifyPublicKey(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }));
    return known;
  };
}

/** Whether the certificate names `issuer` as its issuer, and that one's key made the signature. Checked once. Never throws for hostile ones. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  const found = certificate.issuers.get(issuer) ?? checkIssuer(certificate, issuer);
  certificate.issuers.set(issuer, found);
  return found;
}

function checkIssuer(certificate: Certificate, issuer: Certificate): boolean {
  if (!sameBytes(certificate.issuer, issuer.subject)) return false;
  const algorithm = certificate.signatureAlgorithm;
  if (!Object.hasOwn(SIGNATURE_HASHES, algorithm)) return false;
  try {
    const { key } = issuer.key();
    return verify(SIGNATURE_HASHES[algorithm], certificate.tbs.bytes, key, certificate.signature);
  } catch {
    return false;
  }
}

/** Lower-case hex of the serial number, as OpenSSL shows it. */
export function serialHex(certificate: Certificate): string {
  return Buffer.from(certificate.serial)
    .toString('hex')
    .replace(/^00(?=.)/, '');
}

/** `sha256:` over the DER certificate. */
export function certificateFingerprint(certificate: Certificate): string {
  return `sha256:${hash('sha256', certificate.bytes, 'hex')}`;
}
