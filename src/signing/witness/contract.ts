import type { JsonValue } from '../../core/index.ts';
import type { HttpClient } from '../../net/index.ts';
import type { Runtime } from '../../core/index.ts';
import type { SignedArtifact } from '../artifact.ts';
import type { Service } from '../config/services.ts';

/** What witnesses may use of the outside world. */
export interface WitnessContext {
  readonly client: HttpClient;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes' | 'signal'>;
}

/** What a witness gave, as it goes into a bundle. */
export type Testimony =
  | { readonly kind: 'log-entry'; readonly entry: LogEntry; readonly service: Service }
  | { readonly kind: 'timestamp'; readonly timestamp: Timestamp; readonly service: Service };

/** An entry of a transparency log. */
export interface LogEntry {
  /** `TransparencyLogEntry` in protobuf's JSON. */
  readonly json: { readonly [key: string]: JsonValue };
  readonly logIndex: string;
  /** Base64 of the log's key id. */
  readonly logId: string;
  /** Of logs that promise it with their signature (version 1). */
  readonly integratedTime?: Date;
}

/** A timestamp of RFC 3161. */
export interface Timestamp {
  /** DER of the whole `TimeStampResp`. */
  readonly response: Uint8Array;
  readonly time: Date;
}

/**
 * Somebody outside who testifies that a signature exists: a transparency log or a timestamp authority.
 *
 * Its answer is bound to what it was asked: entry, hash, signature and key, nonce. Whether it is to be trusted is for verification to say.
 */
export interface Witness {
  /** Whether this key's signatures can be testified to, before anything is sent. @throws AppError SIGNING_UNSUPPORTED */
  check(signed: Pick<SignedArtifact, 'artifact' | 'publicKey'>): void;
  testify(signed: SignedArtifact, context: WitnessContext): Promise<Testimony>;
}
