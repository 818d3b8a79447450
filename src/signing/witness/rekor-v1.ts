import { hash } from 'node:crypto';
import { parseStrictJson, type JsonValue } from '../../core/index.ts';
import { formatPem } from '../../keys/index.ts';
import { IN_TOTO_PAYLOAD_TYPE } from '../../attestation/index.ts';
import { signingError } from '../errors.ts';
import {
  answerJson,
  callService,
  invalidAnswer,
  type ServiceAnswer,
  type ServiceCall,
} from '../service/call-service.ts';
import { asObject, base64, base64Of, hexOf, int64Of, memberAt, memberOf, textOf } from '../service/json-members.ts';
import { serviceEndpoint } from '../service/service-url.ts';
import type { SignedArtifact } from '../artifact.ts';
import type { Service } from '../config/services.ts';
import type { LogEntry, Witness, WitnessContext } from './contract.ts';

const ENTRIES = '/api/v1/log/entries';
const TIME_LIMIT_MS = 60_000;
/** An entry of kind `dsse` holds hashes only. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_PROOF_HASHES = 64;
const ENTRY_ID = /^(?:[0-9a-f]{64}|[0-9a-f]{80})$/;

/**
 * A Rekor log of version 1: statements are logged as `dsse` 0.0.1 (which sends the whole payload), files as `hashedrekord` 0.0.1, as cosign does. An entry
 * that is there already is fetched.
 * @see https://github.com/sigstore/rekor/blob/main/openapi.yaml
 */
export function rekorV1(service: Service): Witness {
  return {
    check({ artifact, publicKey: { algorithm } }) {
      // files are logged by their digest, which Ed25519 does not sign; of statements such a log knows SHA-256 only
      const refused =
        artifact.kind === 'file' ? algorithm === 'ed25519' : algorithm === 'ecdsa-p384' || algorithm === 'ecdsa-p521';
      if (!refused) return;
      throw signingError(
        'SIGNING_UNSUPPORTED',
        `the log ${service.url.host} takes no ${algorithm} signatures of ${artifact.kind}s`,
        { hint: 'sign with a P-256 or RSA key, or with a timestamp authority in place of the log' },
      );
    },
    async testify(signed, context) {
      const call = {
        what: 'the transparency log',
        url: serviceEndpoint(service.url, ENTRIES),
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: Buffer.from(JSON.stringify(proposedEntry(signed))),
        timeLimitMs: TIME_LIMIT_MS,
        maxAnswerBytes: MAX_ANSWER_BYTES,
        accept: [409],
        signal: context.runtime.signal,
      } as const satisfies ServiceCall;
      const created = await callService(context.client, call);
      const answer = created.status === 409 ? await fetchExisting(created, { service, call, context }) : created;
      return { kind: 'log-entry', service, entry: parseEntry(answerJson(answer, call), signed, call) };
    },
  };
}

function proposedEntry(signed: SignedArtifact): JsonValue {
  const { artifact, signature } = signed;
  if (artifact.kind === 'file') {
    return {
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: {
        data: { hash: { algorithm: signed.hashName, value: Buffer.from(signed.digest).toString('hex') } },
        signature: { content: base64(signature), publicKey: { content: base64(Buffer.from(verifierPem(signed))) } },
      },
    };
  }
  const envelope = {
    payload: base64(artifact.payload),
    payloadType: IN_TOTO_PAYLOAD_TYPE,
    signatures: [{ sig: base64(signature) }],
  };
  return {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      proposedContent: { envelope: JSON.stringify(envelope), verifiers: [base64(Buffer.from(verifierPem(signed)))] },
    },
  };
}

function verifierPem({ certificate, publicKey }: SignedArtifact): string {
  return certificate === undefined ? publicKey.pem : formatPem('CERTIFICATE', certificate);
}

interface Existing {
  readonly service: Service;
  readonly call: ServiceCall;
  readonly context: WitnessContext;
}

/** The entry that the Location of a conflict names; only its id is taken from there, never the host. */
async function fetchExisting(conflict: ServiceAnswer, { service, call, context }: Existing): Promise<ServiceAnswer> {
  const id = (conflict.header('location') ?? '').slice(0, 2048).split('/').at(-1) ?? '';
  if (!ENTRY_ID.test(id)) throw invalidAnswer(call, 'says that the entry exists and not where');
  const { what, timeLimitMs, maxAnswerBytes, signal } = call;
  const url = serviceEndpoint(service.url, `${ENTRIES}/${id}`);
  const headers = { accept: 'application/json' };
  return callService(context.client, { what, url, method: 'GET', headers, timeLimitMs, maxAnswerBytes, signal });
}

function parseEntry(answer: JsonValue, signed: SignedArtifact, call: ServiceCall): LogEntry {
  const entries = Object.values(asObject(answer) ?? {});
  const [entry] = entries;
  if (entries.length !== 1 || entry === undefined)
    throw invalidAnswer(call, `holds ${entries.length} entries, not one`);
  const body = base64Of(memberOf(entry, 'body'));
  const logId = hexOf(memberOf(entry, 'logID'));
  const logIndex = int64Of(memberOf(entry, 'logIndex'));
  const integratedTime = int64Of(memberOf(entry, 'integratedTime'));
  const promise = base64Of(memberAt(entry, 'verification', 'signedEntryTimestamp'));
  if (body === undefined || logId?.byteLength !== 32 || logIndex === undefined || integratedTime === undefined)
    throw invalidAnswer(call, 'is not an entry');
  if (promise === undefined) throw invalidAnswer(call, 'has no signed time');
  const proof = parseProof(memberAt(entry, 'verification', 'inclusionProof'), call);
  return {
    json: {
      logIndex,
      logId: { keyId: base64(logId) },
      kindVersion: requireSame(body, signed, call),
      integratedTime,
      inclusionPromise: { signedEntryTimestamp: base64(promise) },
      inclusionProof: proof,
      canonicalizedBody: base64(body),
    },
    logIndex,
    logId: base64(logId),
    integratedTime: new Date(Number(integratedTime) * 1000),
  };
}

function parseProof(proof: JsonValue | undefined, call: ServiceCall): { readonly [key: string]: JsonValue } {
  const logIndex = int64Of(memberOf(proof, 'logIndex'));
  const treeSize = int64Of(memberOf(proof, 'treeSize'));
  const rootHash = hexOf(memberOf(proof, 'rootHash'));
  const checkpoint = textOf(memberOf(proof, 'checkpoint'));
  const hashes = memberOf(proof, 'hashes') ?? [];
  const decoded = Array.isArray(hashes) ? (hashes as readonly JsonValue[]).map((entry) => hexOf(entry)) : [undefined];
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

/** The entry must be about this signature by this key over this content; some other true entry proves nothing. */
function requireSame(bytes: Uint8Array, signed: SignedArtifact, call: ServiceCall): { kind: string; version: string } {
  let body: JsonValue;
  try {
    body = parseStrictJson(bytes, 'the entry', { maxBytes: MAX_ANSWER_BYTES, maxDepth: 16 });
  } catch {
    throw invalidAnswer(call, 'has an entry that is not JSON');
  }
  const kind = signed.artifact.kind === 'file' ? 'hashedrekord' : 'dsse';
  const same = kind === 'dsse' ? isSameEnvelope(body, signed) : isSameFile(body, signed);
  if (memberOf(body, 'kind') !== kind || memberOf(body, 'apiVersion') !== '0.0.1' || !same)
    throw invalidAnswer(call, 'is the entry of something else');
  return { kind, version: '0.0.1' };
}

function isSameEnvelope(body: JsonValue, signed: SignedArtifact): boolean {
  const signatures = memberAt(body, 'spec', 'signatures');
  const [entry, ...more] = Array.isArray(signatures) ? (signatures as readonly JsonValue[]) : [];
  const payload = signed.artifact.kind === 'statement' ? signed.artifact.payload : new Uint8Array();
  return (
    more.length === 0 &&
    memberOf(entry, 'signature') === base64(signed.signature) &&
    isSameVerifier(memberOf(entry, 'verifier'), signed) &&
    memberAt(body, 'spec', 'payloadHash', 'algorithm') === 'sha256' &&
    memberAt(body, 'spec', 'payloadHash', 'value') === hash('sha256', payload, 'hex')
  );
}

function isSameFile(body: JsonValue, signed: SignedArtifact): boolean {
  return (
    memberAt(body, 'spec', 'signature', 'content') === base64(signed.signature) &&
    isSameVerifier(memberAt(body, 'spec', 'signature', 'publicKey', 'content'), signed) &&
    memberAt(body, 'spec', 'data', 'hash', 'algorithm') === signed.hashName &&
    memberAt(body, 'spec', 'data', 'hash', 'value') === Buffer.from(signed.digest).toString('hex')
  );
}

/** PEM in base64; line breaks may differ from ours. */
function isSameVerifier(value: JsonValue | undefined, signed: SignedArtifact): boolean {
  const pem = base64Of(value);
  const packed = (text: string): string => text.replaceAll(/\s/g, '');
  return pem !== undefined && packed(Buffer.from(pem).toString('latin1')) === packed(verifierPem(signed));
}
