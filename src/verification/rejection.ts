/** Why a bundle was refused. Public and stable: added on purpose, never renamed. */
export type RejectionCode =
  /** Not a bundle, two kinds of content, several signatures, duplicate keys, over a count. */
  | 'BUNDLE_MALFORMED'
  | 'BUNDLE_TOO_LARGE'
  | 'BUNDLE_VERSION'
  /** The signed payload is not an in-toto statement by its payloadType. */
  | 'PAYLOAD_TYPE'
  /** Signed with a certificate, where only keys are trusted. */
  | 'KEYLESS_UNSUPPORTED'
  /** Signed with a key, where only identities are trusted. */
  | 'KEYED_UNSUPPORTED'
  /** A trusted key that was not in force when it signed. */
  | 'KEY_EXPIRED'
  /** Signed by none of the trusted keys. */
  | 'UNTRUSTED_KEY'
  /** Says that a trusted key or its own certificate signed it, and the signature is wrong: altered after signing. */
  | 'SIGNATURE_INVALID'
  /** A key or a certificate of an algorithm that is not accepted. */
  | 'ALGORITHM_NOT_ALLOWED'
  | 'CERTIFICATE_MALFORMED'
  /** No trusted authority issued the certificate. */
  | 'CERTIFICATE_UNTRUSTED'
  /** Certificate, intermediate or authority were not in force when it was signed. */
  | 'CERTIFICATE_EXPIRED'
  /** Not for code signing, that of an authority, an authority that is none, too long a path, an unknown critical extension. */
  | 'CERTIFICATE_USAGE'
  | 'CERTIFICATE_NAME_CONSTRAINTS'
  /** The certificate names nobody that could be an identity. */
  | 'IDENTITY_UNSUPPORTED'
  /** The certificate is somebody else's. */
  | 'IDENTITY_MISMATCH'
  /** The certificate carries no certificate timestamp, and one is required. */
  | 'SCT_MISSING'
  /** Those that it carries do not verify, or are too few. */
  | 'SCT_INVALID'
  /** A log entry is required, and the bundle has none. */
  | 'LOG_MISSING'
  /** A log entry is required, and no trust root is at hand to check it against. */
  | 'LOG_UNVERIFIABLE'
  | 'LOG_MALFORMED'
  /** A log entry of another signature, signer or content. */
  | 'LOG_MISMATCH'
  /** A trusted log does not vouch for the entry: promise, checkpoint, proof, or its own time is wrong. */
  | 'LOG_INVALID'
  /** Only logs that are not trusted hold an entry. */
  | 'LOG_UNTRUSTED'
  /** Entries in fewer distinct operators' logs than required. */
  | 'LOG_THRESHOLD'
  /** Nobody trusted says when it was signed. */
  | 'TIME_MISSING'
  /** Fewer distinct operators say when than required. */
  | 'TIME_THRESHOLD'
  /** Timestamps that do not verify, where one is needed. */
  | 'TIMESTAMP_INVALID'
  | 'STATEMENT_MALFORMED'
  /** The statement speaks of another image. */
  | 'SUBJECT_MISMATCH'
  /** The bundle signs another file. */
  | 'DIGEST_MISMATCH'
  /** The file's bytes are needed, and only its digest is at hand. */
  | 'DIGEST_UNSUPPORTED'
  /** The statement is of another kind than the one asked for. */
  | 'PREDICATE_TYPE'
  | 'ANNOTATION_MISMATCH';

/** Ends a check with its reason. Never leaves the room: a verdict is made of it. */
export class Rejection extends Error {
  readonly code: RejectionCode;

  constructor(code: RejectionCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** Runs a step over hostile bytes: whatever it throws that is not a reason already becomes one. */
export function rejectAs<T>(code: RejectionCode, what: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof Rejection) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new Rejection(code, `${what}: ${detail.slice(0, 300)}`);
  }
}

/** Text from a bundle, quoted and cut. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
