import type { PredicateType, Statement, StatementSubject } from '../attestation/index.ts';
import type { Digest } from '../core/index.ts';
import type { PublicKeyIdentity } from '../keys/index.ts';

/** A key whose signatures count. */
export interface TrustedKey {
  /** What the user or the policy calls it. */
  readonly name?: string;
  readonly key: PublicKeyIdentity;
  /** For this key instead of the options' own. */
  readonly requireTransparencyLog?: boolean;
}

export interface CheckBundleOptions {
  /** At least one. */
  readonly keys: readonly TrustedKey[];
  /** The manifest or index that the statement must speak of. */
  readonly subject: Digest;
  /**
   * Whether a verified transparency log entry is needed. When false (cosign's `--insecure-ignore-tlog`), entries in the bundle are not evaluated, and
   * the verdict says so.
   */
  readonly requireTransparencyLog: boolean;
  /** The only predicate type accepted; any when absent. */
  readonly predicateType?: PredicateType;
  /** Annotations that the subject must carry, with these values. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Largest bundle; LIMITS.bundleBytes unless told. */
  readonly maxBytes?: number;
}

/** Why a bundle was refused. Public and stable: added on purpose, never renamed. */
export type RejectionCode =
  /** Not a bundle, two kinds of content, several signatures, duplicate keys, over a count. */
  | 'BUNDLE_MALFORMED'
  | 'BUNDLE_TOO_LARGE'
  | 'BUNDLE_VERSION'
  /** The signed payload is not an in-toto statement by its payloadType. */
  | 'PAYLOAD_TYPE'
  /** Signed with a certificate, where keys are trusted. */
  | 'KEYLESS_UNSUPPORTED'
  /** Signed by none of the trusted keys. */
  | 'UNTRUSTED_KEY'
  /** Says that a trusted key signed it, and the signature is wrong: altered after signing. */
  | 'SIGNATURE_INVALID'
  /** A log entry is required, and the bundle has none. */
  | 'LOG_MISSING'
  /** A log entry is required, and no trust root is at hand to check it against. */
  | 'LOG_UNVERIFIABLE'
  | 'STATEMENT_MALFORMED'
  /** The statement speaks of another image. */
  | 'SUBJECT_MISMATCH'
  /** The statement is of another kind than the one asked for. */
  | 'PREDICATE_TYPE'
  | 'ANNOTATION_MISMATCH';

/** Who signed, as verified. */
export interface VerifiedSigner {
  readonly kind: 'key';
  /** `sha256:` over the key's SubjectPublicKeyInfo. */
  readonly fingerprint: string;
  readonly hint: string;
  /** Every name that the trusted key goes by, in the order given. */
  readonly names: readonly string[];
}

/** Something in the bundle that was not looked at. */
export interface NotEvaluated {
  readonly evaluated: false;
  /** How many the bundle holds. */
  readonly entries: number;
}

export interface VerifiedBundle {
  readonly ok: true;
  readonly bundleDigest: Digest;
  readonly signer: VerifiedSigner;
  readonly statement: Statement;
  readonly predicateType: string;
  /** The statement's subject that is the image. */
  readonly subject: StatementSubject;
  /** The string annotations of that subject. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly log: NotEvaluated;
  readonly timestamps: NotEvaluated;
}

export interface RejectedBundle {
  readonly ok: false;
  readonly bundleDigest: Digest;
  readonly code: RejectionCode;
  /** In words, for people; text from the bundle in it is quoted and cut, not made safe for terminals. */
  readonly reason: string;
  /** The key hint the bundle states; a claim. */
  readonly hint?: string;
  /** The fingerprint that follows from the hint when it is one of SHA-256; a claim. */
  readonly claimedFingerprint?: string;
  /** The subject alternative name of the first certificate, when there is one; a claim. */
  readonly claimedIdentity?: string;
}

export type BundleVerdict = VerifiedBundle | RejectedBundle;
