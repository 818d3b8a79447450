import type { Digest, JsonValue } from '../core/index.ts';
import type { Descriptor } from '../image/index.ts';

/** @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export interface Statement {
  readonly type: 'https://in-toto.io/Statement/v1' | 'https://in-toto.io/Statement/v0.1';
  readonly subjects: readonly StatementSubject[];
  readonly predicateType: string;
  readonly predicate: JsonValue;
}

export interface StatementSubject {
  readonly name?: string;
  /** Algorithm to lower-case hex. */
  readonly digest: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, JsonValue>>;
}

/** A Sigstore bundle found at a subject: raw, nothing verified. */
export interface FoundBundle {
  /** The referrer's manifest. */
  readonly manifest: Descriptor;
  readonly manifestBytes: Uint8Array;
  /** Digest of the bundle's bytes. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  /** From the manifest's annotations; a hint for display only. */
  readonly claimedPredicateType?: string;
}

/** A referrer that looked like a bundle but could not be read, or was over a cap. */
export interface UnreadableReferrer {
  readonly manifest: Descriptor;
  readonly code: string;
  readonly reason: string;
}
