import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { bits, bool, context, contextValue, int, name, octets, oid, seq, shortTime, tlv, utf8 } from './asn1.ts';

export interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
export const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const SCT_LIST = '1.3.6.1.4.1.11129.2.4.2';

export type KeyKind = 'P-256' | 'P-384' | 'P-521' | 'rsa' | 'rsa-1024' | 'ed25519' | 'secp256k1';

export function newPair(kind: KeyKind = 'P-256'): Pair {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (kind === 'rsa-1024') return generateKeyPairSync('rsa', { modulusLength: 1024 });
  return generateKeyPairSync('ec', { namedCurve: kind });
}

export function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

export function sha256(...parts: readonly (Uint8Array | string)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The hash that goes with a key, and the OID of both. */
export function algorithmOf(key: KeyObject): { readonly hash: string | null; readonly oid: string } {
  if (key.asymmetricKeyType === 'ed25519') return { hash: null, oid: '1.3.101.112' };
  if (key.asymmetricKeyType === 'rsa') return { hash: 'sha256', oid: '1.2.840.113549.1.1.11' };
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'secp384r1') return { hash: 'sha384', oid: '1.2.840.10045.4.3.3' };
  if (curve === 'secp521r1') return { hash: 'sha512', oid: '1.2.840.10045.4.3.4' };
  return { hash: 'sha256', oid: '1.2.840.10045.4.3.2' };
}

export interface Extension {
  readonly oid: string;
  readonly critical?: boolean;
  readonly value: Uint8Array;
}

export const extension = {
  uri: (...uris: readonly string[]): Extension => extension.names(...uris.map((uri) => contextValue(6, uri))),
  email: (address: string): Extension => extension.names(contextValue(1, address)),
  dns: (host: string): Extension => extension.names(contextValue(2, host)),
  otherName: (user: string): Extension =>
    extension.names(context(0, oid('1.3.6.1.4.1.57264.1.7'), context(0, utf8(user)))),
  names: (...names: readonly Uint8Array[]): Extension => ({ oid: '2.5.29.17', critical: true, value: seq(...names) }),
  purposes: (oids: readonly string[], critical = false): Extension => ({
    oid: '2.5.29.37',
    critical,
    value: seq(...oids.map(oid)),
  }),
  /** Bits from the left: 0x80 digital signatures, 0x06 certificates and lists. */
  usage: (mask: number): Extension => ({ oid: '2.5.29.15', critical: true, value: bits(Buffer.from([mask])) }),
  authority: (pathLength?: number): Extension => ({
    oid: '2.5.29.19',
    critical: true,
    value: seq(bool(true), ...(pathLength === undefined ? [] : [int(pathLength)])),
  }),
  permitted: (...bases: readonly Uint8Array[]): Extension => ({
    oid: '2.5.29.30',
    critical: true,
    value: seq(context(0, ...bases.map((base) => seq(base)))),
  }),
  excluded: (...bases: readonly Uint8Array[]): Extension => ({
    oid: '2.5.29.30',
    critical: true,
    value: seq(context(1, ...bases.map((base) => seq(base)))),
  }),
  /** One of Fulcio's by its number. */
  fulcio: (arc: number, value: string): Extension => ({
    oid: `1.3.6.1.4.1.57264.1.${arc}`,
    value: arc <= 6 ? Buffer.from(value) : utf8(value),
  }),
} as const;

/** A certificate transparency log. */
export interface CtLog {
  readonly pair: Pair;
  readonly operator: string;
}

export interface CertificateOptions {
  readonly subject: string;
  readonly issuer: { readonly subject: string; readonly pair: Pair };
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Extension[];
  readonly version?: 1 | 3;
  readonly serial?: number;
  readonly ctLogs?: readonly CtLog[];
  readonly sctTime?: Date;
  /** Changes each promise before it goes into the certificate. */
  readonly spoilSct?: (sct: Buffer) => Buffer;
}

export function issueCertificate(options: CertificateOptions): Buffer {
  const { ctLogs = [], sctTime = options.notBefore } = options;
  if (ctLogs.length === 0) return signed(tbsOf(options, options.extensions), options.issuer.pair);
  const precertificate = tbsOf(options, options.extensions);
  const scts = ctLogs.map((log) => {
    const sct = sctOf(log, { precertificate, issuer: options.issuer.pair, at: sctTime });
    return options.spoilSct?.(sct) ?? sct;
  });
  const list = Buffer.concat(scts.map((sct) => Buffer.concat([unsigned(sct.length, 2), sct])));
  const value = octets(Buffer.concat([unsigned(list.length, 2), list]));
  return signed(tbsOf(options, [...options.extensions, { oid: SCT_LIST, value }]), options.issuer.pair);
}

function tbsOf(options: CertificateOptions, extensions: readonly Extension[]): Buffer {
  const { version = 3, serial = 7 } = options;
  return seq(
    ...(version === 3 ? [context(0, int(2))] : []),
    int(serial),
    seq(oid(algorithmOf(options.issuer.pair.privateKey).oid)),
    name(options.issuer.subject),
    seq(shortTime(options.notBefore), shortTime(options.notAfter)),
    options.subject === '' ? seq() : name(options.subject),
    spkiOf(options.publicKey),
    ...(version === 3 ? [context(3, seq(...extensions.map(extensionDer)))] : []),
  );
}

function extensionDer({ oid: id, critical, value }: Extension): Buffer {
  return seq(oid(id), ...(critical === true ? [bool(true)] : []), octets(value));
}

function signed(tbs: Buffer, { privateKey }: Pair): Buffer {
  const algorithm = algorithmOf(privateKey);
  return seq(tbs, seq(oid(algorithm.oid)), bits(sign(algorithm.hash, tbs, privateKey)));
}

interface SctRequest {
  readonly precertificate: Buffer;
  readonly issuer: Pair;
  readonly at: Date;
}

function sctOf(log: CtLog, { precertificate, issuer, at }: SctRequest): Buffer {
  const timestamp = unsigned(at.getTime(), 6);
  const stamp = Buffer.concat([Buffer.from([0, 0]), timestamp]);
  const data = Buffer.concat([
    Buffer.from([0, 0]),
    stamp,
    Buffer.from([0, 1]),
    sha256(spkiOf(issuer.publicKey)),
    unsigned(precertificate.length, 3),
    precertificate,
    Buffer.from([0, 0]),
  ]);
  const signature = sign('sha256', data, log.pair.privateKey);
  return Buffer.concat([
    Buffer.from([0]),
    sha256(spkiOf(log.pair.publicKey)),
    stamp,
    Buffer.from([0, 0]),
    Buffer.from([4, 3]),
    unsigned(signature.length, 2),
    signature,
  ]);
}

function unsigned(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

export function pemOf(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export { tlv };
