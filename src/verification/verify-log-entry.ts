import type { TransparencyLogEntry } from '@sigstore/bundle';
import type { SignedEntity, TrustMaterial } from '@sigstore/verify';
import type { BundleVersion, JsonObject } from '../attestation/index.ts';
import { hexOf, sameBytes } from './bytes.ts';
import { isRekorV2, parseLogBody, type LogBody, type LogBodySigner } from './log-body.ts';
import { checkProofAgainstCheckpoint, parseLogEntry } from './log-entry.ts';
import { Rejection, rejectAs } from './rejection.ts';
import type { HashName, SignedContent } from './signed-content.ts';
import type { TrustedLog } from './trust-types.ts';
import type { VerifiedLogEntry } from './types.ts';

const END_OF_TIME = new Date(8_640_000_000_000_000);
const BY_LENGTH: Readonly<Record<number, HashName>> = { 32: 'sha256', 48: 'sha384', 64: 'sha512' };

export interface LogEntryContext {
  readonly content: SignedContent;
  /** Who signed: what the entry must name. */
  readonly signer: LogBodySigner;
  readonly version: BundleVersion;
  readonly logs: readonly TrustedLog[];
}

/** A verified entry with the log that holds it. */
export interface LogProof {
  readonly entry: VerifiedLogEntry;
  readonly log: TrustedLog;
  /** The identity of the entry: copies of one are one. */
  readonly key: string;
}

/**
 * Verifies one log entry: that it is of this signature, this signer and these bytes, and that a trusted log holds it. The library checks promise, checkpoint
 * and proof; wrapped is what it lacks: the signer, hashes other than SHA-256, and whose log it is.
 * @returns undefined when no trusted log has the entry's log id
 * @throws Rejection LOG_MALFORMED, LOG_MISMATCH (an entry of something else), LOG_INVALID
 */
export async function verifyLogEntry(json: JsonObject, context: LogEntryContext): Promise<LogProof | undefined> {
  const entry = parseLogEntry(json, context.version);
  const body = rejectAs('LOG_MALFORMED', 'the body of a log entry does not parse', () =>
    parseLogBody(entry.canonicalizedBody),
  );
  if (body.type !== `${entry.kindVersion.kind} ${entry.kindVersion.version}`) {
    throw new Rejection('LOG_MISMATCH', `a log entry of the type ${body.type} says it is another`);
  }
  checkBinding(body, context);
  const id = hexOf(entry.logId.keyId);
  const logs = context.logs.filter(({ ids }) => ids.includes(id));
  if (logs.length === 0) return undefined;
  let problem = '';
  for (const log of logs) {
    const failure = await failureWith(entry, log, context.content);
    if (failure === undefined) {
      checkProofAgainstCheckpoint(entry);
      return { entry: describe(entry, body, log), log, key: `${id} ${hexOf(entry.canonicalizedBody)}` };
    }
    problem = failure;
  }
  throw new Rejection('LOG_INVALID', `the log entry does not verify: ${problem}`);
}

function checkBinding(body: LogBody, { content, signer }: LogEntryContext): void {
  if (!sameBytes(body.signature, content.signature)) mismatch('of another signature');
  if (body.signer.kind !== signer.kind || !sameBytes(body.signer.bytes, signer.bytes)) mismatch('of another signer');
  const isDigest = body.digestOf === 'signed' ? content.isSignedDigest : content.isPayloadDigest;
  if (!isDigest(body.algorithm, body.digest)) mismatch('of other bytes');
}

function mismatch(what: string): never {
  throw new Rejection('LOG_MISMATCH', `a log entry of the bundle is ${what}`);
}

/** Why the log does not vouch for the entry, in the library's words; undefined when it does. */
async function failureWith(
  entry: TransparencyLogEntry,
  log: TrustedLog,
  content: SignedContent,
): Promise<string | undefined> {
  const { inclusionPromise, inclusionProof } = entry;
  if (inclusionPromise === undefined && inclusionProof === undefined) return 'it has neither promise nor proof';
  if (inclusionPromise !== undefined) {
    const failure = await failureOf({ ...entry, inclusionProof: undefined }, log, content);
    if (failure !== undefined) return failure;
  }
  if (inclusionProof === undefined) return undefined;
  let failure: string | undefined = 'the log has no id';
  // the library finds a checkpoint's signature by the start of the log's id; logs may have one id for entries and another for checkpoints
  for (const id of log.ids) {
    const keyId = Buffer.from(id, 'hex');
    failure = await failureOf({ ...entry, logId: { keyId }, inclusionPromise: undefined }, log, content);
    if (failure === undefined) return undefined;
  }
  return failure;
}

async function failureOf(
  entry: TransparencyLogEntry,
  log: TrustedLog,
  content: SignedContent,
): Promise<string | undefined> {
  const { Verifier } = await import('@sigstore/verify');
  const entity: SignedEntity = {
    signature: {
      signature: Buffer.from(content.signature),
      compareSignature: (signature) => sameBytes(signature, content.signature),
      compareDigest: (digest) => compares(digest, content.isPayloadDigest),
      compareSignedDigest: (digest) => compares(digest, content.isSignedDigest),
      // the signature itself is checked elsewhere, with the signer's key
      verifySignature: () => true,
    },
    key: { $case: 'public-key', hint: '' },
    tlogEntries: [entry],
    timestamps: [],
  };
  try {
    new Verifier(materialOf(entry, log), { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 0 }).verify(entity);
    return undefined;
  } catch (error) {
    // hostile entries also make it throw what it does not document
    return error instanceof Error ? error.message.slice(0, 300) : 'unknown failure';
  }
}

function compares(digest: Uint8Array, isDigest: (algorithm: HashName, digest: Uint8Array) => boolean): boolean {
  const algorithm = BY_LENGTH[digest.byteLength];
  return algorithm !== undefined && isDigest(algorithm, digest);
}

function materialOf(entry: TransparencyLogEntry, log: TrustedLog): TrustMaterial {
  return {
    certificateAuthorities: [],
    timestampAuthorities: [],
    tlogs: [
      {
        logID: Buffer.from(entry.logId.keyId),
        baseURL: checkpointName(entry, log),
        publicKey: log.key.key,
        validFor: { start: log.validFor.start, end: log.validFor.end ?? END_OF_TIME },
      },
    ],
    ctlogs: [],
    publicKey: () => ({ publicKey: log.key.key, validFor: () => true }),
  };
}

/**
 * What the library looks for the checkpoint's name in. Only key ids of Ed25519 have the name in them; a Rekor v1 signs with the name of its machine, which
 * is in no trusted root, and its key alone says who it is.
 */
function checkpointName({ inclusionProof }: TransparencyLogEntry, log: TrustedLog): string {
  return log.key.algorithm === 'ed25519' ? log.baseUrl : (inclusionProof?.checkpoint?.envelope ?? log.baseUrl);
}

function describe(entry: TransparencyLogEntry, body: LogBody, log: TrustedLog): VerifiedLogEntry {
  const seconds = Number(entry.integratedTime);
  // only a promise signs the time, and only the old log makes promises
  const hasTime = entry.inclusionPromise !== undefined && !isRekorV2(body.type) && seconds > 0;
  return {
    logIndex: entry.logIndex,
    logId: hexOf(entry.logId.keyId),
    operator: log.operator,
    baseUrl: log.baseUrl,
    type: body.type,
    ...(hasTime ? { integratedTime: new Date(seconds * 1000).toISOString() } : {}),
    proof: entry.inclusionProof === undefined ? 'promise' : 'inclusion',
  };
}
