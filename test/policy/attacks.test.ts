import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  evidenceView,
  buildImage,
  buildIndex,
  createSigner,
  fakeDigest,
  policyOf,
  signature,
  attestation,
  type ImageFacts,
} from '../support/gate-world.ts';
import { allResults, decide, lintPolicy, type Decision, type LoadedPolicy } from '../../src/policy/index.ts';
import { ExitCode } from '../../src/core/index.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const signer = await createSigner();
const other = await createSigner();
const files = { 'a.pub': signer.publicKey.pem, 'b.pub': other.publicKey.pem };
const image = buildImage({ diffIds: [fakeDigest('a')] });
const arm = buildImage({ diffIds: [fakeDigest('b')], architecture: 'arm64' });

const HEAD = `apiVersion: waybill.dev/v1
kind: Policy
identities: { a: { key: a.pub }, b: { key: b.pub } }
`;

function policy(rest: string): Promise<LoadedPolicy> {
  return policyOf(`${HEAD}${rest}`, files);
}

async function decision(loaded: LoadedPolicy, facts: ImageFacts): Promise<Decision> {
  return decide(evidenceView(facts), loaded, { now: NOW });
}

const said = (made: Decision): readonly string[] =>
  made.images.flatMap(allResults).map((result) => `${result.outcome} ${result.code}`);

async function lintCodes(rest: string): Promise<readonly string[]> {
  const { problems } = await lintPolicy({ bytes: Buffer.from(`${HEAD}${rest}`), name: 'policy.yaml' }, { now: NOW });
  return problems.map((problem) => `${problem.severity} ${problem.code}`);
}

describe('nothing checked is never a pass', () => {
  for (const check of [
    'image: { digestPinned: false }',
    'image: { checks: { IMG001: off } }',
    'image: { checks: { IMG001: off }, digestPinned: false }',
  ]) {
    test(`a rule whose checks are all off is refused: ${check}`, async () => {
      assert.ok(
        (await lintCodes(`rules: [{ name: r, images: ["registry.example.com/**"], ${check} }]`)).includes(
          'error POLICY_NO_CHECKS',
        ),
      );
    });
  }

  test('an exception for missing platforms approves nothing by itself', async () => {
    const loaded = await policy(`
rules: [{ name: r, images: ["registry.example.com/**"], platforms: [linux/s390x], signatures: { by: [a] } }]
exceptions: [{ rule: r, check: platforms, images: ["registry.example.com/**"], reason: x, owner: y, expires: 2030-01-01 }]`);
    const made = await decision(loaded, { images: [image] });
    assert.equal(made.verdict, 'deny', said(made).join());
    assert.equal(made.exitCode, ExitCode.Negative);
    assert.deepEqual(made.images[0]?.approves, []);
  });

  test('an empty index is no image, excepted or not', async () => {
    const loaded = await policy(`
rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [a] } }]
exceptions: [{ rule: r, check: platforms, images: ["registry.example.com/**"], reason: x, owner: y, expires: 2030-01-01 }]`);
    const made = await decision(loaded, { images: [], index: buildIndex([]) });
    assert.equal(made.verdict, 'deny', said(made).join());
  });

  test('rules that speak of no platform in common approve none: denied', async () => {
    const loaded = await policy(`
rules:
  - { name: x, images: ["registry.example.com/**"], platforms: [linux/amd64], signatures: { by: [a] } }
  - { name: y, images: ["registry.example.com/**"], platforms: [linux/arm64], signatures: { by: [a] } }`);
    const index = buildIndex([
      { image, architecture: 'amd64' },
      { image: arm, architecture: 'arm64' },
    ]);
    const made = await decision(loaded, {
      index,
      images: [image, arm],
      attached: [await signature(signer, index.digest)],
    });
    assert.equal(made.verdict, 'deny', said(made).join());
    assert.ok(said(made).includes('fail NOTHING_APPROVED'));
  });

  test('a subset of platforms approves those alone', async () => {
    const loaded = await policy(
      `rules: [{ name: r, images: ["registry.example.com/**"], platforms: [linux/amd64], signatures: { by: [a] } }]`,
    );
    const index = buildIndex([
      { image, architecture: 'amd64' },
      { image: arm, architecture: 'arm64' },
    ]);
    const made = await decision(loaded, {
      index,
      images: [image, arm],
      attached: [await signature(signer, index.digest)],
    });
    assert.deepEqual([made.verdict, made.images[0]?.approves], ['allow', [image.digest]]);
  });
});

describe('names', () => {
  const rule = (pattern: string): string => `rules: [{ name: r, images: ["${pattern}"], signatures: { by: [a] } }]`;

  for (const pattern of ['registry.example.com*/shop', 'registry.*/shop', '*/shop', '**/shop', '**']) {
    test(`${pattern} leaves the registry open: a warning`, async () => {
      assert.ok((await lintCodes(rule(pattern))).includes('warning POLICY_OPEN_PATTERN'));
    });
  }

  for (const [pattern, name] of [
    ['docker.io/debian', 'docker.io/library/debian'],
    ['index.docker.io/debian', 'docker.io/library/debian'],
    ['docker.io/*', 'docker.io/library/debian'],
    ['REGISTRY.example.com:443/shop/*', 'registry.example.com/shop/web'],
  ] as const) {
    test(`${pattern} speaks of ${name}`, async () => {
      const made = await decision(await policy(rule(pattern)), {
        images: [image],
        name,
        attached: [await signature(signer, image.digest)],
      });
      assert.equal(made.verdict, 'allow', said(made).join());
    });
  }

  for (const name of [
    'registry.example.com.evil.io/shop/web',
    'registry.example.com:5000/shop/web',
    'registry.example.com/shop',
    'registry.example.com/shopx/web',
    'evil.io/registry.example.com/shop/web',
  ]) {
    test(`registry.example.com/shop/** does not speak of ${name}`, async () => {
      const made = await decision(await policy(rule('registry.example.com/shop/**')), {
        images: [image],
        name,
        attached: [await signature(signer, image.digest)],
      });
      assert.deepEqual(said(made), ['fail NO_RULE_MATCHED']);
    });
  }

  for (const platform of ['linux/arm64/v8', 'linux/aarch64', 'linux/arm64']) {
    test(`a rule for ${platform} speaks of linux/arm64`, async () => {
      const loaded = await policy(
        `rules: [{ name: r, images: ["registry.example.com/**"], platforms: [${platform}], signatures: { by: [a] } }]`,
      );
      const made = await decision(loaded, { images: [arm], attached: [await signature(signer, arm.digest)] });
      assert.equal(made.verdict, 'allow', said(made).join());
    });
  }
});

describe('signers', () => {
  const rule = 'rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [a, b], threshold: 2 } }]';

  test('one key signing twice is one signer', async () => {
    const attached = [
      await signature(signer, image.digest),
      await signature(signer, image.digest, { annotations: { n: '2' } }),
    ];
    const made = await decision(await policy(rule), { images: [image], attached });
    assert.deepEqual(said(made), ['fail SIGNATURE_THRESHOLD']);
  });

  test('one key under two names is one signer', async () => {
    const loaded = await policyOf(`${HEAD}${rule}`, { ...files, 'b.pub': signer.publicKey.pem });
    const attached = [
      await signature(signer, image.digest),
      await signature(signer, image.digest, { annotations: { n: '2' } }),
    ];
    assert.deepEqual(said(await decision(loaded, { images: [image], attached })), ['fail SIGNATURE_THRESHOLD']);
  });

  test('a signature of one platform and one of another do not add up', async () => {
    const index = buildIndex([
      { image, architecture: 'amd64' },
      { image: arm, architecture: 'arm64' },
    ]);
    const attached = [await signature(signer, image.digest), await signature(other, arm.digest)];
    assert.deepEqual(said(await decision(await policy(rule), { index, images: [image, arm], attached })), [
      'fail SIGNATURE_THRESHOLD',
      'fail SIGNATURE_THRESHOLD',
    ]);
  });

  test('an attestation is no signature, and a signature no attestation', async () => {
    const loaded = await policy('rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [a] } }]');
    const sbom = await attestation(signer, image.digest, { type: 'https://cyclonedx.org/bom', predicate: {} });
    assert.deepEqual(said(await decision(loaded, { images: [image], attached: [sbom] })), ['fail UNSIGNED']);
    const wants = await policy(
      'rules: [{ name: r, images: ["registry.example.com/**"], attestations: [{ type: cyclonedx, by: [a] }] }]',
    );
    assert.deepEqual(
      said(await decision(wants, { images: [image], attached: [await signature(signer, image.digest)] })),
      ['fail ATTESTATION_MISSING'],
    );
  });

  test('what an outsider attaches in an impossible shape does not turn a warning into a denial', async () => {
    const loaded = await policy(
      'rules: [{ name: r, mode: warn, images: ["registry.example.com/**"], signatures: { by: [a] } }]\nunmatched: warn',
    );
    const unreadable = [{ manifest: fakeDigest('junk'), code: 'REFERRER_MALFORMED', reason: 'no layers' }];
    const made = await decision(loaded, { images: [image], unreadable });
    assert.deepEqual([made.verdict, said(made)], ['warn', ['warn NO_RULE_MATCHED', 'warn UNSIGNED']]);
  });
});
