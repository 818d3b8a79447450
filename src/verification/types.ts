import type { BundleVersion, PredicateType, Statement, StatementSubject } from '../attestation/index.ts';
import type { Digest } from '../core/index.ts';
import type { BundleReader } from './bundle-reader.ts';
import type { KeyAlgorithm, PublicKeyIdentity } from '../keys/index.ts';
import type { FulcioExtensions } from './fulcio-extensions.ts';
import type { IdentityKind, TrustedIdentity } from './identity.ts';
import type { RejectionCode } from './rejection.ts';
import type { VerifiedSct } from './sct.ts';
import type { Thresholds, TrustedRoot } from './trust-types.ts';
import type { Validity } from './validity.ts';

/** A key whose signatures count. */
export interface TrustedKey {
  /** What the user or the policy calls it. */
  readonly name?: string;
  readonly key: PublicKeyIdentity;
  /** For this key instead of the options' own. */
  readonly requireTransparencyLog?: boolean;
  /**
   * When it may have signed, for keys that follow one another. Every trusted time must lie within: timestamps, and the log's where an entry is required;
   * `now` where there is none.
   */
  readonly validFor?: Validity;
}

/** A trusted root and how much of it is asked for. Each is a world of its own: a bundle must satisfy one of them alone. */
export interface TrustedSource {
  readonly root: TrustedRoot;
  /** For certificates; one of each unless told. `thresholdsOf(root)` asks for what the root has. */
  readonly thresholds?: Partial<Thresholds>;
  /** For keys: one log, where an entry is required, and no timestamp unless told. */
  readonly thresholdsForKeys?: Partial<Pick<Thresholds, 'logs' | 'timestamps'>>;
}

/** Who may have signed, and what must vouch for it. */
export interface SignerOptions {
  /** Keys and identities together must be at least one. */
  readonly keys: readonly TrustedKey[];
  /** Owners of certificates; needs `trust`. */
  readonly identities?: readonly TrustedIdentity[];
  /** Roots for certificates, and for the log entries of keyed bundles. */
  readonly trust?: readonly TrustedSource[];
  /**
   * Whether a verified transparency log entry is needed. When false (cosign's `--insecure-ignore-tlog`), entries in the bundle are not evaluated, and
   * the verdict says so; certificates then need a timestamp.
   */
  readonly requireTransparencyLog: boolean;
  /**
   * Look for trusted times of keyed bundles where nothing asks for them: timestamps, and log entries that verify. What does not verify refuses nothing then.
   * False unless told.
   */
  readonly seekTimes?: boolean;
  /** Algorithms that signers may have; every one that is read unless told. */
  readonly algorithms?: readonly KeyAlgorithm[];
  /** The clock of who asks, where nobody trusted says when: for certificates only if `thresholds.timestamps` is 0, and for a log's window. */
  readonly now?: Date;
  /** Largest bundle; LIMITS.bundleBytes unless told. */
  readonly maxBytes?: number;
  /** Oldest bundle version; 0.3 for images and 0.1 for files unless told. */
  readonly minVersion?: BundleVersion;
  /** Most log entries of one bundle; 32 unless told. */
  readonly maxLogEntries?: number;
}

export interface CheckBundleOptions extends SignerOptions {
  /** The manifest or index that the statement must speak of. */
  readonly subject: Digest;
  /** The only predicate type accepted; any when absent. */
  readonly predicateType?: PredicateType;
  /** Annotations that the subject must carry, with these values. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Parses the bundle and its statement; each time unless given. */
  readonly reader?: BundleReader;
}

/** A key that signed, as verified. */
export interface KeySigner {
  readonly kind: 'key';
  /** `sha256:` over the key's SubjectPublicKeyInfo. */
  readonly fingerprint: string;
  readonly hint: string;
  /** Every name that the trusted key goes by, in the order given. */
  readonly names: readonly string[];
  /** Names of this key under which the bundle does not count, and why; absent when there are none. */
  readonly refused?: readonly RefusedName[];
}

/** A name that asks for more than the bundle proves. */
export interface RefusedName {
  readonly name: string;
  readonly code: RejectionCode;
  readonly reason: string;
}

/** A moment of signing and who vouches for it. */
export interface SigningTime {
  /** ISO 8601. */
  readonly time: string;
  /** A timestamp authority, a log that signed the time of its entry, or the clock of who asks. */
  readonly source: 'timestamp' | 'log' | 'clock';
  /** Who runs it; empty when the trusted root does not say. */
  readonly operator: string;
}

/** The owner of a certificate that signed, as verified. */
export interface CertificateSigner {
  readonly kind: 'certificate';
  /** `sha256:` over the SubjectPublicKeyInfo of the certificate; keys of keyless signatures are used once. */
  readonly fingerprint: string;
  /** The names of the rules that the certificate meets, in the order given. */
  readonly names: readonly string[];
  /** Places of these rules in `identities`. */
  readonly rules: readonly number[];
  /** The subject alternative name. */
  readonly identity: string;
  readonly identityKind: IdentityKind;
  /** The OpenID Connect issuer; absent in certificates of private authorities. */
  readonly issuer?: string;
  /** What else Fulcio wrote, by name. */
  readonly extensions: FulcioExtensions;
  /** When it was signed, by every trusted source, in the order of the bundle. */
  readonly when: readonly SigningTime[];
  readonly certificate: {
    /** `sha256:` over the DER. */
    readonly fingerprint: string;
    readonly serialNumber: string;
    readonly notBefore: string;
    readonly notAfter: string;
    readonly algorithm: KeyAlgorithm;
  };
  readonly scts: readonly VerifiedSct[];
}

/** Who signed, as verified. */
export type VerifiedSigner = KeySigner | CertificateSigner;

/** Something in the bundle that was not looked at. */
export interface NotEvaluated {
  readonly evaluated: false;
  /** How many the bundle holds. */
  readonly entries: number;
}

/** A log entry that a trusted log vouches for. */
export interface VerifiedLogEntry {
  readonly logIndex: string;
  /** Hex. */
  readonly logId: string;
  readonly operator: string;
  readonly baseUrl: string;
  /** Kind and version, such as `dsse 0.0.1`. */
  readonly type: string;
  /** The time that the log signed; never from Rekor v2, never without a promise. */
  readonly integratedTime?: string;
  /** Whether a Merkle proof was checked, or only the log's signed promise. */
  readonly proof: 'promise' | 'inclusion';
}

export interface LogEvaluation {
  readonly evaluated: true;
  readonly entries: number;
  readonly verified: readonly VerifiedLogEntry[];
  /** Entries in logs that are not trusted. */
  readonly untrusted: number;
}

export interface TimestampEvaluation {
  readonly evaluated: true;
  readonly entries: number;
  readonly verified: readonly SigningTime[];
  /** Why each other one does not count. */
  readonly problems: readonly string[];
}

/** What vouches for a signature. */
export interface SignatureProofs {
  readonly signer: VerifiedSigner;
  readonly log: NotEvaluated | LogEvaluation;
  readonly timestamps: NotEvaluated | TimestampEvaluation;
}

export interface VerifiedBundle extends SignatureProofs {
  readonly ok: true;
  readonly bundleDigest: Digest;
  readonly statement: Statement;
  readonly predicateType: string;
  /** The statement's subject that is the image. */
  readonly subject: StatementSubject;
  /** The string annotations of that subject. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A bundle over a file that verified. */
export interface VerifiedFile extends SignatureProofs {
  readonly ok: true;
  readonly bundleDigest: Digest;
  /** The digest of the file by which it was compared, such as `sha256:...`. */
  readonly fileDigest: string;
}

/** An image signature in the layout of cosign 1 and 2 that verified. */
export interface VerifiedLegacySignature extends SignatureProofs {
  readonly ok: true;
  readonly layout: 'legacy';
  /** Of the document that was signed. */
  readonly bundleDigest: Digest;
  readonly annotations: Readonly<Record<string, string>>;
  /** The name that the signer gave the image; a claim, never compared. */
  readonly imageName: string;
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
export type FileVerdict = VerifiedFile | RejectedBundle;
export type LegacyVerdict = VerifiedLegacySignature | RejectedBundle;
