import { createPublicKey, X509Certificate } from 'node:crypto';
import { asObject, decodeBase64, member, type JsonObject } from '../attestation/index.ts';
import { parseStrictJson, type JsonValue } from '../core/index.ts';
import { HASH_NAMES, type HashName } from './signed-content.ts';

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 32;

/** What a log entry says was signed, by whom, and with what signature. */
export interface LogBody {
  /** Such as `dsse 0.0.1`. */
  readonly type: string;
  readonly signature: Uint8Array;
  readonly signer: LogBodySigner;
  readonly algorithm: HashName;
  readonly digest: Uint8Array;
  /** What the digest is of: the bytes that were signed, or the payload inside an envelope. */
  readonly digestOf: 'signed' | 'payload';
}

/** A certificate as DER, or a public key as DER SubjectPublicKeyInfo. */
export type LogBodySigner =
  | { readonly kind: 'certificate'; readonly bytes: Uint8Array }
  | { readonly kind: 'key'; readonly bytes: Uint8Array };

type BodyReader = (spec: JsonObject) => Omit<LogBody, 'type'>;

const READERS: Readonly<Record<string, BodyReader>> = {
  'dsse 0.0.1': readDsse1,
  'dsse 0.0.2': readDsse2,
  'intoto 0.0.2': readIntoto2,
  'hashedrekord 0.0.1': readHashedrekord1,
  'hashedrekord 0.0.2': readHashedrekord2,
};

/** Kinds that only Rekor v2 writes: such entries carry no time. */
const REKOR_V2_TYPES: ReadonlySet<string> = new Set(['dsse 0.0.2', 'hashedrekord 0.0.2']);

export function isRekorV2(type: string): boolean {
  return REKOR_V2_TYPES.has(type);
}

/**
 * Reads the body of a log entry. Hostile input: strict JSON, known kinds and versions only, exactly one signature.
 * @throws Error that says what is wrong
 * @see https://github.com/sigstore/rekor/tree/main/pkg/types
 */
export function parseLogBody(bytes: Uint8Array): LogBody {
  const body = objectOf(parseStrictJson(bytes, 'it', { maxBytes: MAX_BODY_BYTES, maxDepth: MAX_DEPTH }), 'it');
  const type = `${textOf(body, 'kind')} ${textOf(body, 'apiVersion')}`;
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (read === undefined) throw new Error(`entries of the type ${JSON.stringify(type.slice(0, 80))} are not read`);
  return { type, ...read(inside(body, 'spec')) };
}

function readDsse1(spec: JsonObject): Omit<LogBody, 'type'> {
  const signature = onlyOne(spec, 'signatures');
  return {
    signature: base64Of(signature, 'signature'),
    signer: pemSigner(base64Of(signature, 'verifier')),
    ...hexDigest(inside(spec, 'payloadHash')),
    digestOf: 'payload',
  };
}

function readDsse2(spec: JsonObject): Omit<LogBody, 'type'> {
  const dsse = inside(spec, 'dsseV002');
  const signature = onlyOne(dsse, 'signatures');
  return {
    signature: base64Of(signature, 'content'),
    signer: derSigner(inside(signature, 'verifier')),
    ...base64Digest(inside(dsse, 'payloadHash')),
    digestOf: 'payload',
  };
}

function readIntoto2(spec: JsonObject): Omit<LogBody, 'type'> {
  const content = inside(spec, 'content');
  const signature = onlyOne(inside(content, 'envelope'), 'signatures');
  // the log keeps the base64 of the envelope, in base64 again
  const inner = decodeBase64(Buffer.from(base64Of(signature, 'sig')).toString('latin1'));
  if (inner === undefined) throw new Error('its signature is not base64 within base64');
  return {
    signature: inner,
    signer: pemSigner(base64Of(signature, 'publicKey')),
    ...hexDigest(inside(content, 'payloadHash')),
    digestOf: 'payload',
  };
}

function readHashedrekord1(spec: JsonObject): Omit<LogBody, 'type'> {
  const signature = inside(spec, 'signature');
  return {
    signature: base64Of(signature, 'content'),
    signer: pemSigner(base64Of(inside(signature, 'publicKey'), 'content')),
    ...hexDigest(inside(inside(spec, 'data'), 'hash')),
    digestOf: 'signed',
  };
}

function readHashedrekord2(spec: JsonObject): Omit<LogBody, 'type'> {
  const record = inside(spec, 'hashedRekordV002');
  const signature = inside(record, 'signature');
  return {
    signature: base64Of(signature, 'content'),
    signer: derSigner(inside(signature, 'verifier')),
    ...base64Digest(inside(record, 'data')),
    digestOf: 'signed',
  };
}

function pemSigner(pem: Uint8Array): LogBodySigner {
  const text = Buffer.from(pem).toString('latin1');
  if (text.length > 64 * 1024) throw new Error('its key is too long');
  if (text.includes('-----BEGIN CERTIFICATE-----'))
    return { kind: 'certificate', bytes: new X509Certificate(text).raw };
  const key = createPublicKey({ key: text, format: 'pem' });
  return { kind: 'key', bytes: key.export({ type: 'spki', format: 'der' }) };
}

function derSigner(verifier: JsonObject): LogBodySigner {
  const [certificate, key] = [member(verifier, 'x509Certificate'), member(verifier, 'publicKey')];
  if ((certificate === undefined) === (key === undefined)) throw new Error('it names no signer, or two');
  const kind = certificate === undefined ? 'key' : 'certificate';
  return { kind, bytes: base64Of(objectOf(certificate ?? key, kind), 'rawBytes') };
}

function hexDigest(holder: JsonObject): Pick<LogBody, 'algorithm' | 'digest'> {
  const hex = textOf(holder, 'value');
  if (!/^(?:[0-9a-f]{2}){32,64}$/.test(hex)) throw new Error('its digest is not lower-case hex');
  return { algorithm: hashName(holder), digest: Buffer.from(hex, 'hex') };
}

function base64Digest(holder: JsonObject): Pick<LogBody, 'algorithm' | 'digest'> {
  return { algorithm: hashName(holder), digest: base64Of(holder, 'digest') };
}

function hashName(holder: JsonObject): HashName {
  const name = textOf(holder, 'algorithm');
  const algorithm = Object.hasOwn(HASH_NAMES, name) ? HASH_NAMES[name] : undefined;
  if (algorithm === undefined) throw new Error(`the hash ${JSON.stringify(name.slice(0, 40))} is not read`);
  return algorithm;
}

function onlyOne(holder: JsonObject, name: string): JsonObject {
  const list = member(holder, name);
  if (!Array.isArray(list) || list.length !== 1) throw new Error(`it has not exactly one of ${name}`);
  return objectOf((list as readonly JsonValue[])[0], name);
}

function inside(holder: JsonObject, name: string): JsonObject {
  return objectOf(member(holder, name), name);
}

function objectOf(value: JsonValue | undefined, name: string): JsonObject {
  const object = asObject(value);
  if (object === undefined) throw new Error(`${name} is missing or not an object`);
  return object;
}

function textOf(holder: JsonObject, name: string): string {
  const value = member(holder, name);
  if (typeof value !== 'string') throw new Error(`${name} is missing or not text`);
  return value;
}

function base64Of(holder: JsonObject, name: string): Uint8Array {
  const bytes = decodeBase64(member(holder, name));
  if (bytes === undefined || bytes.byteLength === 0) throw new Error(`${name} is missing or not base64`);
  return bytes;
}
