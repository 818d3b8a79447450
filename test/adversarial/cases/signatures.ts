import { attestation, fakeDigest, signature } from '../../support/gate-world.ts';
import type { LayerSpec } from '../../support/images.ts';
import type { AdversarialCase, Decided } from '../contract.ts';
import { ARM, NAME, NOW, type Stage } from '../world.ts';
import { loadPolicy } from '../../../src/policy/index.ts';
import { APP } from './base.ts';

const SIGNED = 'signatures: { by: [release] }';
const VSA = 'https://slsa.dev/verification_summary/v1';
const BOM = 'https://cyclonedx.org/bom';
const EVENT_STREAM: LayerSpec = {
  'app/node_modules/event-stream/package.json': JSON.stringify({
    name: 'event-stream',
    version: '3.3.6',
    license: 'MIT',
  }),
};
const LEFT_PAD = {
  'app/node_modules/left-pad/package.json': JSON.stringify({ name: 'left-pad', version: '1.3.0', license: 'MIT' }),
};
const NO_EVENT_STREAM = 'components: { deny: [{ purl: "pkg:npm/event-stream", versions: "3.3.6" }] }';
const CLEAN = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [] };

const deny = (...codes: readonly string[]): Decided => ({
  verdict: 'deny',
  exit: 1,
  codes: codes.map((code) => `fail ${code}`),
});
const ALLOW = { verdict: 'allow', exit: 0, codes: [] } as const;

/** A summary of verification for the image, with a change to what it says. */
function summary(
  name: string,
  change: (said: Record<string, unknown>) => void,
  expect: AdversarialCase['expect'],
  options: { readonly by?: 'ours' | 'theirs'; readonly at?: Date } = {},
): AdversarialCase {
  return {
    name: `verification summary ${name}`,
    attack: async (stage) => {
      stage.policy({ rule: `${SIGNED}, vsa: { by: [stranger] }`, more: EXCEPTION });
      const app = await stage.image('app', { layers: [APP] });
      const policy = await loadPolicy(stage.file('policy.yaml'));
      const said: Record<string, unknown> = {
        verifier: { id: 'https://example.com/gate' },
        timeVerified: '2026-11-20T00:00:00Z',
        resourceUri: `oci://${NAME}@${app.digest}`,
        policy: { digest: { sha256: policy.digest.slice('sha256:'.length) } },
        verificationResult: 'PASSED',
        verifiedLevels: [],
      };
      change(said);
      await stage.attest(app, VSA, said, options.by === 'ours' ? stage.ours : stage.theirs);
      return stage.check('app', {}, options.at ?? NOW);
    },
    expect,
  };
}

/** For another check than the one that is not met: it must not matter, but for a summary that may rest on it. */
const EXCEPTION =
  'exceptions: [{ rule: shop, check: base, images: ["registry.example.com/shop/app"], reason: x, owner: y, expires: 2026-11-22 }]';

async function two(stage: Stage): Promise<Awaited<ReturnType<Stage['image']>>[]> {
  const amd = await stage.image('amd', { layers: [APP] });
  return [amd, await stage.image('arm', { layers: [APP], config: { platform: ARM } })];
}

export const SIGNATURE_CASES: readonly AdversarialCase[] = [
  {
    name: 'two SBOM referrers, the attacker’s newest: it is neither believed nor in the way',
    attack: async (stage) => {
      stage.policy({ rule: 'attestations: [{ type: cyclonedx, by: [release] }]' });
      const app = await stage.image('app', { layers: [APP] });
      await stage.attest(app, BOM, CLEAN);
      await stage.attest(app, BOM, { ...CLEAN, version: 2 }, stage.theirs);
      return stage.check('app');
    },
    expect: { ...ALLOW, passes: ['ATTESTED'] },
  },
  {
    name: 'only the attacker’s SBOM',
    attack: async (stage) => {
      stage.policy({ rule: 'attestations: [{ type: cyclonedx, by: [release] }]' });
      await stage.attest(await stage.image('app', { layers: [APP] }), BOM, CLEAN, stage.theirs);
      return stage.check('app');
    },
    expect: deny('UNTRUSTED_SIGNER'),
  },
  {
    name: 'a clean SBOM hides no component from our own scan',
    attack: async (stage) => {
      stage.policy({ rule: `attestations: [{ type: cyclonedx, by: [release] }], ${NO_EVENT_STREAM}` });
      await stage.attest(await stage.image('app', { layers: [EVENT_STREAM] }), BOM, CLEAN);
      return stage.check('app');
    },
    expect: { ...deny('COMPONENT_DENIED'), passes: ['ATTESTED'] },
  },
  {
    name: 'a stripped image in which nothing is found: that nothing is denied says nothing',
    attack: async (stage) => {
      stage.policy({ rule: NO_EVENT_STREAM });
      await stage.image('app', {
        layers: [EVENT_STREAM, { 'app/.wh.node_modules': '', 'app/bundle.js': 'all in one\n' }],
      });
      return stage.check('app');
    },
    expect: deny('COMPONENTS_NOT_FOUND'),
  },
  {
    name: 'a manifest that is padded beyond what is read hides nothing',
    attack: async (stage) => {
      stage.policy({ rule: NO_EVENT_STREAM });
      const manifest = EVENT_STREAM['app/node_modules/event-stream/package.json'];
      await stage.image('app', {
        layers: [
          {
            'app/node_modules/event-stream/package.json': `${' '.repeat(8 << 20)}${String(manifest)}`,
            ...LEFT_PAD,
          },
        ],
      });
      return stage.check('app');
    },
    expect: deny('COMPONENTS_UNCERTAIN'),
  },
  ...(['whiteout', 'opaque'] as const).map((marker): AdversarialCase => ({
    name: `${marker} in a folder that took the place of a lower layer’s link: it hides no component behind the link`,
    attack: async (stage) => {
      stage.policy({ rule: NO_EVENT_STREAM });
      const markers = { whiteout: 'modules/.wh.event-stream', opaque: 'modules/event-stream/.wh..wh..opq' };
      const link = { path: 'modules', type: 'symlink' as const, linkTarget: 'app/node_modules' };
      await stage.image('app', { layers: [EVENT_STREAM, [link], { [markers[marker]]: '', ...LEFT_PAD }] });
      return stage.check('app');
    },
    expect: deny('COMPONENT_DENIED'),
  })),
  {
    name: 'a clean SBOM is found out where it is derived again',
    attack: async (stage) => {
      stage.policy({ rule: 'attestations: [{ type: cyclonedx, by: [release], rederive: true }]' });
      await stage.attest(await stage.image('app', { layers: [EVENT_STREAM] }), BOM, CLEAN);
      return stage.check('app');
    },
    expect: deny('REDERIVE_MISMATCH'),
  },
  {
    name: 'attestation of the wrong type: valid, and not what is asked for',
    attack: async (stage) => {
      stage.policy({ rule: 'attestations: [{ type: slsaprovenance1, by: [release] }]' });
      await stage.attest(await stage.image('app', { layers: [APP] }), BOM, CLEAN);
      return stage.check('app');
    },
    expect: deny('ATTESTATION_MISSING'),
  },
  {
    name: 'an attestation is no signature',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      await stage.attest(await stage.image('app', { layers: [APP] }), BOM, CLEAN);
      return stage.check('app');
    },
    expect: deny('UNSIGNED'),
  },
  {
    name: 'the signature of another image, attached to this one',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      const app = await stage.image('app', { layers: [APP] });
      await stage.attach(app, await signature(stage.ours, fakeDigest('elsewhere')), app.digest);
      return stage.check('app');
    },
    expect: deny('UNSIGNED'),
  },
  {
    name: 'a signature by a stranger',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      const app = await stage.image('app', { layers: [APP] });
      await stage.sign(app, app.digest, stage.theirs);
      return stage.check('app');
    },
    expect: deny('UNTRUSTED_SIGNER'),
  },
  {
    name: 'one key signing twice is one signer',
    attack: async (stage) => {
      stage.policy({ rule: 'signatures: { by: [release, stranger], threshold: 2 }' });
      const app = await stage.image('app', { layers: [APP] });
      await stage.sign(app);
      await stage.attach(app, await signature(stage.ours, app.digest, { annotations: { again: 'yes' } }));
      return stage.check('app');
    },
    expect: deny('SIGNATURE_THRESHOLD'),
  },
  {
    name: 'a child of a signed index in an index of the attacker’s',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      const [amd, arm] = await two(stage);
      await stage.sign(amd!, await stage.index('good', [amd!, arm!]));
      const evil = await stage.image('evil', { layers: [{ 'app/run': 'evil\n' }], config: { platform: ARM } });
      await stage.index('app', [amd!, evil]);
      return stage.check('app');
    },
    expect: deny('UNSIGNED', 'UNSIGNED'),
  },
  {
    name: 'one signed child does not stand for the other',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      const [amd, arm] = await two(stage);
      await stage.sign(amd!);
      await stage.index('app', [amd!, arm!]);
      return stage.check('app');
    },
    expect: { ...deny('UNSIGNED'), passes: ['SIGNED'] },
  },
  {
    name: 'a program for another platform that calls itself an attestation is a platform',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      const amd = await stage.image('amd', { layers: [APP] });
      await stage.sign(amd);
      const evil = await stage.image('evil', { layers: [{ 'app/run': 'evil\n' }], config: { platform: ARM } });
      const annotations = {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': amd.digest,
      };
      const { mediaType, bytes } = evil.image.manifest;
      const extra = [{ mediaType, digest: evil.digest, sizeBytes: bytes.byteLength, platform: ARM, annotations }];
      await stage.index('app', [amd], { extra });
      return stage.check('app');
    },
    expect: { ...deny('UNSIGNED'), passes: ['SIGNED'] },
  },
  {
    name: 'an index that lists a platform twice, the second unsigned',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      const amd = await stage.image('amd', { layers: [APP] });
      await stage.sign(amd);
      const evil = await stage.image('evil', { layers: [{ 'app/run': 'evil\n' }] });
      await stage.index('app', [amd, evil]);
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['error PLATFORM_DUPLICATE', 'fail UNSIGNED'], passes: ['SIGNED'] },
  },
  {
    name: 'rollback: an old signed image whose component is denied by now',
    attack: async (stage) => {
      stage.policy({ rule: `${SIGNED}, ${NO_EVENT_STREAM}` });
      await stage.sign(await stage.image('app', { layers: [EVENT_STREAM] }));
      return stage.check('app');
    },
    expect: { ...deny('COMPONENT_DENIED'), passes: ['SIGNED'] },
  },
  {
    name: 'rollback: a signature without a trusted time is never young enough',
    attack: async (stage) => {
      stage.policy({ rule: 'signatures: { by: [release], maxAge: 30d }' });
      await stage.sign(await stage.image('app', { layers: [APP] }));
      return stage.check('app');
    },
    expect: deny('SIGNATURE_TIME_UNKNOWN'),
  },
  {
    name: 'rollback: a revoked digest, signature or not',
    attack: async (stage) => {
      const app = await stage.image('app', { layers: [APP] });
      stage.policy({ rule: SIGNED, head: `deny: { digests: ["${app.digest}"] }` });
      await stage.sign(app);
      return stage.check('app');
    },
    expect: { ...deny('DIGEST_DENIED'), passes: ['SIGNED'] },
  },
  {
    name: 'a revoked platform of an index',
    attack: async (stage) => {
      const [amd, arm] = await two(stage);
      stage.policy({ rule: SIGNED, head: `deny: { digests: ["${arm!.digest}"] }` });
      await stage.sign(amd!, await stage.index('app', [amd!, arm!]));
      return stage.check('app');
    },
    expect: { ...deny('DIGEST_DENIED'), passes: ['SIGNED'] },
  },
  summary(
    'by whom the rule asks',
    () => undefined,
    { ...ALLOW, codes: [], passes: ['VSA_ACCEPTED'] },
    {
      at: new Date('2026-11-21T00:00:00Z'),
    },
  ),
  summary('by whom the rule does not ask', () => undefined, deny('UNSIGNED'), { by: 'ours' }),
  summary('that says FAILED', (said) => (said['verificationResult'] = 'FAILED'), deny('UNSIGNED')),
  summary('of another policy', (said) => (said['policy'] = { digest: { sha256: '0'.repeat(64) } }), deny('UNSIGNED')),
  summary('without a policy digest', (said) => delete said['policy'], deny('UNSIGNED')),
  summary(
    'of another image under this name',
    (said) => (said['resourceUri'] = `oci://${NAME}@${fakeDigest('elsewhere')}`),
    deny('UNSIGNED'),
  ),
  summary(
    'of this digest under another name, whose rules may ask for less',
    (said) => (said['resourceUri'] = 'oci://registry.example.com/playground/app'),
    deny('UNSIGNED'),
  ),
  summary(
    'of another rule',
    (said) => (said['https://waybill.dev/vsa/v1'] = { rules: { other: 'pass' } }),
    deny('UNSIGNED'),
  ),
  summary(
    'that rests on an exception which has lapsed',
    (said) => (said['https://waybill.dev/vsa/v1'] = { rules: { shop: 'pass' }, validUntil: '2026-11-23T00:00:00Z' }),
    deny('UNSIGNED'),
  ),
  summary(
    'of another verifier, made before an exception lapsed that it may rest on',
    () => undefined,
    deny('UNSIGNED'),
  ),
  {
    name: 'a verification summary of another digest, attached to this one',
    attack: async (stage) => {
      stage.policy({ rule: 'vsa: { by: [release] }' });
      const app = await stage.image('app', { layers: [APP] });
      const predicate = { verificationResult: 'PASSED', resourceUri: `oci://${NAME}` };
      await stage.attach(
        app,
        await attestation(stage.ours, fakeDigest('elsewhere'), { type: VSA, predicate }),
        app.digest,
      );
      return stage.check('app');
    },
    expect: deny('VSA_SUBJECT_MISMATCH'),
  },
];
