import { hash, verify } from 'node:crypto';
import { DER_TAG, derChild, derChildren, derOid, encodeDer, readDer } from '../keys/index.ts';
import { hexOf } from './bytes.ts';
import { EXTENSION_OID } from './certificate-extensions.ts';
import type { Certificate } from './certificate.ts';
import type { TrustedLog } from './trust-types.ts';
import { isWithin, showValidity } from './validity.ts';

const MAX_SCTS = 32;
/** SHA-256 by its number in TLS 1.2: the only hash of RFC 6962. */
const TLS_SHA256 = 4;

/** A certificate transparency log's promise, verified. */
export interface VerifiedSct {
  readonly logId: string;
  readonly operator: string;
  readonly time: string;
}

export interface SctCheck {
  readonly verified: readonly VerifiedSct[];
  /** Why each other one does not count. */
  readonly problems: readonly string[];
}

interface Sct {
  readonly logId: string;
  readonly time: Date;
  /** Version, type and time as they are signed. */
  readonly timestamp: Uint8Array;
  readonly extensions: Uint8Array;
  readonly hashAlgorithm: number;
  readonly signature: Uint8Array;
}

/**
 * Checks the promises inside a certificate against the trusted certificate logs. One that fails does not spoil another.
 * @throws Error when the list in the certificate does not parse
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-3.2
 */
export function checkScts(certificate: Certificate, issuer: Certificate, logs: readonly TrustedLog[]): SctCheck {
  const extension = certificate.extensions.get(EXTENSION_OID.signedCertificateTimestamps);
  if (extension === undefined) return { verified: [], problems: [] };
  const scts = parseSctList(readDer(extension.value, DER_TAG.octetString).content);
  const precertificate = precertificateOf(certificate);
  const entry = Buffer.concat([
    hash('sha256', issuer.spki, 'buffer'),
    unsigned(precertificate.byteLength, 3),
    precertificate,
  ]);
  const verified: VerifiedSct[] = [];
  const problems: string[] = [];
  for (const sct of scts) {
    const result = checkSct(sct, entry, logs);
    if (typeof result === 'string') problems.push(result);
    else verified.push(result);
  }
  return { verified, problems };
}

function checkSct(sct: Sct, entry: Uint8Array, logs: readonly TrustedLog[]): VerifiedSct | string {
  const named = logs.filter(({ ids }) => ids.includes(sct.logId));
  const [known] = named;
  if (known === undefined) return `the certificate log ${sct.logId} is not trusted`;
  const log = named.find(({ validFor }) => isWithin(validFor, sct.time));
  if (log === undefined) {
    return `the certificate log ${sct.logId} is trusted ${showValidity(known.validFor)}, not at ${sct.time.toISOString()}`;
  }
  if (sct.hashAlgorithm !== TLS_SHA256) return `the certificate log ${sct.logId} signed with another hash than SHA-256`;
  const signed = Buffer.concat([
    Buffer.from([0, 0]), // version 1, a certificate's timestamp
    sct.timestamp,
    unsigned(1, 2), // of a precertificate
    entry,
    unsigned(sct.extensions.byteLength, 2),
    sct.extensions,
  ]);
  if (!isSigned(log, signed, sct.signature)) {
    return `the signature of the certificate log ${sct.logId} is wrong`;
  }
  return { logId: sct.logId, operator: log.operator, time: sct.time.toISOString() };
}

function isSigned({ key }: TrustedLog, signed: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(key.algorithm === 'ed25519' ? null : 'sha256', signed, key.key, signature);
  } catch {
    // some versions of OpenSSL throw for what is not DER at all
    return false;
  }
}

/** The signed part of the certificate without the list: what the log saw. */
function precertificateOf(certificate: Certificate): Uint8Array {
  const parts = derChildren(certificate.tbs).map((part) => {
    if (part.tag !== 0xa3) return part.bytes;
    const kept = derChildren(readDer(part.content, DER_TAG.sequence)).filter(
      (extension) => derOid(derChild(derChildren(extension), 0)) !== EXTENSION_OID.signedCertificateTimestamps,
    );
    return encodeDer(0xa3, encodeDer(DER_TAG.sequence, ...kept.map(({ bytes }) => bytes)));
  });
  return encodeDer(DER_TAG.sequence, ...parts);
}

function parseSctList(bytes: Uint8Array): readonly Sct[] {
  const list = new Reader(bytes);
  const items = new Reader(list.vector());
  if (!list.isAtEnd) throw new Error('bytes after the list of certificate timestamps');
  const scts: Sct[] = [];
  while (!items.isAtEnd) {
    if (scts.length === MAX_SCTS) throw new Error(`more than ${MAX_SCTS} certificate timestamps`);
    scts.push(parseSct(items.vector()));
  }
  return scts;
}

function parseSct(bytes: Uint8Array): Sct {
  const reader = new Reader(bytes);
  if (reader.number(1) !== 0) throw new Error('a certificate timestamp of another version than 1');
  const logId = hexOf(reader.take(32));
  const timestamp = reader.take(8);
  const time = new Date(Number(Buffer.from(timestamp).readBigUInt64BE()));
  if (Number.isNaN(time.getTime())) throw new Error('a certificate timestamp out of all time');
  const extensions = reader.vector();
  const hashAlgorithm = reader.number(1);
  reader.number(1);
  const signature = reader.vector();
  if (!reader.isAtEnd) throw new Error('bytes after a certificate timestamp');
  return { logId, time, timestamp, extensions, hashAlgorithm, signature };
}

/** Reads the wire format of TLS. */
class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.byteLength;
  }

  take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.byteLength) throw new Error('a certificate timestamp that ends early');
    const bytes = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return bytes;
  }

  number(octets: number): number {
    return Buffer.from(this.take(octets)).readUIntBE(0, octets);
  }

  /** Bytes after their length in two octets. */
  vector(): Uint8Array {
    return this.take(this.number(2));
  }
}

function unsigned(value: number, octets: number): Uint8Array {
  const bytes = Buffer.alloc(octets);
  bytes.writeUIntBE(value, 0, octets);
  return bytes;
}
