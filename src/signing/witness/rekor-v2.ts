import { parseStrictJson, type JsonValue } from '../../core/index.ts';
import type { SignedArtifact } from '../artifact.ts';
import type { Service } from '../config/services.ts';
import { signingError } from '../errors.ts';
import { answerJson, callService, invalidAnswer, type ServiceCall } from '../service/call-service.ts';
import { base64, base64Of, int64Of, memberAt, memberOf, textOf } from '../service/json-members.ts';
import { serviceEndpoint } from '../service/service-url.ts';
import type { LogEntry, Witness } from './contract.ts';
import { keyDetails } from './key-details.ts';

/** Such a log answers when its next checkpoint is out, which takes seconds; clients must wait for 20 of them at least. */
const TIME_LIMIT_MS = 90_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_PROOF_HASHES = 64;
const KIND = { kind: 'hashedrekord', version: '0.0.2' } as const;
const HASH_NAMES = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' } as const;

/**
 * A Rekor log of version 2 (tiles): everything is logged as `hashedrekord` 0.0.2 over the digest of what was signed, for a statement that of its
 * pre-authentication encoding; with the certificate, or the public key. Its entries have no time of their own.
 * @see https://github.com/sigstore/rekor-tiles/blob/main/api/proto/rekor/v2/rekor_service.proto
 */
export function rekorV2(service: Service): Witness {
  return {
    check({ publicKey }) {
      if (keyDetails(publicKey) !== undefined) return;
      throw signingError(
        'SIGNING_UNSUPPORTED',
        `the log ${service.url.host} takes no signatures of this ${publicKey.algorithm} key`,
        {
          hint: 'sign with an ECDSA key, or RSA of 2048, 3072 or 4096 bits',
        },
      );
    },
    async testify(signed, { client, runtime }) {
      const call = {
        what: 'the transparency log',
        url: serviceEndpoint(service.url, '/api/v2/log/entries'),
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: Buffer.from(JSON.stringify({ hashedRekordRequestV002: request(signed) })),
        timeLimitMs: TIME_LIMIT_MS,
        maxAnswerBytes: MAX_ANSWER_BYTES,
        accept: [409],
        signal: runtime.signal,
      } as const satisfies ServiceCall;
      const answer = await callService(client, call);
      if (answer.status === 409) {
        throw signingError('SERVICE_ENTRY_EXISTS', `the log ${service.url.host} has this entry already`, {
          hint: 'such a log does not give out entries again: sign once more',
        });
      }
      return { kind: 'log-entry', service, entry: parseEntry(answerJson(answer, call), signed, call) };
    },
  };
}

function request(signed: SignedArtifact): JsonValue {
  return {
    digest: base64(signed.digest),
    signature: { content: base64(signed.signature), verifier: verifierOf(signed) },
  };
}

function verifierOf({ certificate, publicKey }: SignedArtifact): { readonly [key: string]: JsonValue } {
  const details = keyDetails(publicKey) ?? '';
  if (certificate !== undefined) return { x509Certificate: { rawBytes: base64(certificate) }, keyDetails: details };
  const der = publicKey.key.export({ type: 'spki', format: 'der' });
  return { publicKey: { rawBytes: base64(der) }, keyDetails: details };
}

function parseEntry(answer: JsonValue, signed: SignedArtifact, call: ServiceCall): LogEntry {
  const body = base64Of(memberOf(answer, 'canonicalizedBody'));
  const logId = base64Of(memberAt(answer, 'logId', 'keyId'));
  // protobuf's JSON leaves zeros out
  const logIndex = int64Of(memberOf(answer, 'logIndex') ?? '0');
  const { kind, version } = KIND;
  if (memberAt(answer, 'kindVersion', 'kind') !== kind || memberAt(answer, 'kindVersion', 'version') !== version)
    throw invalidAnswer(call, `is not an entry of kind ${kind} ${version}`);
  if (body === undefined || logId === undefined || logIndex === undefined) throw invalidAnswer(call, 'is not an entry');
  const inclusionProof = parseProof(memberOf(answer, 'inclusionProof'), call);
  if (!isSame(body, signed)) throw invalidAnswer(call, 'is the entry of something else');
  return {
    json: {
      logIndex,
      logId: { keyId: base64(logId) },
      kindVersion: KIND,
      inclusionProof,
      canonicalizedBody: base64(body),
    },
    logIndex,
    logId: base64(logId),
  };
}

function parseProof(proof: JsonValue | undefined, call: ServiceCall): { readonly [key: string]: JsonValue } {
  const logIndex = int64Of(memberOf(proof, 'logIndex') ?? '0');
  const treeSize = int64Of(memberOf(proof, 'treeSize'));
  const rootHash = base64Of(memberOf(proof, 'rootHash'));
  const checkpoint = textOf(memberAt(proof, 'checkpoint', 'envelope'));
  const hashes = memberOf(proof, 'hashes') ?? [];
  const decoded = Array.isArray(hashes)
    ? (hashes as readonly JsonValue[]).map((entry) => base64Of(entry))
    : [undefined];
  if (logIndex === undefined || treeSize === undefined || rootHash === undefined || checkpoint === undefined)
    throw invalidAnswer(call, 'has no proof of inclusion');
  if (decoded.length > MAX_PROOF_HASHES || decoded.some((entry) => entry?.byteLength !== 32))
    throw invalidAnswer(call, 'has a malformed proof of inclusion');
  return {
    logIndex,
    rootHash: base64(rootHash),
    treeSize,
    hashes: decoded.filter((entry) => entry !== undefined).map((entry) => base64(entry)),
    checkpoint: { envelope: checkpoint },
  };
}

/** The entry must be about this signature by this key over this digest. */
function isSame(bytes: Uint8Array, signed: SignedArtifact): boolean {
  let body: JsonValue;
  try {
    body = parseStrictJson(bytes, 'the entry', { maxBytes: MAX_ANSWER_BYTES, maxDepth: 16 });
  } catch {
    return false;
  }
  const spec = memberAt(body, 'spec', 'hashedRekordV002');
  const expected = verifierOf(signed);
  const given = memberAt(spec, 'signature', 'verifier');
  const kind = signed.certificate === undefined ? 'publicKey' : 'x509Certificate';
  return (
    memberOf(body, 'kind') === KIND.kind &&
    memberOf(body, 'apiVersion') === KIND.version &&
    memberAt(spec, 'data', 'algorithm') === HASH_NAMES[signed.hashName] &&
    memberAt(spec, 'data', 'digest') === base64(signed.digest) &&
    memberAt(spec, 'signature', 'content') === base64(signed.signature) &&
    memberOf(given, 'keyDetails') === expected['keyDetails'] &&
    memberAt(given, kind, 'rawBytes') === memberAt(expected, kind, 'rawBytes')
  );
}
