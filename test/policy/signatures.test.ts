import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { ExitCode } from '../../src/core/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { allResults, decide, type CheckResult, type Decision } from '../../src/policy/index.ts';
import {
  buildImage,
  buildIndex,
  createSigner,
  evidenceView,
  fakeDigest,
  policyOf,
  signature,
  type ImageFacts,
} from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const image = buildImage({ diffIds: [fakeDigest('layer')] });

let release: KeySigner;
let second: KeySigner;
let stranger: KeySigner;

before(async () => {
  release = await createSigner();
  second = await createSigner();
  stranger = await createSigner();
});

function policyText(signatures: string, identities = ''): string {
  return `
apiVersion: waybill.dev/v1
kind: Policy
identities:
  release: { key: release.pub }
  second: { key: second.pub }
${identities}
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    signatures: ${signatures}
`;
}

async function judge(facts: Partial<ImageFacts>, signatures = '{ by: [release] }', identities = ''): Promise<Decision> {
  const loaded = await policyOf(policyText(signatures, identities), {
    'release.pub': release.publicKey.pem,
    'second.pub': second.publicKey.pem,
  });
  return decide(evidenceView({ images: [image], ...facts }), loaded, { now: NOW });
}

function only(decision: Decision, check: string): CheckResult {
  const found = decision.images.flatMap(allResults).filter((result) => result.check === check);
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0]!;
}

describe('signatures', () => {
  test('a signature by a named key passes and is named', async () => {
    const decision = await judge({ attached: [await signature(release, image.digest)] });
    assert.equal(decision.verdict, 'allow');
    assert.equal(decision.exitCode, ExitCode.Passed);
    assert.deepEqual(decision.images[0]?.approves, [image.digest]);
    const result = only(decision, 'signatures');
    assert.equal(result.code, 'SIGNED');
    assert.deepEqual(result.basis.identities, ['release', release.publicKey.fingerprint]);
  });

  test('no signature is UNSIGNED, exit 1, with a remedy', async () => {
    const decision = await judge({});
    assert.equal(decision.verdict, 'deny');
    assert.equal(decision.exitCode, ExitCode.Negative);
    assert.deepEqual(decision.images[0]?.approves, []);
    const result = only(decision, 'signatures');
    assert.equal(result.code, 'UNSIGNED');
    assert.match(result.remedy ?? '', /release sign sha256:/);
  });

  test('a signature by another key is UNTRUSTED_SIGNER, by a key of the policy that the rule does not name too', async () => {
    const byStranger = await judge({ attached: [await signature(stranger, image.digest)] });
    assert.equal(only(byStranger, 'signatures').code, 'UNTRUSTED_SIGNER');
    const bySecond = await judge({ attached: [await signature(second, image.digest)] });
    assert.equal(only(bySecond, 'signatures').code, 'UNTRUSTED_SIGNER');
    assert.match(only(bySecond, 'signatures').basis.notes?.[0] ?? '', /second/);
  });

  test('a signature of another digest attached here does not count', async () => {
    const decision = await judge({ attached: [await signature(release, fakeDigest('other'), { at: image.digest })] });
    assert.equal(only(decision, 'signatures').code, 'UNSIGNED');
    assert.match(only(decision, 'signatures').reason, /speaks of sha256:/);
  });

  test('a bundle altered after signing is SIGNATURE_INVALID', async () => {
    const { bundle } = await signature(release, image.digest);
    const altered = JSON.parse(Buffer.from(bundle).toString()) as { dsseEnvelope: { payload: string } };
    const payload = JSON.parse(Buffer.from(altered.dsseEnvelope.payload, 'base64').toString()) as {
      subject: { annotations: unknown }[];
    };
    payload.subject[0]!.annotations = { env: 'prod' };
    altered.dsseEnvelope.payload = Buffer.from(JSON.stringify(payload)).toString('base64');
    const decision = await judge({ attached: [{ at: image.digest, bundle: Buffer.from(JSON.stringify(altered)) }] });
    assert.equal(only(decision, 'signatures').code, 'SIGNATURE_INVALID');
  });

  test('bundles by others beside a good one are ignored', async () => {
    const attached = [
      await signature(stranger, image.digest),
      await signature(release, image.digest),
      { at: image.digest, bundle: Buffer.from('{}') },
    ];
    assert.equal((await judge({ attached })).verdict, 'allow');
  });

  test('thresholds count distinct keys, not signatures', async () => {
    const twice = [
      await signature(release, image.digest),
      await signature(release, image.digest, { annotations: { n: '2' } }),
    ];
    const wanted = '{ by: [release, second], threshold: 2 }';
    const decision = await judge({ attached: twice }, wanted);
    assert.equal(only(decision, 'signatures').code, 'SIGNATURE_THRESHOLD');
    const both = [...twice, await signature(second, image.digest)];
    assert.equal((await judge({ attached: both }, wanted)).verdict, 'allow');
  });

  test('two names of one key are one signer', async () => {
    const loaded = policyOf(policyText('{ by: [release, again], threshold: 2 }', '  again: { key: release.pub }'), {});
    await assert.rejects(loaded, /different signers/);
    const other = await policyOf(policyText('{ by: [release, again], threshold: 2 }', '  again: { key: copy.pub }'), {
      'release.pub': release.publicKey.pem,
      'second.pub': second.publicKey.pem,
      'copy.pub': release.publicKey.pem,
    });
    const decision = await decide(
      evidenceView({ images: [image], attached: [await signature(release, image.digest)] }),
      other,
      { now: NOW },
    );
    assert.equal(only(decision, 'signatures').code, 'SIGNATURE_THRESHOLD');
  });

  test('annotations must all be there', async () => {
    const wanted = '{ by: [release], annotations: { env: prod } }';
    assert.equal(
      only(await judge({ attached: [await signature(release, image.digest)] }, wanted), 'signatures').code,
      'SIGNATURE_ANNOTATIONS',
    );
    const wrong = await signature(release, image.digest, { annotations: { env: 'dev' } });
    assert.equal(only(await judge({ attached: [wrong] }, wanted), 'signatures').code, 'SIGNATURE_ANNOTATIONS');
    const right = await signature(release, image.digest, { annotations: { env: 'prod', more: 'yes' } });
    assert.equal((await judge({ attached: [right] }, wanted)).verdict, 'allow');
  });

  test('maxAge is never met by a signature without trusted time', async () => {
    const decision = await judge(
      { attached: [await signature(release, image.digest)] },
      '{ by: [release], maxAge: 365d }',
    );
    assert.equal(only(decision, 'signatures').code, 'SIGNATURE_TIME_UNKNOWN');
  });

  test('a signature on the index covers its children; signatures on all children stand for the index', async () => {
    const arm = buildImage({ diffIds: [fakeDigest('arm')], architecture: 'arm64' });
    const index = buildIndex([
      { image, architecture: 'amd64' },
      { image: arm, architecture: 'arm64' },
    ]);
    const shared = { index, images: [image, arm] };
    const onIndex = await judge({ ...shared, attached: [await signature(release, index.digest)] });
    assert.equal(onIndex.verdict, 'allow');
    assert.deepEqual(onIndex.images[0]?.approves, [index.digest, image.digest, arm.digest]);
    const onBoth = [await signature(release, image.digest), await signature(release, arm.digest)];
    assert.equal((await judge({ ...shared, attached: onBoth })).verdict, 'allow');
    const onOne = await judge({ ...shared, attached: [await signature(release, image.digest)] });
    assert.equal(onOne.verdict, 'deny');
    const codes = onOne.images.flatMap(allResults).map((result) => result.code);
    assert.deepEqual(codes, ['SIGNED', 'UNSIGNED']);
  });

  test('a listing that broke off is its own error, not UNSIGNED; a signature found elsewhere still passes', async () => {
    const errors = [
      {
        what: 'referrers',
        subject: image.digest,
        code: 'REGISTRY_RATE_LIMITED',
        reason: '429',
        exitCode: ExitCode.Remote,
      },
    ] as const;
    const decision = await judge({ errors, unlisted: [image.digest] });
    assert.equal(decision.exitCode, ExitCode.Remote);
    assert.equal(only(decision, 'signatures').outcome, 'error');
    assert.equal(only(decision, 'signatures').code, 'REGISTRY_RATE_LIMITED');
    const index = buildIndex([{ image, architecture: 'amd64' }]);
    const covered = await judge({
      index,
      images: [image],
      errors,
      unlisted: [image.digest],
      attached: [await signature(release, index.digest)],
    });
    assert.equal(covered.verdict, 'allow');
  });

  test('evidence that was not asked about bundles is an error, not UNSIGNED', async () => {
    const decision = await judge({ unlisted: [image.digest] });
    assert.equal(only(decision, 'signatures').code, 'REFERRERS_NOT_COLLECTED');
    assert.equal(decision.exitCode, ExitCode.Input);
  });

  test('a referrer that cannot be read is an error with its code when nothing else satisfies the rule', async () => {
    const unreadable = [{ manifest: fakeDigest('m'), code: 'BUNDLE_TOO_LARGE', reason: 'too large' }];
    const decision = await judge({ unreadable });
    assert.equal(only(decision, 'signatures').code, 'BUNDLE_TOO_LARGE');
    assert.equal(decision.exitCode, ExitCode.Input);
    assert.equal((await judge({ unreadable, attached: [await signature(release, image.digest)] })).verdict, 'allow');
  });

  test('without a trusted root, a rule that only a keyless identity could satisfy is TRUST_ROOT_MISSING; keys beside it decide', async () => {
    const keyless = '  ci: { issuer: "https://issuer.example.com", subject: "https://ci.example.com/job" }';
    const alone = await judge({ attached: [await signature(release, image.digest)] }, '{ by: [ci] }', keyless);
    assert.equal(only(alone, 'signatures').code, 'TRUST_ROOT_MISSING');
    assert.equal(alone.exitCode, ExitCode.Input);
    const beside = await judge(
      { attached: [await signature(release, image.digest)] },
      '{ by: [ci, release] }',
      keyless,
    );
    assert.equal(beside.verdict, 'allow');
    const unsigned = await judge({}, '{ by: [ci, release] }', keyless);
    assert.equal(only(unsigned, 'signatures').code, 'UNSIGNED');
  });

  test('without a trusted root, a key whose log entry is demanded is TRUST_ROOT_MISSING', async () => {
    const logged = '  logged: { key: release.pub, requireTransparencyLog: true }';
    const decision = await judge({ attached: [await signature(release, image.digest)] }, '{ by: [logged] }', logged);
    assert.equal(only(decision, 'signatures').code, 'TRUST_ROOT_MISSING');
  });
});
