import { X509Certificate } from 'node:crypto';
import {
  IN_TOTO_PAYLOAD_TYPE,
  matchesPredicateType,
  matchSubject,
  parseBundle,
  parseStatement,
  type ParsedBundle,
  type Statement,
  type StatementSubject,
} from '../attestation/index.ts';
import { isAppError, sha256Digest, type Digest } from '../core/index.ts';
import { verificationError } from './errors.ts';
import { findSigningKey, hintOf } from './keyed-signature.ts';
import type {
  BundleVerdict,
  CheckBundleOptions,
  RejectedBundle,
  RejectionCode,
  TrustedKey,
  VerifiedBundle,
} from './types.ts';

/** Ends a check with its reason. */
class Rejection extends Error {
  readonly code: RejectionCode;

  constructor(code: RejectionCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/**
 * Checks one bundle against trusted keys and one image, in memory: no files, no network, no clock, so that a saved bundle gives the same verdict later.
 * Order: strict parsing, payload type, signature, log, and only then what the signed statement says. Hostile input; never throws for it.
 * @throws AppError VERIFICATION_NO_KEYS
 */
export async function checkBundle(bytes: Uint8Array, options: CheckBundleOptions): Promise<BundleVerdict> {
  if (options.keys.length === 0) {
    throw verificationError('VERIFICATION_NO_KEYS', 'no key to verify with', {
      hint: 'give --key FILE: nobody is trusted unless named',
    });
  }
  const bundleDigest = sha256Digest(bytes);
  let bundle: ParsedBundle | undefined;
  try {
    bundle = parseOrReject(() =>
      parseBundle(bytes, options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
    );
    return await verifyParsed(bundle, bundleDigest, options);
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { ok: false, bundleDigest, code: error.code, reason: error.message, ...claims(bundle) };
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
  if (bundle.material.kind !== 'public-key') {
    const identity = claimedIdentity(bundle);
    const claim = identity === undefined ? '' : ` that names ${quote(identity)}`;
    const reason = `it was signed with a certificate${claim} (keyless); only keys are trusted here`;
    throw new Rejection('KEYLESS_UNSUPPORTED', reason);
  }
  const signingKey = await verifySigner(bundle, options.keys);
  const names = checkLog(
    bundle,
    options.keys.filter(({ key }) => key.fingerprint === signingKey.key.fingerprint),
    options.requireTransparencyLog,
  );
  const statement = parseOrReject(() => parseStatement(bundle.payload));
  const subject = checkSubject(statement, options.subject);
  checkPredicateType(statement, options);
  const annotations = stringAnnotations(subject);
  checkAnnotations(annotations, options.annotations ?? {});
  return {
    ok: true,
    bundleDigest,
    signer: {
      kind: 'key',
      fingerprint: signingKey.key.fingerprint,
      hint: signingKey.key.hint,
      names: names.flatMap(({ name }) => (name === undefined ? [] : [name])),
    },
    statement,
    predicateType: statement.predicateType,
    subject,
    annotations,
    log: { evaluated: false, entries: bundle.logEntries.length },
    timestamps: { evaluated: false, entries: bundle.timestamps.length },
  };
}

/** The hint only selects among trusted keys; when it fits none of them, all are tried, as hints of other tools are not always digests. */
async function verifySigner(bundle: ParsedBundle, keys: readonly TrustedKey[]): Promise<TrustedKey> {
  const hint = hintOf(bundle);
  const hinted = keys.filter(({ key }) => key.hint === hint);
  const signingKey = await findSigningKey(bundle, hinted.length > 0 ? hinted : keys);
  if (signingKey !== undefined) return signingKey;
  const [claimed] = hinted;
  if (claimed !== undefined) {
    const name = claimed.name === undefined ? '' : ` (${claimed.name})`;
    // Node's crypto has no Ed25519ph, and it cannot be told from a wrong signature without it
    const limit = claimed.key.algorithm === 'ed25519' ? '; prehashed signatures (Ed25519ph) are not read' : '';
    throw new Rejection(
      'SIGNATURE_INVALID',
      `it names the trusted key ${claimed.key.fingerprint}${name}, and the signature is not that key's: altered after signing, or never signed${limit}`,
    );
  }
  const claim = hint === '' ? 'it names no key' : `it names the key ${claimedFingerprint(hint) ?? quote(hint)}`;
  const trusted =
    keys.length === 1 ? `the trusted key ${keys[0]?.key.fingerprint ?? ''}` : `any of the ${keys.length} trusted keys`;
  throw new Rejection('UNTRUSTED_KEY', `${claim}, and was not signed by ${trusted}`);
}

/** The names of the key under which the bundle counts: those that ask for no log entry, as none can be checked without a trust root. */
function checkLog(
  bundle: ParsedBundle,
  names: readonly TrustedKey[],
  requireTransparencyLog: boolean,
): readonly TrustedKey[] {
  const withoutLog = names.filter((trusted) => !(trusted.requireTransparencyLog ?? requireTransparencyLog));
  if (withoutLog.length > 0) return withoutLog;
  if (bundle.logEntries.length === 0) {
    throw new Rejection('LOG_MISSING', 'a transparency log entry is required, and the bundle has none');
  }
  throw new Rejection(
    'LOG_UNVERIFIABLE',
    'a transparency log entry is required, and there is no trust root to check it against',
  );
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

function checkAnnotations(actual: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): void {
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

function parseOrReject<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isAppError(error) && isParseCode(error.code)) throw new Rejection(error.code, error.message);
    throw error;
  }
}

function isParseCode(code: string): code is RejectionCode {
  return ['BUNDLE_MALFORMED', 'BUNDLE_TOO_LARGE', 'BUNDLE_VERSION', 'STATEMENT_MALFORMED'].includes(code);
}

type Claims = Pick<RejectedBundle, 'hint' | 'claimedFingerprint' | 'claimedIdentity'>;

function claims(bundle: ParsedBundle | undefined): Claims {
  if (bundle === undefined) return {};
  const identity = claimedIdentity(bundle);
  if (identity !== undefined) return { claimedIdentity: identity };
  const hint = hintOf(bundle);
  const fingerprint = claimedFingerprint(hint);
  return {
    ...(hint === '' ? {} : { hint }),
    ...(fingerprint === undefined ? {} : { claimedFingerprint: fingerprint }),
  };
}

function claimedIdentity({ material }: ParsedBundle): string | undefined {
  const certificate = material.kind === 'certificates' ? material.certificates[0] : undefined;
  if (certificate === undefined) return undefined;
  try {
    return new X509Certificate(certificate).subjectAltName?.slice(0, 500);
  } catch {
    return undefined;
  }
}

function claimedFingerprint(hint: string): string | undefined {
  return /^[A-Za-z0-9+/]{43}=$/.test(hint) ? `sha256:${Buffer.from(hint, 'base64').toString('hex')}` : undefined;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
