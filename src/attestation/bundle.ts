import { isAppError, LIMITS, parseStrictJson, type JsonValue } from '../core/index.ts';
import { attestationError } from './errors.ts';
import { asObject, decodeBase64, member, unknownMember, type JsonObject } from './json-shape.ts';

/** The media type of the bundles that waybill writes. */
export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
/** How every bundle's media type starts. */
export const BUNDLE_MEDIA_TYPE_PREFIX = 'application/vnd.dev.sigstore.bundle';
/** How the bundle of a file is called beside it, as cosign has it too. */
export const BUNDLE_SUFFIX = '.sigstore.json';

const VERSIONS: Readonly<Record<string, BundleVersion>> = {
  [BUNDLE_MEDIA_TYPE]: '0.3',
  'application/vnd.dev.sigstore.bundle+json;version=0.3': '0.3',
  'application/vnd.dev.sigstore.bundle+json;version=0.2': '0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.1': '0.1',
};
/** Most log entries, timestamps and certificates of one bundle. */
const MAX_ITEMS = 32;
const MAX_HINT_CHARS = 4096;
/** JSON depth: log entries with their proofs need 6. */
const MAX_DEPTH = 16;

const BUNDLE_MEMBERS = ['mediaType', 'verificationMaterial', 'dsseEnvelope', 'messageSignature'];
const ENVELOPE_MEMBERS = ['payload', 'payloadType', 'signatures'];
const SIGNATURE_MEMBERS = ['sig', 'keyid'];
const MESSAGE_MEMBERS = ['messageDigest', 'signature'];
const DIGEST_MEMBERS = ['algorithm', 'digest'];
const MATERIAL_MEMBERS = [
  'publicKey',
  'certificate',
  'x509CertificateChain',
  'tlogEntries',
  'timestampVerificationData',
];

export type BundleVersion = '0.1' | '0.2' | '0.3';

/** What the bundle says its signature can be checked with; only a selector, never trusted by itself. */
export type BundleKeyMaterial =
  | { readonly kind: 'public-key'; readonly hint: string }
  | { readonly kind: 'certificates'; readonly certificates: readonly Uint8Array[] };

interface BundleParts {
  readonly mediaType: string;
  readonly version: BundleVersion;
  readonly signature: Uint8Array;
  readonly material: BundleKeyMaterial;
  readonly logEntries: readonly JsonObject[];
  readonly timestamps: readonly Uint8Array[];
}

/** A DSSE bundle in memory; nothing in it has been verified. */
export interface ParsedBundle extends BundleParts {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly keyid: string;
}

/** A bundle over a file (`messageSignature`) in memory; nothing in it has been verified. */
export interface ParsedFileBundle extends BundleParts {
  /** What the bundle says the file's digest is; the algorithm by its name in the format, such as `SHA2_256`. */
  readonly messageDigest: { readonly algorithm: string; readonly digest: Uint8Array };
}

export interface ParseBundleOptions {
  /** Largest bundle; LIMITS.bundleBytes unless told. */
  readonly maxBytes?: number;
  /** Oldest version accepted; 0.3 unless told, which is what may lie in a registry. */
  readonly minVersion?: BundleVersion;
  /** Most log entries; 32 unless told. */
  readonly maxLogEntries?: number;
}

/**
 * Parses a Sigstore bundle with a DSSE envelope, strictly: exact media types, one content kind, one signature, known members only, canonical
 * base64, no duplicate keys, at most 32 log entries, timestamps and certificates. Hostile input.
 * @throws AppError BUNDLE_TOO_LARGE, BUNDLE_VERSION, BUNDLE_MALFORMED
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
 */
export function parseBundle(bytes: Uint8Array, options: ParseBundleOptions = {}): ParsedBundle {
  const bundle = parseAnyBundle(bytes, options);
  if ('payload' in bundle) return bundle;
  throw malformed('the bundle signs a file (messageSignature), not a statement (dsseEnvelope)');
}

/**
 * Parses a bundle of either kind by the same rules: with an envelope, or with the signature of a file.
 * @throws AppError BUNDLE_TOO_LARGE, BUNDLE_VERSION, BUNDLE_MALFORMED
 */
export function parseAnyBundle(bytes: Uint8Array, options: ParseBundleOptions = {}): ParsedBundle | ParsedFileBundle {
  const bundle = parseTop(bytes, options.maxBytes ?? LIMITS.bundleBytes);
  const mediaType = member(bundle, 'mediaType');
  const version = bundleVersion(mediaType, options.minVersion ?? '0.3');
  known(bundle, BUNDLE_MEMBERS, 'the bundle');
  const envelope = member(bundle, 'dsseEnvelope');
  const message = member(bundle, 'messageSignature');
  if (envelope !== undefined && message !== undefined) throw malformed('the bundle has two kinds of content');
  const material = objectOf(member(bundle, 'verificationMaterial'), 'verificationMaterial', MATERIAL_MEMBERS);
  const parts = {
    mediaType: mediaType as string,
    version,
    material: parseMaterial(material),
    logEntries: listOf(member(material, 'tlogEntries'), 'tlogEntries', options.maxLogEntries).map((entry) =>
      objectOf(entry, 'a log entry'),
    ),
    timestamps: parseTimestamps(member(material, 'timestampVerificationData')),
  };
  return message === undefined
    ? { ...parts, ...parseEnvelope(objectOf(envelope, 'dsseEnvelope', ENVELOPE_MEMBERS)) }
    : { ...parts, ...parseMessage(objectOf(message, 'messageSignature', MESSAGE_MEMBERS)) };
}

function parseMessage(message: JsonObject): Pick<ParsedFileBundle, 'messageDigest' | 'signature'> {
  const signature = decodeBase64(member(message, 'signature'));
  if (signature === undefined || signature.byteLength === 0) throw malformed('the signature is missing or not base64');
  const output = objectOf(member(message, 'messageDigest'), 'messageDigest', DIGEST_MEMBERS);
  const algorithm = member(output, 'algorithm');
  const digest = decodeBase64(member(output, 'digest'));
  if (typeof algorithm !== 'string') throw malformed('the digest names no algorithm');
  if (digest === undefined || digest.byteLength === 0) throw malformed('the digest is missing or not base64');
  return { signature, messageDigest: { algorithm, digest } };
}

function parseTop(bytes: Uint8Array, maxBytes: number): JsonObject {
  if (bytes.byteLength > maxBytes) {
    throw attestationError(
      'BUNDLE_TOO_LARGE',
      `the bundle is ${bytes.byteLength} bytes, more than the ${maxBytes} allowed`,
    );
  }
  let json: JsonValue;
  try {
    json = parseStrictJson(bytes, 'the bundle', { maxBytes, maxDepth: MAX_DEPTH });
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw attestationError('BUNDLE_MALFORMED', cause.message, { cause });
  }
  return objectOf(json, 'the bundle');
}

function bundleVersion(mediaType: JsonValue | undefined, minVersion: BundleVersion): BundleVersion {
  if (typeof mediaType !== 'string' || !mediaType.startsWith(BUNDLE_MEDIA_TYPE_PREFIX)) {
    throw malformed(
      `the bundle's mediaType is ${mediaType === undefined ? 'missing' : JSON.stringify(mediaType).slice(0, 120)}`,
    );
  }
  const version = Object.hasOwn(VERSIONS, mediaType) ? VERSIONS[mediaType] : undefined;
  if (version === undefined) {
    throw attestationError(
      'BUNDLE_VERSION',
      `the bundle's version is not known: ${JSON.stringify(mediaType.slice(0, 120))}`,
    );
  }
  if (version < minVersion) {
    throw attestationError(
      'BUNDLE_VERSION',
      `the bundle has version ${version}; at least ${minVersion} is needed here`,
    );
  }
  return version;
}

function parseEnvelope(envelope: JsonObject): Pick<ParsedBundle, 'payloadType' | 'payload' | 'signature' | 'keyid'> {
  const payloadType = member(envelope, 'payloadType');
  const payload = decodeBase64(member(envelope, 'payload'));
  if (typeof payloadType !== 'string' || payloadType === '') throw malformed('the envelope has no payloadType');
  if (payload === undefined || payload.byteLength === 0)
    throw malformed("the envelope's payload is missing or not base64");
  const signatures = listOf(member(envelope, 'signatures'), 'signatures');
  if (signatures.length !== 1) throw malformed(`the envelope has ${signatures.length} signatures, not one`);
  const entry = objectOf(signatures[0], 'the signature', SIGNATURE_MEMBERS);
  const signature = decodeBase64(member(entry, 'sig'));
  if (signature === undefined || signature.byteLength === 0) throw malformed('the signature is missing or not base64');
  return { payloadType, payload, signature, keyid: hintOf(member(entry, 'keyid'), 'keyid') };
}

function parseMaterial(material: JsonObject): BundleKeyMaterial {
  const kinds = ['publicKey', 'certificate', 'x509CertificateChain'].filter(
    (kind) => member(material, kind) !== undefined,
  );
  if (kinds.length !== 1) throw malformed(`the bundle has ${kinds.length} kinds of key material, not one`);
  if (kinds[0] === 'publicKey') {
    const publicKey = objectOf(member(material, 'publicKey'), 'publicKey', ['hint']);
    return { kind: 'public-key', hint: hintOf(member(publicKey, 'hint'), 'hint') };
  }
  const chain = objectOf(member(material, 'x509CertificateChain') ?? { certificates: [] }, 'x509CertificateChain');
  const single = member(material, 'certificate');
  const certificates = single === undefined ? listOf(member(chain, 'certificates'), 'certificates') : [single];
  if (certificates.length === 0) throw malformed('the bundle has an empty certificate chain');
  return {
    kind: 'certificates',
    certificates: certificates.map((entry) => rawBytes(entry, 'rawBytes', 'a certificate')),
  };
}

function parseTimestamps(value: JsonValue | undefined): readonly Uint8Array[] {
  if (value === undefined) return [];
  const data = objectOf(value, 'timestampVerificationData', ['rfc3161Timestamps']);
  return listOf(member(data, 'rfc3161Timestamps'), 'rfc3161Timestamps').map((entry) =>
    rawBytes(entry, 'signedTimestamp', 'a timestamp'),
  );
}

function rawBytes(value: JsonValue, name: string, what: string): Uint8Array {
  const bytes = decodeBase64(member(objectOf(value, what), name));
  if (bytes === undefined || bytes.byteLength === 0) throw malformed(`${what} of the bundle is empty or not base64`);
  return bytes;
}

function hintOf(value: JsonValue | undefined, name: string): string {
  if (value === undefined) return '';
  if (typeof value !== 'string' || value.length > MAX_HINT_CHARS)
    throw malformed(`the bundle's ${name} is too long or not a string`);
  return value;
}

function objectOf(value: JsonValue | undefined, what: string, members?: readonly string[]): JsonObject {
  const object = asObject(value);
  if (object === undefined) throw malformed(`${what} is ${value === undefined ? 'missing' : 'not an object'}`);
  if (members !== undefined) known(object, members, what);
  return object;
}

function known(object: JsonObject, members: readonly string[], what: string): void {
  const unknown = unknownMember(object, members);
  if (unknown !== undefined) throw malformed(`${what} has an unknown member ${JSON.stringify(unknown.slice(0, 80))}`);
}

function listOf(value: JsonValue | undefined, what: string, most: number = MAX_ITEMS): readonly JsonValue[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw malformed(`${what} of the bundle is not a list`);
  if (value.length > most) throw malformed(`the bundle has ${value.length} ${what}, more than the ${most} allowed`);
  return value as readonly JsonValue[];
}

function malformed(message: string): Error {
  return attestationError('BUNDLE_MALFORMED', message);
}
