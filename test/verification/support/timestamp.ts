import { createHash, sign } from 'node:crypto';
import { context, int, name, octets, oid, seq, set, time, tlv } from './asn1.ts';
import {
  algorithmOf,
  extension,
  issueCertificate,
  newPair,
  TIME_STAMPING,
  type Extension,
  type KeyKind,
  type Pair,
} from './certificates.ts';

const DIGEST_OIDS: Readonly<Record<string, string>> = {
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};

/** A timestamp authority: a root and the certificate that signs tokens. */
export interface Tsa {
  readonly operator: string;
  readonly pair: Pair;
  readonly issuerName: string;
  readonly root: Buffer;
  readonly certificate: Buffer;
}

export interface TsaOptions {
  readonly operator: string;
  readonly key?: KeyKind;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Instead of what an authority's certificate has. */
  readonly extensions?: readonly Extension[];
}

export function newTsa(options: TsaOptions): Tsa {
  const rootPair = newPair('P-384');
  const pair = newPair(options.key ?? 'P-256');
  const issuerName = `tsa root ${options.operator}`;
  const { notBefore, notAfter } = options;
  const issuer = { subject: issuerName, pair: rootPair };
  const root = issueCertificate({
    subject: issuerName,
    issuer,
    publicKey: rootPair.publicKey,
    notBefore,
    notAfter,
    extensions: [extension.authority(), extension.usage(0x06)],
    serial: 1,
  });
  const certificate = issueCertificate({
    subject: `tsa ${options.operator}`,
    issuer,
    publicKey: pair.publicKey,
    notBefore,
    notAfter,
    extensions: options.extensions ?? [extension.usage(0x80), extension.purposes([TIME_STAMPING], true)],
    serial: 2,
  });
  return { operator: options.operator, pair, issuerName, root, certificate };
}

export interface TokenOptions {
  readonly at: Date;
  readonly status?: number;
  readonly imprintHash?: 'sha256' | 'sha384' | 'sha512';
  readonly digestHash?: 'sha256' | 'sha384' | 'sha512';
  /** Put the certificate into the token. */
  readonly withCertificate?: boolean;
  /** The certificate that the signed attribute names. */
  readonly named?: Buffer;
  readonly withoutName?: boolean;
  readonly signers?: number;
  /** Name the kind of key instead of the algorithm. */
  readonly withKeyKind?: boolean;
}

/** A granted answer with a token over `data`. */
export function stamp(tsa: Tsa, data: Uint8Array, options: TokenOptions): Buffer {
  const { imprintHash = 'sha256', digestHash = 'sha256' } = options;
  const info = seq(
    int(1),
    oid('1.2.3.4'),
    seq(seq(oid(DIGEST_OIDS[imprintHash] ?? '')), octets(createHash(imprintHash).update(data).digest())),
    int(42),
    time(options.at),
  );
  const named = createHash('sha256')
    .update(options.named ?? tsa.certificate)
    .digest();
  const attributes = [
    seq(oid('1.2.840.113549.1.9.3'), set(oid('1.2.840.113549.1.9.16.1.4'))),
    seq(oid('1.2.840.113549.1.9.4'), set(octets(createHash(digestHash).update(info).digest()))),
    ...(options.withoutName === true
      ? []
      : [seq(oid('1.2.840.113549.1.9.16.2.47'), set(seq(seq(seq(octets(named))))))]),
  ];
  const isRsa = tsa.pair.publicKey.asymmetricKeyType === 'rsa';
  const algorithm = algorithmOf(tsa.pair.privateKey);
  // RSA as OpenSSL writes it: the hash stands apart
  const kind = isRsa ? '1.2.840.113549.1.1.1' : '1.2.840.10045.2.1';
  const signatureOid = isRsa || options.withKeyKind === true ? kind : algorithm.oid;
  const signature = sign(isRsa ? digestHash : algorithm.hash, set(...attributes), tsa.pair.privateKey);
  const signer = seq(
    int(1),
    seq(name(tsa.issuerName), int(2)),
    seq(oid(DIGEST_OIDS[digestHash] ?? '')),
    context(0, ...attributes),
    seq(oid(signatureOid)),
    octets(signature),
  );
  const signedData = seq(
    int(3),
    set(seq(oid(DIGEST_OIDS[digestHash] ?? ''))),
    seq(oid('1.2.840.113549.1.9.16.1.4'), context(0, octets(info))),
    ...(options.withCertificate === true ? [context(0, tsa.certificate)] : []),
    set(...Array.from({ length: options.signers ?? 1 }, () => signer)),
  );
  const token = seq(oid('1.2.840.113549.1.7.2'), context(0, signedData));
  return seq(seq(int(options.status ?? 0)), token);
}

export { tlv };
