import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { signStatement } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import { createKeySigner, generateKeyPair, type KeyAlgorithm } from '../../src/keys/index.ts';
import {
  keylessSource,
  keySource,
  openSigningSession,
  resolveIdentity,
  servicesFromUrls,
  type Artifact,
} from '../../src/signing/index.ts';
import {
  checkBundle,
  checkFile,
  compileIdentity,
  parseTrustedRoot,
  type BundleVerdict,
  type FileVerdict,
  type SignerOptions,
} from '../../src/verification/index.ts';
import { quickClient, testRuntime } from './support/context.ts';
import { startSigstore, type FakeSigstore } from './support/sigstore.ts';
import { CLAIMS, tokenWith } from './support/tokens.ts';

const SUBJECT = sha256Digest('an image');
const ARTIFACTS: readonly Artifact[] = [
  { kind: 'statement', payload: signStatement(SUBJECT, { env: 'prod' }) },
  { kind: 'file', bytes: Buffer.from('a file') },
];

function rootOf(sigstore: FakeSigstore): NonNullable<SignerOptions['trust']> {
  return [{ root: parseTrustedRoot(Buffer.from(JSON.stringify(TrustedRoot.toJSON(sigstore.trustedRoot)))) }];
}

function verdictOn(
  artifact: Artifact,
  bytes: Uint8Array,
  options: SignerOptions,
): Promise<BundleVerdict | FileVerdict> {
  return artifact.kind === 'file'
    ? checkFile(bytes, { ...options, file: { bytes: artifact.bytes } })
    : checkBundle(bytes, { ...options, subject: SUBJECT });
}

describe('what is signed here is verified here', () => {
  for (const artifact of ARTIFACTS) {
    for (const apiVersion of [1, 2] as const) {
      it(`${artifact.kind} without a key, log of version ${apiVersion}`, async () => {
        await using sigstore = await startSigstore();
        const [client, runtime] = [quickClient(), testRuntime()];
        const url = apiVersion === 1 ? sigstore.rekor1.url : sigstore.rekor2.url;
        const services = servicesFromUrls({ logs: [{ url, apiVersion }], timestampAuthorities: [sigstore.tsa.url] });
        const session = openSigningSession({
          source: keylessSource({
            client,
            runtime,
            authority: new URL(sigstore.fulcio.url),
            identity: () => resolveIdentity({ token: tokenWith() }, { client, runtime }),
          }),
          witnesses: { services, client, runtime },
        });
        const { bytes } = await session.sign(artifact);
        const identity = await compileIdentity({ identity: CLAIMS.sub, issuer: CLAIMS.iss });
        const options = { keys: [], identities: [identity], trust: rootOf(sigstore), requireTransparencyLog: true };
        const verdict = await verdictOn(artifact, bytes, options);
        assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.code}: ${verdict.reason}`);
      });
    }

    for (const algorithm of [
      'ecdsa-p256',
      'ecdsa-p384',
      'ecdsa-p521',
      'rsa',
      'ed25519',
    ] as const satisfies readonly KeyAlgorithm[]) {
      it(`${artifact.kind} with a ${algorithm} key, with every log that takes it, and without`, async () => {
        await using sigstore = await startSigstore();
        const { privateKey, publicKey } = await generateKeyPair(algorithm, testRuntime().randomBytes);
        const source = keySource(createKeySigner(privateKey));
        const trusted = { keys: [{ name: 'the key', key: publicKey }], trust: rootOf(sigstore) };
        const { bytes } = await openSigningSession({ source }).sign(artifact);
        const verdict = await verdictOn(artifact, bytes, { ...trusted, requireTransparencyLog: false });
        assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.code}: ${verdict.reason}`);
        for (const apiVersion of [1, 2] as const) {
          const url = apiVersion === 1 ? sigstore.rekor1.url : sigstore.rekor2.url;
          const witnesses = {
            services: servicesFromUrls({ logs: [{ url, apiVersion }], timestampAuthorities: [sigstore.tsa.url] }),
            client: quickClient(),
            runtime: testRuntime(),
          };
          const signing = openSigningSession({ source, witnesses }).sign(artifact);
          if (!takes(apiVersion, algorithm, artifact.kind)) {
            await assert.rejects(signing, { code: 'SIGNING_UNSUPPORTED' });
            continue;
          }
          const logged = await verdictOn(artifact, (await signing).bytes, { ...trusted, requireTransparencyLog: true });
          assert.ok(logged.ok, logged.ok ? '' : `version ${apiVersion}: ${logged.code}: ${logged.reason}`);
        }
      });
    }
  }
});

function takes(apiVersion: 1 | 2, algorithm: KeyAlgorithm, kind: Artifact['kind']): boolean {
  if (algorithm === 'ed25519') return apiVersion === 1 && kind === 'statement';
  const longHash = algorithm === 'ecdsa-p384' || algorithm === 'ecdsa-p521';
  return !(longHash && apiVersion === 1 && kind === 'statement');
}
