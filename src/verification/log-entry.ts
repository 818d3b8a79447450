import type { TransparencyLogEntry } from '@sigstore/bundle';
import { asObject, decodeBase64, member, type BundleVersion, type JsonObject } from '../attestation/index.ts';
import type { JsonValue } from '../core/index.ts';
import { Rejection, rejectAs } from './rejection.ts';

const MAX_PROOF_HASHES = 64;
const MAX_CHECKPOINT_CHARS = 64 * 1024;
const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;

/**
 * A log entry of a bundle in the shape that the library reads; nothing in it has been verified. Strict where the library is lenient: canonical base64,
 * decimal numbers, caps, and what each bundle version demands (a promise in 0.1, a proof with checkpoint later).
 * @throws Rejection LOG_MALFORMED
 */
export function parseLogEntry(entry: JsonObject, version: BundleVersion): TransparencyLogEntry {
  return rejectAs('LOG_MALFORMED', 'a log entry of the bundle does not parse', () => {
    const promise = member(entry, 'inclusionPromise');
    const proof = proofOf(entry, version);
    if (version === '0.1' && promise === undefined)
      throw new Error('a bundle of version 0.1 needs an inclusion promise');
    if (version !== '0.1' && proof === undefined)
      throw new Error(`a bundle of version ${version} needs an inclusion proof`);
    const kindVersion = objectOf(member(entry, 'kindVersion'), 'kindVersion');
    return {
      logIndex: decimal(entry, 'logIndex'),
      logId: { keyId: base64Of(objectOf(member(entry, 'logId'), 'logId'), 'keyId') },
      kindVersion: { kind: textOf(kindVersion, 'kind', 64), version: textOf(kindVersion, 'version', 64) },
      integratedTime: decimal(entry, 'integratedTime'),
      inclusionPromise:
        promise === undefined
          ? undefined
          : { signedEntryTimestamp: base64Of(objectOf(promise, 'inclusionPromise'), 'signedEntryTimestamp') },
      inclusionProof: proof === undefined ? undefined : parseProof(proof),
      canonicalizedBody: base64Of(entry, 'canonicalizedBody'),
    };
  });
}

/** The proof; those of version 0.1 may lack the checkpoint, and are nothing without it. */
function proofOf(entry: JsonObject, version: BundleVersion): JsonObject | undefined {
  const value = member(entry, 'inclusionProof');
  if (value === undefined) return undefined;
  const proof = objectOf(value, 'inclusionProof');
  return version === '0.1' && member(proof, 'checkpoint') === undefined ? undefined : proof;
}

function parseProof(proof: JsonObject): NonNullable<TransparencyLogEntry['inclusionProof']> {
  const hashes = member(proof, 'hashes') ?? [];
  if (!Array.isArray(hashes) || hashes.length > MAX_PROOF_HASHES) throw new Error('hashes is no list, or too long');
  const nodes = (hashes as readonly JsonValue[]).map((value) => decodeBase64(value));
  return {
    logIndex: decimal(proof, 'logIndex'),
    treeSize: decimal(proof, 'treeSize'),
    rootHash: hashOf(decodeBase64(member(proof, 'rootHash'))),
    hashes: nodes.map(hashOf),
    checkpoint: {
      envelope: textOf(objectOf(member(proof, 'checkpoint'), 'checkpoint'), 'envelope', MAX_CHECKPOINT_CHARS),
    },
  };
}

/**
 * That the proof speaks of the tree that the checkpoint signs: the library takes size and root from the checkpoint and ignores the proof's own.
 * @throws Rejection LOG_INVALID
 */
export function checkProofAgainstCheckpoint(entry: TransparencyLogEntry): void {
  const { inclusionProof: proof } = entry;
  if (proof === undefined) return;
  const [, size, root] = (proof.checkpoint?.envelope ?? '').split('\n', 3);
  if (size === proof.treeSize && root === proof.rootHash.toString('base64')) return;
  throw new Rejection('LOG_INVALID', "the tree of a log entry's proof is not the one that the log signed");
}

function hashOf(bytes: Uint8Array | undefined): Buffer {
  if (bytes?.byteLength !== 32) throw new Error('a hash of the proof has not 32 bytes');
  return Buffer.from(bytes);
}

function objectOf(value: JsonValue | undefined, name: string): JsonObject {
  const object = asObject(value);
  if (object === undefined) throw new Error(`${name} is missing or not an object`);
  return object;
}

/** A whole number as proto3 JSON has it; absent means 0. */
function decimal(holder: JsonObject, name: string): string {
  const value = member(holder, name) ?? '0';
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || !DECIMAL.test(text)) throw new Error(`${name} is not a whole number`);
  return text;
}

function textOf(holder: JsonObject, name: string, most: number): string {
  const value = member(holder, name);
  if (typeof value !== 'string' || value.length > most) throw new Error(`${name} is missing, not text, or too long`);
  return value;
}

function base64Of(holder: JsonObject, name: string): Buffer {
  const bytes = decodeBase64(member(holder, name));
  if (bytes === undefined || bytes.byteLength === 0) throw new Error(`${name} is missing or not base64`);
  return Buffer.from(bytes);
}
