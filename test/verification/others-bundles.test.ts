import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseDigest, type Digest } from '../../src/core/index.ts';
import {
  checkArtifact,
  compileIdentity,
  parseTrustedRoot,
  type BundleVerdict,
  type FileVerdict,
  type IdentityRule,
} from '../../src/verification/index.ts';
import { acceptedSigner, assertRejected } from './support/assert-verdict.ts';

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures', name));

interface Case {
  readonly bundle: string;
  readonly root: string;
  readonly rule: IdentityRule;
  readonly digest: Digest;
}

async function check({ bundle, root, rule, digest }: Case): Promise<BundleVerdict | FileVerdict> {
  return checkArtifact(fixture(bundle), {
    keys: [],
    identities: [await compileIdentity(rule)],
    trust: [{ root: parseTrustedRoot(fixture(root)) }],
    requireTransparencyLog: true,
    file: { digest },
  });
}

const NPM: Case = {
  bundle: 'npm-provenance.sigstore.json',
  root: 'public-good.trusted-root.json',
  rule: {
    identity: 'https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main',
    issuer: 'https://token.actions.githubusercontent.com',
    extensions: { sourceRepositoryUri: 'https://github.com/sigstore/sigstore-js', runnerEnvironment: 'github-hosted' },
  },
  digest: parseDigest(
    'sha512:76176ffa33808b54602c7c35de5c6e9a4deb96066dba6533f50ac234f4f1f4c6b3527515dc17c06fbe2860030f410eee69ea20079bd3a2c6f3dcf3b329b10751',
  ),
};
const ATTESTATION: Case = {
  bundle: 'image-attestation.sigstore.json',
  root: 'public-good.trusted-root.json',
  rule: { identity: 'cody@soyland.com', issuer: 'https://github.com/login/oauth' },
  digest: parseDigest('sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4'),
};

describe('bundles of the public services', () => {
  it("accepts npm's provenance of version 0.1", async () => {
    const signer = acceptedSigner(await check(NPM));
    assert.equal(signer.extensions.buildTrigger, 'push');
    assert.deepEqual(signer.when, [{ time: '2023-04-18T17:45:12.000Z', source: 'log', operator: '' }]);
    assert.equal(signer.scts.length, 1);
  });

  it("accepts cosign's attestation of version 0.3", async () => {
    const verdict = await check(ATTESTATION);
    assert.equal(acceptedSigner(verdict).identityKind, 'email');
    assert.ok(verdict.ok && verdict.log.evaluated);
    assert.equal(verdict.log.verified[0]?.proof, 'inclusion');
  });

  it('refuses them for others, and under another root', async () => {
    assertRejected(await check({ ...NPM, rule: ATTESTATION.rule }), 'IDENTITY_MISMATCH');
    assertRejected(await check({ ...NPM, digest: ATTESTATION.digest }), 'SUBJECT_MISMATCH');
    assertRejected(await check({ ...NPM, root: 'scaffolding.trusted-root.json' }), 'CERTIFICATE_UNTRUSTED');
  });
});

describe('bundles of a private deployment', () => {
  it("accepts a file signed under a user name of Fulcio's own kind; the log signs as another host than its address", async () => {
    const bundle = JSON.parse(fixture('user-name.sigstore.json').toString()) as {
      messageSignature: { messageDigest: { digest: string } };
    };
    const hex = Buffer.from(bundle.messageSignature.messageDigest.digest, 'base64').toString('hex');
    const signer = acceptedSigner(
      await check({
        bundle: 'user-name.sigstore.json',
        root: 'scaffolding.trusted-root.json',
        rule: { identity: 'foo!oidc.local', issuer: 'http://oidc.local:8080' },
        digest: parseDigest(`sha256:${hex}`),
      }),
    );
    assert.equal(signer.identityKind, 'other-name');
  });
});
