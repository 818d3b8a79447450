import {
  IN_TOTO_PAYLOAD_TYPE,
  matchesPredicateType,
  matchSubject,
  pae,
  type ParsedBundle,
  type Statement,
  type StatementSubject,
} from '../attestation/index.ts';
import { sha256Digest, type Digest } from '../core/index.ts';
import { PLAIN_READER } from './bundle-reader.ts';
import { checkSigner, claimsOf, parseOptionsOf, parseOrReject, requireSigners } from './check-signer.ts';
import { verifyBytes } from './prehashed-signature.ts';
import { Rejection, quote } from './rejection.ts';
import { envelopeContent } from './signed-content.ts';
import type { BundleVerdict, CheckBundleOptions, VerifiedBundle } from './types.ts';

/**
 * Checks one bundle against trusted keys and identities and one image, in memory: no files, no network, no clock, so that a saved bundle gives the same
 * verdict later. Order: strict parsing, payload type, signature, authority, time, logs, identity, and only then what the signed statement says. Hostile
 * input; never throws for it.
 * @throws AppError VERIFICATION_NO_KEYS, VERIFICATION_NO_TRUST_ROOT
 */
export async function checkBundle(bytes: Uint8Array, options: CheckBundleOptions): Promise<BundleVerdict> {
  requireSigners(options);
  const bundleDigest = sha256Digest(bytes);
  let bundle: ParsedBundle | undefined;
  try {
    bundle = parseOrReject(() => (options.reader ?? PLAIN_READER).bundle(bytes, parseOptionsOf(options)));
    return await verifyParsed(bundle, bundleDigest, options);
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { ok: false, bundleDigest, code: error.code, reason: error.message, ...claimsOf(bundle) };
  }
}

async function verifyParsed(
  bundle: ParsedBundle,
  bundleDigest: Digest,
  options: CheckBundleOptions,
): Promise<VerifiedBundle> {
  if (bundle.payloadType !== IN_TOTO_PAYLOAD_TYPE) {
    throw new Rejection(
      'PAYLOAD_TYPE',
      `the payload type is ${quote(bundle.payloadType)}, not ${IN_TOTO_PAYLOAD_TYPE}`,
    );
  }
  const signed = pae(bundle.payloadType, bundle.payload);
  const proofs = await checkSigner(
    {
      bundle,
      content: envelopeContent(bundle),
      verify: (key) => verifyBytes(key, signed, bundle.signature),
    },
    options,
  );
  return { ok: true, bundleDigest, ...checkStatement(bundle.payload, options), ...proofs };
}

/**
 * What a signed statement says, if it is about the subject, of the type and with the annotations that are wanted.
 * @throws Rejection
 */
export function checkStatement(
  payload: Uint8Array,
  options: CheckBundleOptions,
): Pick<VerifiedBundle, 'statement' | 'predicateType' | 'subject' | 'annotations'> {
  const statement = parseOrReject(() => (options.reader ?? PLAIN_READER).statement(payload));
  const subject = checkSubject(statement, options.subject);
  checkPredicateType(statement, options);
  const annotations = stringAnnotations(subject);
  checkAnnotations(annotations, options.annotations ?? {});
  return { statement, predicateType: statement.predicateType, subject, annotations };
}

function checkSubject(statement: Statement, wanted: Digest): StatementSubject {
  const subject = matchSubject(statement, wanted);
  if (subject !== undefined) return subject;
  const first = Object.entries(statement.subjects[0]?.digest ?? {})[0];
  const more = statement.subjects.length > 1 ? ` and ${statement.subjects.length - 1} more` : '';
  const other = first === undefined ? 'another subject' : `${first[0].slice(0, 40)}:${first[1]}${more}`;
  throw new Rejection('SUBJECT_MISMATCH', `it speaks of ${other}, not of ${wanted}`);
}

function checkPredicateType(statement: Statement, { predicateType }: CheckBundleOptions): void {
  if (predicateType === undefined || matchesPredicateType(predicateType, statement.predicateType)) return;
  throw new Rejection(
    'PREDICATE_TYPE',
    `its predicate type is ${quote(statement.predicateType)}, not ${predicateType.uri}`,
  );
}

/** @throws Rejection ANNOTATION_MISMATCH */
export function checkAnnotations(
  actual: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(wanted)) {
    const found = Object.hasOwn(actual, name) ? actual[name] : undefined;
    if (found === value) continue;
    const instead = found === undefined ? 'is missing' : `is ${quote(found)}`;
    throw new Rejection('ANNOTATION_MISMATCH', `the annotation ${quote(name)} ${instead}, not ${quote(value)}`);
  }
}

function stringAnnotations(subject: StatementSubject): Readonly<Record<string, string>> {
  const entries = Object.entries(subject.annotations ?? {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
