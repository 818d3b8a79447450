import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { describe, it } from 'node:test';
import { initializeCA, initializeCTLog, initializeTLog } from '@sigstore/mock';
import { pae, signStatement } from '../../src/attestation/index.ts';
import { checkBundle, parseTrustedRoot } from '../../src/verification/index.ts';
import { acceptedSigner, assertRejected } from './support/assert-verdict.ts';
import { newPair, pemOf, sha256, spkiOf } from './support/certificates.ts';
import { bytesOf, identity, ISSUER, SAN, SUBJECT } from './support/world.ts';

const PAYLOAD = signStatement(SUBJECT);
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** What the mock answers with; its types leave it open. */
interface MockEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification?: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof?: {
      readonly logIndex: number;
      readonly treeSize: number;
      readonly rootHash: string;
      readonly checkpoint: string;
    };
  };
}

function asBuffer({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** A keyless bundle whose authority, certificate log and Rekor are the ecosystem's own test doubles, and the root that trusts them. */
async function signWithMocks(): Promise<{ readonly bundle: unknown; readonly root: unknown }> {
  const [caKeys, ctKeys, logKeys, signer] = [newPair('P-384'), newPair(), newPair(), newPair()];
  const ctLog = await initializeCTLog(ctKeys);
  const ca = await initializeCA(caKeys, ctLog);
  const log = await initializeTLog('https://rekor.mock.test', logKeys);
  const leaf = asBuffer(
    await ca.issueCertificate({
      publicKey: Uint8Array.from(spkiOf(signer.publicKey)),
      subjectAltName: SAN,
      extensions: [{ oid: '1.3.6.1.4.1.57264.1.8', value: ISSUER }],
    }),
  );
  const signature = sign('sha256', pae(PAYLOAD_TYPE, PAYLOAD), signer.privateKey);
  const entry = await log.log({
    apiVersion: '0.0.2',
    kind: 'intoto',
    spec: {
      content: {
        envelope: {
          payloadType: PAYLOAD_TYPE,
          signatures: [
            {
              sig: Buffer.from(signature.toString('base64')).toString('base64'),
              publicKey: Buffer.from(pemOf(leaf)).toString('base64'),
            },
          ],
        },
        payloadHash: { algorithm: 'sha256', value: sha256(PAYLOAD).toString('hex') },
      },
    },
  });
  const logged = (Object.values(entry) as readonly MockEntry[])[0];
  assert.ok(logged?.verification?.inclusionProof);
  const proof = logged.verification.inclusionProof;
  const bundle = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: leaf.toString('base64') },
      tlogEntries: [
        {
          logIndex: String(logged.logIndex),
          logId: { keyId: Buffer.from(logged.logID, 'hex').toString('base64') },
          kindVersion: { kind: 'intoto', version: '0.0.2' },
          integratedTime: String(logged.integratedTime),
          inclusionPromise: { signedEntryTimestamp: logged.verification.signedEntryTimestamp },
          inclusionProof: {
            logIndex: String(proof.logIndex),
            treeSize: String(proof.treeSize),
            rootHash: Buffer.from(proof.rootHash, 'hex').toString('base64'),
            hashes: [],
            checkpoint: { envelope: proof.checkpoint },
          },
          canonicalizedBody: logged.body,
        },
      ],
    },
    dsseEnvelope: {
      payload: Buffer.from(PAYLOAD).toString('base64'),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig: signature.toString('base64') }],
    },
  };
  const validFor = { start: '2020-01-01T00:00:00Z' };
  const logEntry = (baseUrl: string, key: Buffer): unknown => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: key.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
    logId: { keyId: sha256(key).toString('base64') },
  });
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [logEntry('https://rekor.mock.test', spkiOf(logKeys.publicKey))],
    ctlogs: [logEntry('https://ct.mock.test', spkiOf(ctKeys.publicKey))],
    certificateAuthorities: [
      {
        uri: '',
        certChain: { certificates: [{ rawBytes: asBuffer(ca.rootCertificate).toString('base64') }] },
        validFor,
      },
    ],
    timestampAuthorities: [],
  };
  return { bundle, root };
}

describe('checkBundle with the test doubles of the ecosystem', () => {
  it('accepts what authority, certificate log and Rekor v1 of @sigstore/mock make, and only under their root', async () => {
    const [mine, other] = [await signWithMocks(), await signWithMocks()];
    const options = { keys: [], identities: [await identity()], subject: SUBJECT, requireTransparencyLog: true };
    const under = (root: unknown): ReturnType<typeof checkBundle> =>
      checkBundle(bytesOf(mine.bundle), { ...options, trust: [{ root: parseTrustedRoot(bytesOf(root)) }] });
    const signer = acceptedSigner(await under(mine.root));
    assert.deepEqual([signer.identity, signer.issuer, signer.scts.length], [SAN, ISSUER, 1]);
    assertRejected(await under(other.root), 'CERTIFICATE_UNTRUSTED');
  });
});
