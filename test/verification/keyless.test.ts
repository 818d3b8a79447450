import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot as ProtoTrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import {
  checkBundle,
  FULCIO_EXTENSION_NAMES,
  type BundleVerdict,
  type CertificateSigner,
  type CheckBundleOptions,
  type TrustedIdentity,
} from '../../src/verification/index.ts';
import { extension, type KeyKind } from './support/certificates.ts';
import {
  bytesOf,
  identity,
  ISSUER,
  newWorld,
  rootJson,
  SAN,
  SIGNED_AT,
  signKeyless,
  SUBJECT,
  trustedRoot,
  type SignedBundle,
  type SignOptions,
  type World,
} from './support/world.ts';

let world: World;
let wanted: TrustedIdentity;

before(async () => {
  world = newWorld();
  wanted = await identity();
});

function check(bundle: unknown, changes: Partial<CheckBundleOptions> = {}): Promise<BundleVerdict> {
  return checkBundle(bytesOf(bundle), {
    keys: [],
    identities: [wanted],
    trust: [{ root: trustedRoot(world) }],
    subject: SUBJECT,
    requireTransparencyLog: true,
    ...changes,
  });
}

function accepted(verdict: BundleVerdict): CertificateSigner {
  assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.code}: ${verdict.reason}`);
  assert.ok(verdict.signer.kind === 'certificate');
  return verdict.signer;
}

/** The library's own opinion, with all its defaults. */
function libraryAccepts(bundle: SignedBundle): void {
  const root = ProtoTrustedRoot.fromJSON(rootJson(world));
  const signer = new Verifier(toTrustMaterial(root)).verify(toSignedEntity(bundleFromJSON(bundle)));
  assert.equal(signer.identity?.subjectAlternativeName, SAN);
}

describe('checkBundle with certificates', () => {
  const ways: Readonly<Record<string, () => SignOptions>> = {
    'Rekor v1, dsse': () => ({}),
    'Rekor v1, intoto': () => ({ entryKind: 'intoto' }),
    'Rekor v1, hashedrekord over the envelope': () => ({ entryKind: 'hashedrekord' }),
    'Rekor v1 and a timestamp': () => ({ tsas: [world.tsa] }),
    'Rekor v2 and a timestamp': () => ({ logs: [world.rekor2], tsas: [world.tsa] }),
    'Rekor v2, dsse as it once was': () => ({ entryKind: 'dsse', logs: [world.rekor2], tsas: [world.tsa] }),
    'both logs and a timestamp': () => ({ logs: [world.rekor1, world.rekor2], tsas: [world.tsa] }),
    'a tree of one entry': () => ({ entry: { neighbours: 0 } }),
    'a tree of many entries': () => ({ entry: { neighbours: 37 } }),
    'foreign cosignatures under the checkpoint': () => ({
      logs: [world.rekor2],
      tsas: [world.tsa],
      entry: { cosignatures: '\u2014 witness.test AAAAAAAA\n' },
    }),
  };
  for (const [way, options] of Object.entries(ways)) {
    it(`accepts ${way}, as the library does`, async () => {
      const bundle = signKeyless(world, options());
      const signer = accepted(await check(bundle));
      assert.deepEqual([signer.identity, signer.identityKind, signer.issuer], [SAN, 'uri', ISSUER]);
      libraryAccepts(bundle);
    });
  }

  it('accepts versions 0.1 (promise alone) and 0.2 where they are allowed', async () => {
    const old = signKeyless(world, { version: '0.1', entry: { withoutProof: true } });
    accepted(await check(old, { minVersion: '0.1' }));
    accepted(await check(signKeyless(world, { version: '0.2' }), { minVersion: '0.2' }));
    const verdict = await check(old);
    assert.equal(verdict.ok ? '' : verdict.code, 'BUNDLE_VERSION');
  });

  for (const key of ['P-256', 'P-384', 'P-521', 'rsa', 'ed25519'] as const satisfies readonly KeyKind[]) {
    it(`accepts a certificate's key of ${key} with its own hash`, async () => {
      accepted(await check(signKeyless(world, { key })));
      accepted(await check(signKeyless(world, { key, logs: [world.rekor2], tsas: [world.tsa] })));
    });
  }

  it('accepts P-384 and P-521 with SHA-256, as older clients sign', async () => {
    for (const key of ['P-384', 'P-521'] as const) accepted(await check(signKeyless(world, { key, hash: 'sha256' })));
  });

  it('says who signed, when and by whose word, with every extension by name', async () => {
    const values: Readonly<Record<number, string>> = {
      2: 'push',
      3: 'c0ffee',
      4: 'release',
      5: 'acme/app',
      6: 'refs/tags/v1',
      9: 'https://github.com/acme/builder/.github/workflows/build.yml@refs/heads/main',
      10: 'bdigest',
      11: 'github-hosted',
      12: 'https://github.com/acme/app',
      13: 'c0ffee',
      14: 'refs/tags/v1',
      15: '42',
      16: 'https://github.com/acme',
      17: '7',
      18: SAN,
      19: 'cdigest',
      20: 'push',
      21: 'https://github.com/acme/app/actions/runs/1/attempts/1',
      22: 'public',
      23: 'production',
      24: 'repo:acme/app:ref:refs/tags/v1',
    };
    const extensions = Object.entries(values).map(([arc, value]) => extension.fulcio(Number(arc), value));
    const bundle = signKeyless(world, { extensions, tsas: [world.tsa] });
    const verdict = await check(bundle, { identities: [await identity({ name: 'release' })] });
    const signer = accepted(verdict);
    assert.deepEqual(signer.extensions, {
      githubWorkflowTrigger: 'push',
      githubWorkflowSha: 'c0ffee',
      githubWorkflowName: 'release',
      githubWorkflowRepository: 'acme/app',
      githubWorkflowRef: 'refs/tags/v1',
      buildSignerUri: values[9],
      buildSignerDigest: 'bdigest',
      runnerEnvironment: 'github-hosted',
      sourceRepositoryUri: 'https://github.com/acme/app',
      sourceRepositoryDigest: 'c0ffee',
      sourceRepositoryRef: 'refs/tags/v1',
      sourceRepositoryIdentifier: '42',
      sourceRepositoryOwnerUri: 'https://github.com/acme',
      sourceRepositoryOwnerIdentifier: '7',
      buildConfigUri: SAN,
      buildConfigDigest: 'cdigest',
      buildTrigger: 'push',
      runInvocationUri: values[21],
      sourceRepositoryVisibilityAtSigning: 'public',
      deploymentEnvironment: 'production',
      tokenSubject: 'repo:acme/app:ref:refs/tags/v1',
    });
    assert.deepEqual(Object.keys(signer.extensions), FULCIO_EXTENSION_NAMES);
    const time = SIGNED_AT.toISOString();
    assert.deepEqual(signer.names, ['release']);
    assert.deepEqual(signer.when, [
      { time, source: 'timestamp', operator: 'one.test' },
      { time, source: 'log', operator: 'one.test' },
    ]);
    assert.equal(signer.scts.length, 1);
    assert.ok(verdict.ok && verdict.log.evaluated && verdict.timestamps.evaluated);
    assert.deepEqual(verdict.log.verified, [
      {
        logIndex: '1000005',
        logId: world.rekor1.id.toString('hex'),
        operator: 'one.test',
        baseUrl: 'https://rekor1.one.test',
        type: 'dsse 0.0.1',
        integratedTime: time,
        proof: 'inclusion',
      },
    ]);
  });

  it('gives the same verdict for the same bundle, and plain data', async () => {
    const bundle = signKeyless(world, { tsas: [world.tsa] });
    const verdict = await check(bundle);
    assert.deepEqual(await check(bundle), verdict);
    assert.deepEqual(JSON.parse(JSON.stringify(verdict)), verdict);
  });

  it('takes the root that issued the certificate out of several, each a world of its own', async () => {
    const other = newWorld('two.test');
    const trust = [{ root: trustedRoot(other) }, { root: trustedRoot(world) }];
    accepted(await check(signKeyless(world), { trust }));
    accepted(await check(signKeyless(other), { trust }));
    // a log of the other root does not vouch for a certificate of this one
    const crossed = await check(signKeyless(world, { logs: [other.rekor1], tsas: [world.tsa] }), { trust });
    assert.equal(crossed.ok ? '' : crossed.code, 'LOG_UNTRUSTED');
  });
});
