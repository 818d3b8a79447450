import { hash } from 'node:crypto';
import {
  asObject,
  decodeBase64,
  IN_TOTO_PAYLOAD_TYPE,
  member,
  pae,
  SIGN_PREDICATE_TYPE,
  type JsonObject,
  type LegacyCandidate,
  type ParsedBundle,
  type ParsedFileBundle,
} from '../attestation/index.ts';
import { isAppError, LIMITS, parseStrictJson, sha256Digest, type Digest, type JsonValue } from '../core/index.ts';
import type { PublicKeyIdentity } from '../keys/index.ts';
import { checkAnnotations, checkStatement } from './check-bundle.ts';
import { checkSigner, claimsOf, requireSigners } from './check-signer.ts';
import { legacyMaterial } from './legacy-material.ts';
import { verifyBytes } from './prehashed-signature.ts';
import { Rejection, quote } from './rejection.ts';
import { envelopeContent, fileContent } from './signed-content.ts';
import type {
  BundleVerdict,
  CheckBundleOptions,
  LegacyVerdict,
  VerifiedBundle,
  VerifiedLegacySignature,
} from './types.ts';

const SIGNATURE_TYPE = 'cosign container image signature';
const MAX_DEPTH = 32;

/**
 * Checks a signature or attestation in the layout of cosign 1 and 2 by the rules for bundles: the same signers, authorities, logs and times. A signature is
 * one of cosign's own kind over this very digest; the image's name in it is a claim that nobody checks. Hostile input; never throws for it.
 * @throws AppError VERIFICATION_NO_KEYS, VERIFICATION_NO_TRUST_ROOT
 */
export async function checkLegacy(
  candidate: LegacyCandidate,
  options: CheckBundleOptions,
): Promise<BundleVerdict | LegacyVerdict> {
  requireSigners(options);
  const bundleDigest = sha256Digest(candidate.payload);
  let bundle: ParsedBundle | ParsedFileBundle | undefined;
  try {
    if (candidate.payload.byteLength > (options.maxBytes ?? LIMITS.bundleBytes)) {
      throw new Rejection('BUNDLE_TOO_LARGE', `the payload is ${candidate.payload.byteLength} bytes`);
    }
    if (candidate.kind === 'attestation') {
      bundle = parseAttestation(candidate);
      return await verifyAttestation(bundle, candidate, { bundleDigest, options });
    }
    bundle = parseSignature(candidate);
    return await verifyLegacySignature(bundle, candidate, { bundleDigest, options });
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { ok: false, bundleDigest, code: error.code, reason: error.message, ...claimsOf(bundle) };
  }
}

interface Asked {
  readonly bundleDigest: Digest;
  readonly options: CheckBundleOptions;
}

async function verifyAttestation(
  bundle: ParsedBundle,
  { payload: envelope }: LegacyCandidate,
  { bundleDigest, options }: Asked,
): Promise<VerifiedBundle> {
  if (bundle.payloadType !== IN_TOTO_PAYLOAD_TYPE) {
    throw new Rejection(
      'PAYLOAD_TYPE',
      `the payload type is ${quote(bundle.payloadType)}, not ${IN_TOTO_PAYLOAD_TYPE}`,
    );
  }
  const signed = pae(bundle.payloadType, bundle.payload);
  // the authority stamped the envelope here, and not the signature as in bundles
  const content = { ...envelopeContent(bundle), stamped: envelope };
  const verify = (key: PublicKeyIdentity): Promise<boolean> => verifyBytes(key, signed, bundle.signature);
  const proofs = await checkSigner({ bundle, content, verify }, options);
  return { ok: true, bundleDigest, ...checkStatement(bundle.payload, options), ...proofs };
}

async function verifyLegacySignature(
  bundle: ParsedFileBundle,
  { payload }: LegacyCandidate,
  { bundleDigest, options }: Asked,
): Promise<VerifiedLegacySignature> {
  const digests = new Map([['sha256', hash('sha256', payload, 'hex')] as const]);
  const content = fileContent(bundle.signature, digests);
  const verify = (key: PublicKeyIdentity): Promise<boolean> => verifyBytes(key, payload, bundle.signature);
  const proofs = await checkSigner({ bundle, content, verify }, options);
  const { annotations, imageName } = checkSimpleSigning(payload, options);
  return { ok: true, layout: 'legacy', bundleDigest, annotations, imageName, ...proofs };
}

function parseSignature(candidate: LegacyCandidate): ParsedFileBundle {
  const { signature, payload } = candidate;
  if (signature === undefined || signature.byteLength === 0) {
    throw new Rejection('BUNDLE_MALFORMED', 'the signature is missing or not base64');
  }
  const digest = hash('sha256', payload, 'buffer');
  return { ...legacyMaterial(candidate), signature, messageDigest: { algorithm: 'SHA2_256', digest } };
}

function parseAttestation(candidate: LegacyCandidate): ParsedBundle {
  const envelope = objectOf(parseJson(candidate.payload, 'the envelope'), 'the envelope');
  const payloadType = member(envelope, 'payloadType');
  const payload = decodeBase64(member(envelope, 'payload'));
  const signatures = member(envelope, 'signatures');
  if (typeof payloadType !== 'string' || payload === undefined || payload.byteLength === 0) {
    throw new Rejection('BUNDLE_MALFORMED', 'the envelope has no payload type, or its payload is not base64');
  }
  if (!Array.isArray(signatures) || signatures.length !== 1) {
    throw new Rejection('BUNDLE_MALFORMED', 'the envelope has not exactly one signature');
  }
  const signature = decodeBase64(member(objectOf((signatures as readonly JsonValue[])[0], 'the signature'), 'sig'));
  if (signature === undefined || signature.byteLength === 0) {
    throw new Rejection('BUNDLE_MALFORMED', 'the signature is missing or not base64');
  }
  return { ...legacyMaterial(candidate), payloadType, payload, signature, keyid: '' };
}

/** What a signature of cosign says: of which digest, and with which annotations. Type and digest are both compared. */
function checkSimpleSigning(
  payload: Uint8Array,
  { subject, annotations: wanted, predicateType }: CheckBundleOptions,
): Pick<VerifiedLegacySignature, 'annotations' | 'imageName'> {
  const document = objectOf(parseJson(payload, 'the signed document'), 'the signed document');
  const critical = objectOf(member(document, 'critical'), 'what is critical');
  const type = member(critical, 'type');
  if (type !== SIGNATURE_TYPE)
    throw new Rejection('PREDICATE_TYPE', `its type is ${show(type)}, not "${SIGNATURE_TYPE}"`);
  if (predicateType !== undefined && predicateType.uri !== SIGN_PREDICATE_TYPE) {
    throw new Rejection('PREDICATE_TYPE', `it is an image signature, and no attestation of ${predicateType.uri}`);
  }
  const digest = member(objectOf(member(critical, 'image'), 'the image'), 'docker-manifest-digest');
  if (digest !== subject) throw new Rejection('SUBJECT_MISMATCH', `it speaks of ${show(digest)}, not of ${subject}`);
  const optional = asObject(member(document, 'optional')) ?? {};
  const texts = Object.entries(optional).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const annotations = Object.fromEntries(texts);
  checkAnnotations(annotations, wanted ?? {});
  const name = member(asObject(member(critical, 'identity')) ?? {}, 'docker-reference');
  return { annotations, imageName: typeof name === 'string' ? name : '' };
}

function parseJson(bytes: Uint8Array, what: string): JsonValue {
  try {
    return parseStrictJson(bytes, what, { maxBytes: LIMITS.bundleBytes, maxDepth: MAX_DEPTH });
  } catch (error) {
    if (isAppError(error)) throw new Rejection('BUNDLE_MALFORMED', error.message);
    throw error;
  }
}

function objectOf(value: JsonValue | undefined, what: string): JsonObject {
  const object = asObject(value);
  if (object === undefined) throw new Rejection('BUNDLE_MALFORMED', `${what} is missing or not an object`);
  return object;
}

function show(value: JsonValue | undefined): string {
  return value === undefined ? 'missing' : quote(typeof value === 'string' ? value : JSON.stringify(value));
}
