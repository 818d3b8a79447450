import type { Digest } from '../../../src/core/index.ts';
import { attestation, fakeDigest } from '../../support/gate-world.ts';
import type { MadeImage } from '../../support/images.ts';
import { buildKitV1, BUILDER, gitHubV1, PROVENANCE_V1, type FixtureImage } from '../../support/slsa-fixtures.ts';
import type { AdversarialCase } from '../contract.ts';
import type { Stage } from '../world.ts';
import { APP, locked, on } from './base.ts';

const TRUSTED = 'attestations: [{ type: slsaprovenance1, by: [release] }]';
const ATTESTED = `${TRUSTED}, base: { allow: [tiny], require: [attested] }, buildInputs: { allow: [tiny] }`;
const SIGNED_INPUTS =
  'signatures: { by: [release] }, base: { allow: [tiny], unexplained: deny }, buildInputs: { allow: [tiny] }';

function fixture(name: string, { digest, image }: MadeImage): FixtureImage {
  return { name, tag: '13', digest, layers: image.layers.map(({ descriptor }) => descriptor.digest) };
}

const tinyOf = (base: MadeImage): FixtureImage => fixture('registry.example.com/base/tiny', base);
const GOLANG: FixtureImage = { name: 'golang', tag: '1.25', digest: fakeDigest('golang') };
const EVIL: FixtureImage = { name: 'registry.evil.example/python', tag: '3', digest: fakeDigest('evil python') };

interface Built {
  readonly base: MadeImage;
  readonly app: MadeImage;
}

async function built(stage: Stage, rule: string): Promise<Built> {
  const base = await locked(stage, rule);
  return { base, app: await stage.image('app', { layers: [APP], ...on(base) }) };
}

/** Provenance by `release` (or whom the change names) of an image on the locked base. */
function attested(
  name: string,
  predicate: (built: Built) => unknown,
  expect: AdversarialCase['expect'],
  rule = ATTESTED,
): AdversarialCase {
  return {
    name,
    attack: async (stage) => {
      const made = await built(stage, rule);
      await stage.attest(made.app, PROVENANCE_V1, predicate(made));
      return stage.check('app');
    },
    expect,
  };
}

function denied(...codes: readonly string[]): AdversarialCase['expect'] {
  return { verdict: 'deny', exit: 1, codes: codes.map((code) => `fail ${code}`), passes: ['BASE_CONTENT'] };
}

/** BuildKit's own provenance lies in the index, about some digest; the index is signed or not. */
function inIndex(
  name: string,
  spec: {
    readonly images: (built: Built) => readonly FixtureImage[];
    readonly about?: (built: Built) => Digest;
    readonly signed: boolean;
    readonly rule?: string;
  },
  expect: AdversarialCase['expect'],
): AdversarialCase {
  return {
    name,
    attack: async (stage) => {
      const made = await built(stage, spec.rule ?? SIGNED_INPUTS);
      const about = spec.about?.(made) ?? made.app.digest;
      const provenance = [{ about, type: PROVENANCE_V1, predicate: buildKitV1({ images: spec.images(made) }) }];
      const index = await stage.index('app', [made.app], { provenance });
      if (spec.signed) await stage.sign(made.app, index);
      // whoever signs the platform alone says nothing of what else is in the index
      else await stage.sign(made.app);
      return stage.check('app');
    },
    expect,
  };
}

export const PROVENANCE_CASES: readonly AdversarialCase[] = [
  attested(
    'the builder’s provenance of an image on the allowed base',
    ({ base }) => buildKitV1({ images: [tinyOf(base)] }),
    {
      verdict: 'allow',
      exit: 0,
      codes: [],
      passes: ['BASE_ATTESTED', 'BUILD_INPUTS_ALLOWED'],
    },
  ),
  attested(
    'GitHub’s provenance names no image materials: no evidence of a base',
    () => gitHubV1(),
    denied('PROVENANCE_SOURCE_ONLY', 'PROVENANCE_SOURCE_ONLY'),
  ),
  attested(
    'a builder stage from elsewhere',
    ({ base }) => buildKitV1({ images: [tinyOf(base), GOLANG] }),
    denied('PROVENANCE_INPUT_NOT_ALLOWED', 'PROVENANCE_INPUT_NOT_ALLOWED'),
  ),
  attested(
    'an input with the allowed name and a digest that the lock does not know',
    ({ base }) =>
      buildKitV1({ images: [tinyOf(base), { ...tinyOf(base), digest: fakeDigest('another tiny'), layers: [] }] }),
    denied('PROVENANCE_INPUT_NOT_ALLOWED', 'PROVENANCE_INPUT_NOT_ALLOWED'),
  ),
  attested(
    'a build of a local folder: the list of inputs may be cut',
    ({ base }) => buildKitV1({ images: [tinyOf(base)], complete: false }),
    denied('PROVENANCE_INCOMPLETE', 'PROVENANCE_INCOMPLETE'),
  ),
  attested(
    'provenance of another builder',
    ({ base }) => buildKitV1({ images: [tinyOf(base)], builder: 'https://evil.example/builder' }),
    denied('PROVENANCE_BUILDER'),
    `attestations: [{ type: slsaprovenance1, by: [release], builder: "${BUILDER}" }], base: { allow: [tiny] }`,
  ),
  attested(
    'provenance from another source that begins like the one wanted',
    ({ base }) => buildKitV1({ images: [tinyOf(base)] }),
    denied('PROVENANCE_SOURCE'),
    'attestations: [{ type: slsaprovenance1, by: [release], source: "https://github.com/acme/sho" }], base: { allow: [tiny] }',
  ),
  {
    name: 'provenance subject is another image than the one it is attached to',
    attack: async (stage) => {
      const { base, app } = await built(stage, TRUSTED);
      const predicate = buildKitV1({ images: [tinyOf(base)] });
      await stage.attach(
        app,
        await attestation(stage.ours, fakeDigest('elsewhere'), { type: PROVENANCE_V1, predicate }),
        app.digest,
      );
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail ATTESTATION_SUBJECT_MISMATCH'] },
  },
  {
    name: 'provenance by somebody whom the rule does not name',
    attack: async (stage) => {
      const { base, app } = await built(stage, TRUSTED);
      await stage.attest(app, PROVENANCE_V1, buildKitV1({ images: [tinyOf(base)] }), stage.theirs);
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail UNTRUSTED_SIGNER'] },
  },
  inIndex(
    'unsigned BuildKit provenance in a signed index: the publisher’s word for what went in',
    { images: ({ base }) => [tinyOf(base)], signed: true },
    { verdict: 'allow', exit: 0, codes: [], passes: ['BUILD_INPUTS_ALLOWED', 'BASE_LAYERS_EXPLAINED'] },
  ),
  inIndex(
    'unsigned BuildKit provenance in an unsigned index: nobody’s word, though the platform is signed',
    { images: ({ base }) => [tinyOf(base)], signed: false },
    denied('BUILD_INPUTS_UNPROVED'),
  ),
  inIndex(
    'unsigned BuildKit provenance is never the builder’s: attested takes more than a signed index',
    {
      images: ({ base }) => [tinyOf(base)],
      signed: true,
      rule: 'signatures: { by: [release] }, attestations: [{ type: slsaprovenance1, by: [release] }], base: { allow: [tiny], require: [attested] }',
    },
    denied('ATTESTATION_MISSING', 'BASE_NOT_ATTESTED'),
  ),
  inIndex(
    'attestation manifest for another platform’s digest',
    { images: ({ base }) => [tinyOf(base)], about: () => fakeDigest('another platform'), signed: true },
    {
      verdict: 'deny',
      exit: 1,
      codes: ['fail BUILD_INPUTS_UNPROVED', 'warn BUILD_ATTESTATION_STRAY'],
      passes: ['BASE_CONTENT'],
    },
  ),
  inIndex(
    'intermediate evil base on the allowed root, told by its own provenance',
    {
      images: ({ base, app }) => [
        { ...tinyOf(base), layers: [] },
        { ...EVIL, layers: app.image.layers.map(({ descriptor }) => descriptor.digest) },
      ],
      signed: true,
    },
    {
      verdict: 'deny',
      exit: 1,
      codes: ['fail BASE_UNEXPLAINED_LAYERS', 'fail PROVENANCE_INPUT_NOT_ALLOWED'],
      passes: ['BASE_CONTENT'],
    },
  ),
  {
    name: 'intermediate evil base on the allowed root, told by an annotation alone',
    attack: async (stage) => {
      const base = await locked(stage, 'base: { allow: [tiny], unexplained: deny }');
      const evil = await stage.image('evil', { layers: [{ 'opt/evil': 'evil\n' }], ...on(base) });
      const annotations = {
        'org.opencontainers.image.base.name': 'registry.evil.example/python:3',
        'org.opencontainers.image.base.digest': evil.digest,
      };
      await stage.image('app', { layers: [APP], ...on(evil), annotations });
      return stage.check('app');
    },
    expect: denied('BASE_UNEXPLAINED_LAYERS'),
  },
  {
    name: 'a layer map that lies in unsigned provenance does not make layers an allowed base',
    attack: async (stage) => {
      const base = await locked(stage, 'base: { allow: [tiny], evidence: claimed }');
      const app = await stage.image('plain', { layers: [{ 'bin/ash': 'ash' }, APP] });
      const lying = { ...tinyOf(base), layers: app.image.layers.map(({ descriptor }) => descriptor.digest) };
      const provenance = [{ about: app.digest, type: PROVENANCE_V1, predicate: buildKitV1({ images: [lying] }) }];
      await stage.index('app', [app], { provenance });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail BASE_CLAIM_CONFLICT'] },
  },
  {
    name: 'an image that the build used is revoked, whoever says so',
    attack: async (stage) => {
      const { base, app } = await built(stage, 'base: { allow: [tiny] }');
      stage.policy({ rule: 'base: { allow: [tiny] }', head: `deny: { digests: ["${EVIL.digest}"] }` });
      const predicate = buildKitV1({ images: [tinyOf(base), EVIL] });
      await stage.index('app', [app], { provenance: [{ about: app.digest, type: PROVENANCE_V1, predicate }] });
      return stage.check('app');
    },
    expect: denied('DIGEST_DENIED'),
  },
];
