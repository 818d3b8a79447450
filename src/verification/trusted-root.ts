import { createPublicKey } from 'node:crypto';
import { asObject, decodeBase64, member, type JsonObject } from '../attestation/index.ts';
import { isAppError, parseStrictJson, type JsonValue } from '../core/index.ts';
import { parsePublicKey, type KeyAlgorithm, type PublicKeyIdentity } from '../keys/index.ts';
import { hexOf } from './bytes.ts';
import { parseCertificate, type Certificate } from './certificate.ts';
import { verificationError } from './errors.ts';
import {
  brandTrustedRoot,
  type IgnoredTrust,
  type TrustedAuthority,
  type TrustedLog,
  type TrustedRoot,
} from './trust-types.ts';
import type { Validity } from './validity.ts';

/** Largest trusted root; the public one has 8 KiB. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 16;
/** Roots in one file of JSON lines. */
const MAX_ROOTS = 32;
const MAX_ENTRIES = 128;
const MAX_CHAIN = 16;

const MEDIA_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.dev.sigstore.trustedroot.v0.2+json',
  'application/vnd.dev.sigstore.trustedroot.v0.1+json',
  'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
]);

/** Kinds of log keys by their names in trusted roots. Prehashed, PSS and post-quantum ones are not read. */
const KEY_DETAILS: Readonly<Record<string, KeyAlgorithm>> = {
  PKIX_ECDSA_P256_SHA_256: 'ecdsa-p256',
  PKIX_ECDSA_P384_SHA_384: 'ecdsa-p384',
  PKIX_ECDSA_P521_SHA_512: 'ecdsa-p521',
  PKIX_ED25519: 'ed25519',
  PKIX_RSA_PKCS1V15_2048_SHA256: 'rsa',
  PKIX_RSA_PKCS1V15_3072_SHA256: 'rsa',
  PKIX_RSA_PKCS1V15_4096_SHA256: 'rsa',
  PKIX_RSA_PKCS1V5: 'rsa',
  PKCS1_RSA_PKCS1V5: 'rsa',
};

/**
 * Parses a trusted root (`trusted_root.json`), of v0.1 or v0.2: exact media types, no duplicate keys, no entry without a start of its validity, no empty
 * chain. What has a key of a kind that is not read is left out and listed.
 * @throws AppError TRUST_ROOT_MALFORMED
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto
 */
export function parseTrustedRoot(bytes: Uint8Array): TrustedRoot {
  const root = objectOf(parseJson(bytes), 'the trusted root');
  const mediaType = member(root, 'mediaType');
  if (typeof mediaType !== 'string' || !MEDIA_TYPES.has(mediaType)) {
    throw malformed(
      `its mediaType is ${mediaType === undefined ? 'missing' : JSON.stringify(mediaType).slice(0, 120)}`,
    );
  }
  const ignored: IgnoredTrust[] = [];
  const authorities = (name: string): readonly TrustedAuthority[] =>
    entries(root, name).map((entry, index) => parseAuthority(entry, `${name}[${index}]`));
  const logs = (name: string): readonly TrustedLog[] =>
    entries(root, name).flatMap((entry, index) => parseLog(entry, `${name}[${index}]`, ignored));
  return brandTrustedRoot({
    certificateAuthorities: authorities('certificateAuthorities'),
    timestampAuthorities: authorities('timestampAuthorities'),
    transparencyLogs: logs('tlogs'),
    certificateLogs: logs('ctlogs'),
    ignored,
  });
}

/**
 * One trusted root, or several as JSON lines (what `gh attestation trusted-root` prints). Each is a world of its own: a bundle must satisfy one of them.
 * @throws AppError TRUST_ROOT_MALFORMED
 */
export function parseTrustedRoots(bytes: Uint8Array): readonly TrustedRoot[] {
  if (bytes.byteLength > MAX_BYTES)
    throw malformed(`it is ${bytes.byteLength} bytes, more than the ${MAX_BYTES} allowed`);
  const lines = Buffer.from(bytes)
    .toString('latin1')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length < 2 || lines[0]?.endsWith('}') !== true) return [parseTrustedRoot(bytes)];
  if (lines.length > MAX_ROOTS) throw malformed(`it has ${lines.length} roots, more than the ${MAX_ROOTS} allowed`);
  return lines.map((line) => parseTrustedRoot(Buffer.from(line, 'latin1')));
}

/** Several roots as one: what one of them trusts may complete what another does. For a private timestamp authority beside a public root. */
export function mergeTrustedRoots(roots: readonly TrustedRoot[]): TrustedRoot {
  return brandTrustedRoot({
    certificateAuthorities: roots.flatMap((root) => root.certificateAuthorities),
    timestampAuthorities: roots.flatMap((root) => root.timestampAuthorities),
    transparencyLogs: roots.flatMap((root) => root.transparencyLogs),
    certificateLogs: roots.flatMap((root) => root.certificateLogs),
    ignored: roots.flatMap((root) => root.ignored),
  });
}

function parseAuthority(entry: JsonObject, where: string): TrustedAuthority {
  const chain = objectOf(member(entry, 'certChain'), `${where}.certChain`);
  const certificates = listOf(member(chain, 'certificates'), `${where}.certChain.certificates`, MAX_CHAIN);
  if (certificates.length === 0) throw malformed(`${where} has an empty chain`);
  return {
    operator: textOf(entry, 'operator', where),
    uri: textOf(entry, 'uri', where),
    chain: certificates.map((certificate) => parseRawCertificate(certificate, where)),
    validFor: parseValidity(member(entry, 'validFor'), where),
    takesIntermediates: false,
  };
}

function parseRawCertificate(value: JsonValue, where: string): Certificate {
  const bytes = base64Of(objectOf(value, `a certificate of ${where}`), 'rawBytes', where);
  try {
    return parseCertificate(bytes);
  } catch (cause) {
    throw malformed(`a certificate of ${where} does not parse: ${cause instanceof Error ? cause.message : ''}`, cause);
  }
}

function parseLog(entry: JsonObject, where: string, ignored: IgnoredTrust[]): readonly TrustedLog[] {
  const publicKey = objectOf(member(entry, 'publicKey'), `${where}.publicKey`);
  const ids = ['logId', 'checkpointKeyId'].flatMap((name) => {
    const id = member(entry, name);
    return id === undefined ? [] : [hexOf(base64Of(objectOf(id, `${where}.${name}`), 'keyId', where))];
  });
  if (ids.length === 0) throw malformed(`${where} has no logId`);
  const validFor = parseValidity(member(publicKey, 'validFor'), where);
  const hashAlgorithm = member(entry, 'hashAlgorithm');
  if (hashAlgorithm !== undefined && hashAlgorithm !== 'SHA2_256') {
    ignored.push({ what: where, reason: `a hash that is not read: ${JSON.stringify(hashAlgorithm).slice(0, 80)}` });
    return [];
  }
  const key = parseLogKey(publicKey, where);
  if ('reason' in key) {
    ignored.push({ what: where, reason: key.reason });
    return [];
  }
  return [
    {
      operator: textOf(entry, 'operator', where),
      baseUrl: textOf(entry, 'baseUrl', where),
      ids: [...new Set(ids)],
      key,
      validFor,
    },
  ];
}

function parseLogKey(publicKey: JsonObject, where: string): PublicKeyIdentity | { readonly reason: string } {
  const details = member(publicKey, 'keyDetails');
  const wanted = typeof details === 'string' && Object.hasOwn(KEY_DETAILS, details) ? KEY_DETAILS[details] : undefined;
  if (wanted === undefined)
    return { reason: `a kind of key that is not read: ${JSON.stringify(details ?? null).slice(0, 80)}` };
  const bytes = base64Of(publicKey, 'rawBytes', where);
  let key: PublicKeyIdentity;
  try {
    const type = details === 'PKCS1_RSA_PKCS1V5' ? 'pkcs1' : 'spki';
    const object = createPublicKey({ key: Buffer.from(bytes), format: 'der', type });
    key = parsePublicKey(object.export({ type: 'spki', format: 'pem' }));
  } catch (cause) {
    throw malformed(`the key of ${where} does not parse`, cause);
  }
  if (key.algorithm !== wanted) throw malformed(`the key of ${where} is ${key.algorithm}, and is said to be ${wanted}`);
  return key;
}

function parseValidity(value: JsonValue | undefined, where: string): Validity {
  const window = objectOf(value, `${where}.validFor`);
  const start = parseTime(member(window, 'start'), `${where}.validFor.start`);
  const last = member(window, 'end');
  if (last === undefined) return { start };
  const end = parseTime(last, `${where}.validFor.end`);
  if (end < start) throw malformed(`${where}.validFor ends before it starts`);
  return { start, end };
}

function parseTime(value: JsonValue | undefined, where: string): Date {
  if (value === undefined) throw malformed(`${where} is missing`);
  const isTime =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(value);
  const time = new Date(isTime ? value : Number.NaN);
  if (Number.isNaN(time.getTime())) throw malformed(`${where} is not a time`);
  return time;
}

function entries(root: JsonObject, name: string): readonly JsonObject[] {
  return listOf(member(root, name), name, MAX_ENTRIES).map((entry, index) => objectOf(entry, `${name}[${index}]`));
}

function parseJson(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes, 'the trusted root', { maxBytes: MAX_BYTES, maxDepth: MAX_DEPTH });
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw malformed(cause.message, cause);
  }
}

function objectOf(value: JsonValue | undefined, where: string): JsonObject {
  const object = asObject(value);
  if (object === undefined) throw malformed(`${where} is ${value === undefined ? 'missing' : 'not an object'}`);
  return object;
}

function listOf(value: JsonValue | undefined, where: string, most: number): readonly JsonValue[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw malformed(`${where} is not a list`);
  if (value.length > most) throw malformed(`${where} has ${value.length} entries, more than the ${most} allowed`);
  return value as readonly JsonValue[];
}

function textOf(object: JsonObject, name: string, where: string): string {
  const value = member(object, name) ?? '';
  if (typeof value !== 'string' || value.length > 2048) throw malformed(`${where}.${name} is not a short text`);
  return value;
}

function base64Of(object: JsonObject, name: string, where: string): Uint8Array {
  const bytes = decodeBase64(member(object, name));
  if (bytes === undefined || bytes.byteLength === 0) throw malformed(`${name} of ${where} is missing or not base64`);
  return bytes;
}

function malformed(reason: string, cause?: unknown): Error {
  return verificationError('TRUST_ROOT_MALFORMED', `the trusted root is not read: ${reason}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'give a trusted_root.json of Sigstore, version 0.1 or 0.2',
  });
}
