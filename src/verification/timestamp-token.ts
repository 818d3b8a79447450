import { hash, verify } from 'node:crypto';
import {
  DER_TAG,
  derChild,
  derChildren,
  derElements,
  derInteger,
  derOid,
  derTime,
  encodeDer,
  readDer,
  type DerElement,
  type PublicKeyIdentity,
} from '../keys/index.ts';
import { sameBytes } from './bytes.ts';
import { parseCertificate, SIGNATURE_HASHES, type Certificate } from './certificate.ts';
import type { HashName } from './signed-content.ts';

const MAX_TOKEN_BYTES = 1024 * 1024;
const MAX_CERTIFICATES = 16;

const OID = {
  signedData: '1.2.840.113549.1.7.2',
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  rsaEncryption: '1.2.840.113549.1.1.1',
  ecPublicKey: '1.2.840.10045.2.1',
} as const;

const DIGESTS: Readonly<Record<string, HashName>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Who signed a token: a certificate by issuer and serial number, or by the id of its key. */
export type TokenSigner =
  | { readonly kind: 'issuer'; readonly issuer: Uint8Array; readonly serial: Uint8Array }
  | { readonly kind: 'key-id'; readonly keyId: Uint8Array };

/** An RFC 3161 timestamp in memory; nothing in it has been verified. */
export interface TimestampToken {
  readonly time: Date;
  readonly imprint: { readonly algorithm: HashName; readonly digest: Uint8Array };
  readonly signer: TokenSigner;
  /** Certificates that came with the token. */
  readonly certificates: readonly Certificate[];
  /** The bytes of the statement that is signed (TSTInfo). */
  readonly info: Uint8Array;
  readonly signedAttributes: readonly DerElement[];
  readonly digestAlgorithm: HashName;
  readonly signatureAlgorithm: string;
  readonly signature: Uint8Array;
}

/**
 * Parses the answer of a timestamp authority (TimeStampResp). Hostile input: granted only, one signer, no lenient forms.
 * @throws Error that says what is wrong
 * @see https://www.rfc-editor.org/rfc/rfc3161#section-2.4.2
 */
export function parseTimestamp(bytes: Uint8Array): TimestampToken {
  if (bytes.byteLength > MAX_TOKEN_BYTES) throw new Error(`it has more than ${MAX_TOKEN_BYTES} bytes`);
  const response = derChildren(readDer(bytes, DER_TAG.sequence));
  const status = derInteger(derChild(derChildren(derChild(response, 0)), 0));
  if (status !== 0n && status !== 1n) throw new Error(`the authority did not grant it (status ${status})`);
  const contentInfo = derChildren(derChild(response, 1, DER_TAG.sequence));
  if (derOid(derChild(contentInfo, 0)) !== OID.signedData) throw new Error('it holds no signed data');
  const signedData = derChildren(readDer(derChild(contentInfo, 1, 0xa0).content, DER_TAG.sequence));
  const encapsulated = derChildren(derChild(signedData, 2, DER_TAG.sequence));
  if (derOid(derChild(encapsulated, 0)) !== OID.tstInfo) throw new Error('it signs something else than a timestamp');
  const info = readDer(derChild(encapsulated, 1, 0xa0).content, DER_TAG.octetString).content;
  const signers = derChildren(derChild(signedData, signedData.length - 1, DER_TAG.set));
  if (signers.length !== 1) throw new Error(`it has ${signers.length} signers, not one`);
  return {
    ...parseInfo(info),
    info,
    certificates: parseCertificates(signedData),
    ...parseSigner(derChild(signers, 0)),
  };
}

function parseInfo(bytes: Uint8Array): Pick<TimestampToken, 'time' | 'imprint'> {
  const parts = derChildren(readDer(bytes, DER_TAG.sequence));
  if (derInteger(derChild(parts, 0)) !== 1n) throw new Error('it is of another version than 1');
  const imprint = derChildren(derChild(parts, 2, DER_TAG.sequence));
  return {
    time: derTime(derChild(parts, 4, DER_TAG.generalizedTime)),
    imprint: {
      algorithm: digestAlgorithm(derChild(imprint, 0)),
      digest: derChild(imprint, 1, DER_TAG.octetString).content,
    },
  };
}

function parseCertificates(signedData: readonly DerElement[]): readonly Certificate[] {
  const set = signedData.slice(3).find(({ tag }) => tag === 0xa0);
  if (set === undefined) return [];
  const entries = derChildren(set);
  if (entries.length > MAX_CERTIFICATES) throw new Error(`it carries more than ${MAX_CERTIFICATES} certificates`);
  return entries.map(({ bytes }) => parseCertificate(bytes));
}

type SignerPart = Pick<
  TimestampToken,
  'signer' | 'signedAttributes' | 'digestAlgorithm' | 'signatureAlgorithm' | 'signature'
>;

function parseSigner(element: DerElement): SignerPart {
  const parts = derChildren(element, DER_TAG.sequence);
  const attributes = derChild(parts, 3, 0xa0);
  return {
    signer: parseSignerId(derChild(parts, 1)),
    digestAlgorithm: digestAlgorithm(derChild(parts, 2)),
    signedAttributes: derChildren(attributes),
    signatureAlgorithm: derOid(derChild(derChildren(derChild(parts, 4, DER_TAG.sequence)), 0)),
    signature: derChild(parts, 5, DER_TAG.octetString).content,
  };
}

function parseSignerId(element: DerElement): TokenSigner {
  if (element.tag === 0x80) return { kind: 'key-id', keyId: element.content };
  const parts = derChildren(element, DER_TAG.sequence);
  return { kind: 'issuer', issuer: derChild(parts, 0).bytes, serial: derChild(parts, 1, DER_TAG.integer).content };
}

function digestAlgorithm(element: DerElement): HashName {
  const oid = derOid(derChild(derChildren(element, DER_TAG.sequence), 0));
  const algorithm = Object.hasOwn(DIGESTS, oid) ? DIGESTS[oid] : undefined;
  if (algorithm === undefined) throw new Error(`the hash ${oid} is not read`);
  return algorithm;
}

/** Whether the token names this certificate as its signer's. */
export function isSignerOf({ signer }: TimestampToken, certificate: Certificate): boolean {
  if (signer.kind === 'issuer') {
    return sameBytes(signer.issuer, certificate.issuer) && sameBytes(signer.serial, certificate.serial);
  }
  const keyId = certificate.extensions.get('2.5.29.14');
  return keyId !== undefined && sameBytes(readDer(keyId.value, DER_TAG.octetString).content, signer.keyId);
}

/**
 * What is wrong with the token as a timestamp over `data` by this certificate's key; undefined when nothing is.
 * @throws Error when a part does not parse
 */
export function tokenProblem(
  token: TimestampToken,
  data: Uint8Array,
  by: { readonly certificate: Certificate; readonly key: PublicKeyIdentity },
): string | undefined {
  const { algorithm, digest } = token.imprint;
  if (!sameBytes(hash(algorithm, data, 'buffer'), digest)) return 'it is over other bytes than the signature';
  const contentType = attribute(token, OID.contentType);
  if (contentType === undefined || derOid(contentType) !== OID.tstInfo) return 'its content type is not signed';
  const messageDigest = attribute(token, OID.messageDigest);
  const isInfo =
    messageDigest !== undefined && sameBytes(messageDigest.content, hash(token.digestAlgorithm, token.info, 'buffer'));
  if (!isInfo) return 'what is signed is not its statement';
  if (!namesCertificate(token, by.certificate)) return 'it names another certificate as its signer';
  const signed = encodeDer(DER_TAG.set, ...token.signedAttributes.map(({ bytes }) => bytes));
  const signatureHash = signatureHashOf(token, by.key);
  if (signatureHash === undefined) return `it is signed with the algorithm ${token.signatureAlgorithm}`;
  return verify(signatureHash, signed, by.key.key, token.signature) ? undefined : 'its signature is wrong';
}

/** Some name the kind of key only; the hash is then the one of the signed attributes. */
function signatureHashOf(token: TimestampToken, key: PublicKeyIdentity): HashName | null | undefined {
  const { signatureAlgorithm } = token;
  if (signatureAlgorithm === OID.rsaEncryption) return key.algorithm === 'rsa' ? token.digestAlgorithm : undefined;
  if (signatureAlgorithm === OID.ecPublicKey)
    return key.algorithm.startsWith('ecdsa') ? token.digestAlgorithm : undefined;
  return Object.hasOwn(SIGNATURE_HASHES, signatureAlgorithm) ? SIGNATURE_HASHES[signatureAlgorithm] : undefined;
}

/** The one value of a signed attribute. */
function attribute(token: TimestampToken, oid: string): DerElement | undefined {
  const found = token.signedAttributes
    .map((element) => derChildren(element, DER_TAG.sequence))
    .filter((parts) => derOid(derChild(parts, 0)) === oid);
  if (found.length > 1) throw new Error(`it has the attribute ${oid} twice`);
  const [parts] = found;
  if (parts === undefined) return undefined;
  const values = derChildren(derChild(parts, 1, DER_TAG.set));
  if (values.length !== 1) throw new Error(`its attribute ${oid} has not one value`);
  return values[0];
}

/** Whether the hash of the signer's certificate that is signed with the time is this one's: the new attribute, or the old one with SHA-1. */
function namesCertificate(token: TimestampToken, certificate: Certificate): boolean {
  const current = attribute(token, OID.signingCertificateV2);
  const value = current ?? attribute(token, OID.signingCertificate);
  if (value === undefined) return false;
  const first = derChild(derChildren(derChild(derChildren(value), 0)), 0);
  const parts = derElements(first.content);
  const withAlgorithm = current !== undefined && parts[0]?.tag === DER_TAG.sequence;
  const fallback = current === undefined ? 'sha1' : 'sha256';
  const algorithm = withAlgorithm ? digestAlgorithm(derChild(parts, 0)) : fallback;
  const named = derChild(parts, withAlgorithm ? 1 : 0, DER_TAG.octetString).content;
  return sameBytes(named, hash(algorithm, certificate.bytes, 'buffer'));
}
