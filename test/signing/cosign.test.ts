import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { attestStatement } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import { createKeySigner, generateKeyPair } from '../../src/keys/index.ts';
import {
  keylessSource,
  keySource,
  openSigningSession,
  resolveIdentity,
  servicesFromUrls,
  type Artifact,
  type SignerSource,
} from '../../src/signing/index.ts';
import { missingPeers, runPeer } from '../support/peers.ts';
import { quickClient, testRuntime } from './support/context.ts';
import { startSigstore, type FakeSigstore } from './support/sigstore.ts';
import { CLAIMS, tokenWith } from './support/tokens.ts';

const BYTES = Buffer.from('a file\n');
const FILE: Artifact = { kind: 'file', bytes: BYTES };
const STATEMENT: Artifact = {
  kind: 'statement',
  payload: attestStatement({
    predicateType: 'https://example.test/predicate',
    predicateJson: Buffer.from('{"a":1}'),
    subject: sha256Digest(BYTES),
  }),
};

describe('cosign', { skip: missingPeers('cosign') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-cosign-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return name;
  };

  /** Signs with these logs, and lets cosign judge with these flags. */
  const judged = async (
    artifact: Artifact,
    source: SignerSource,
    options: { sigstore: FakeSigstore; logs: readonly ('rekor1' | 'rekor2')[]; flags: readonly string[] },
  ): Promise<void> => {
    const { sigstore, logs, flags } = options;
    const services = servicesFromUrls({
      logs: logs.map((name) => ({
        url: sigstore[name].url,
        apiVersion: name === 'rekor1' ? (1 as const) : (2 as const),
      })),
      timestampAuthorities: [sigstore.tsa.url],
    });
    const { bytes } = await openSigningSession({
      source,
      witnesses: { services, client: quickClient(), runtime: testRuntime() },
    }).sign(artifact);
    const command =
      artifact.kind === 'file'
        ? ['verify-blob']
        : ['verify-blob-attestation', '--type', 'https://example.test/predicate'];
    const root = file('root.json', JSON.stringify(TrustedRoot.toJSON(sigstore.trustedRoot)));
    const args = [
      ...command,
      '--bundle',
      file('bundle.json', bytes),
      '--trusted-root',
      root,
      '--use-signed-timestamps',
      ...flags,
      file('artifact', BYTES),
    ];
    const run = runPeer('cosign', args, { cwd: folder });
    assert.equal(run.status, 0, run.output);
  };

  for (const artifact of [FILE, STATEMENT]) {
    for (const logs of [['rekor1'], ['rekor2'], ['rekor1', 'rekor2']] as const) {
      it(`accepts a ${artifact.kind} signed without a key, in ${logs.join(' and ')}`, async () => {
        await using sigstore = await startSigstore();
        const [client, runtime] = [quickClient(), testRuntime()];
        const identity = (): ReturnType<typeof resolveIdentity> =>
          resolveIdentity({ token: tokenWith() }, { client, runtime });
        const source = keylessSource({ client, runtime, authority: new URL(sigstore.fulcio.url), identity });
        const flags = ['--certificate-identity', CLAIMS.sub, '--certificate-oidc-issuer', CLAIMS.iss];
        await judged(artifact, source, { sigstore, logs, flags });
      });
    }

    for (const log of ['rekor1', 'rekor2'] as const) {
      it(`accepts a ${artifact.kind} signed with a key, in ${log}`, async () => {
        await using sigstore = await startSigstore();
        const { privateKey, publicKey } = await generateKeyPair('ecdsa-p256', testRuntime().randomBytes);
        const flags = ['--key', file('key.pub', publicKey.pem)];
        await judged(artifact, keySource(createKeySigner(privateKey)), { sigstore, logs: [log], flags });
      });
    }
  }
});
