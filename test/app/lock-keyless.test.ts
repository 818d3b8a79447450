import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { lockBases, signImage, type LockBasesOptions, type SigningAccess } from '../../src/app/index.ts';
import { testRuntime } from '../signing/support/context.ts';
import { startSigstore, type FakeSigstore } from '../signing/support/sigstore.ts';
import { CLAIMS, tokenWith } from '../signing/support/tokens.ts';
import { complaints, openGateBench, type GateBench } from '../support/gate-bench.ts';

describe('base lock with keyless identities', () => {
  let bench: GateBench;
  let sigstore: FakeSigstore;

  const policy = (lock: string): string => `apiVersion: waybill.dev/v1
kind: Policy
trust: { trustedRoot: root.json }
identities:
  builder: { issuer: "${CLAIMS.iss}", subject: "${CLAIMS.sub}" }
  other: { issuer: "${CLAIMS.iss}", subject: "https://example.com/other" }
bases:
  lock: ${lock}.jsonl
  lockSignedBy: [builder]
  entries:
    - { name: tiny, image: registry.example.com/base/tiny, tags: ["13"], signedBy: [builder] }
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    base: { allow: [tiny], require: [authenticated] }
`;

  before(async () => {
    bench = await openGateBench();
    sigstore = await startSigstore();
    writeFileSync(bench.file('root.json'), JSON.stringify(TrustedRoot.toJSON(sigstore.trustedRoot)));
    const base = await bench.image('base', [{ 'bin/sh': 'one' }]);
    await bench.image('app', [{ 'app/run': 'x' }], base);
  });
  after(async () => {
    await sigstore[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  const identity = (): SigningAccess => ({
    trustedRootFiles: [bench.file('root.json')],
    logUrls: [{ url: sigstore.rekor1.url, apiVersion: 1 }],
    timestampUrls: [sigstore.tsa.url],
    fulcioUrl: sigstore.fulcio.url,
    identityToken: tokenWith(),
  });

  test('an identity signs base and lock; both are told, and the gate accepts both', async () => {
    const source = `oci:${bench.file('images')}:base`;
    const runtime = { ...bench.runtime, now: () => new Date(), randomBytes: testRuntime().randomBytes };
    await signImage({ image: source, access: {}, ...identity() }, runtime);
    writeFileSync(bench.file('policy.yaml'), policy('keyless'));
    const options: LockBasesOptions = {
      policyFile: bench.file('policy.yaml'),
      entries: [],
      sources: new Map([['tiny:13', source]]),
      access: {},
      signing: identity(),
    };
    const locked = await lockBases(options, runtime);
    assert.deepEqual(locked.locked[0]?.authenticated, ['builder']);
    assert.equal(locked.signatureFile, bench.file('keyless.jsonl.sigstore.json'));
    const decision = await bench.check('app');
    assert.deepEqual([decision.verdict, complaints(decision)], ['allow', []]);
    const { signing: _none, ...unsigned } = options;
    await lockBases(unsigned, runtime);
    assert.ok(complaints(await bench.check('app')).includes('error BASE_LOCK_UNTRUSTED'));
  });
});
