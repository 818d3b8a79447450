import type { SignatureProofs, SigningTime } from '../../verification/index.ts';

/** Who made a signature that counts, and what vouches for it. */
export interface AcceptedSigner {
  readonly kind: 'key' | 'certificate';
  /** Files of the keys that it verifies with, or the rules that its owner meets. */
  readonly signer: readonly string[];
  /** Of the public key; that of a keyless signature was used once. */
  readonly fingerprint: string;
  /** Of certificates: the owner. */
  readonly identity?: string;
  /** Who vouched for the owner. */
  readonly issuer?: string;
  /** What else Fulcio wrote into the certificate, by name. */
  readonly extensions?: Readonly<Record<string, string>>;
  /** When it was signed, by every trusted source. */
  readonly times: readonly SigningTime[];
  /** Entries in trusted logs. */
  readonly logs: readonly {
    readonly index: string;
    readonly operator: string;
    readonly proof: 'promise' | 'inclusion';
  }[];
  /** Whether a transparency log entry was verified. */
  readonly logVerified: boolean;
}

/** What was verified of a bundle, as results tell it. */
export function acceptedSigner({ signer, log, timestamps }: SignatureProofs): AcceptedSigner {
  const logs = log.evaluated
    ? log.verified.map(({ logIndex, operator, proof }) => ({ index: logIndex, operator, proof }))
    : [];
  const common = { fingerprint: signer.fingerprint, signer: signer.names, logs, logVerified: logs.length > 0 };
  if (signer.kind === 'key') {
    return { kind: 'key', ...common, times: timestamps.evaluated ? timestamps.verified : [] };
  }
  return {
    kind: 'certificate',
    ...common,
    identity: signer.identity,
    ...(signer.issuer === undefined ? {} : { issuer: signer.issuer }),
    extensions: signer.extensions,
    times: signer.when,
  };
}
