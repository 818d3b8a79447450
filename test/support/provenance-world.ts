import assert from 'node:assert/strict';
import { sha256Digest, type Digest } from '../../src/core/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { allResults, decide, type CheckResult, type Decision } from '../../src/policy/index.ts';
import {
  attestation,
  attestationEntry,
  buildImage,
  buildIndex,
  createSigner,
  evidenceView,
  fakeDigest,
  lockBytes,
  noChanges,
  policyOf,
  signature,
  type Attached,
  type BuiltAttestation,
  type BuiltImage,
  type ImageFacts,
  type LockSpec,
} from './gate-world.ts';
import { buildKitV1, PROVENANCE_V1, type BuildKitSpec, type FixtureImage } from './slsa-fixtures.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
export const d1 = fakeDigest('debian layer 1');
export const d2 = fakeDigest('debian layer 2');
export const between = fakeDigest('what an intermediate image brings');
export const app = fakeDigest('application layer');
export const image = buildImage({ diffIds: [d1, d2, app] });

export const debianImage = buildImage({ diffIds: [d1, d2] });
export const golangImage = buildImage({ diffIds: [fakeDigest('golang')] });
const frontendImage = buildImage({ diffIds: [fakeDigest('dockerfile frontend')] });
export const debianIndex = buildIndex([{ image: debianImage, architecture: 'amd64' }]);

/** Digests of stored layers, as `buildImage` gives them. */
export const stored = (...diffIds: readonly Digest[]): readonly Digest[] =>
  diffIds.map((diffId) => sha256Digest(`compressed ${diffId}`));

export const debian: FixtureImage = { name: 'debian', tag: '12', digest: debianIndex.digest, layers: stored(d1, d2) };
export const golang: FixtureImage = {
  name: 'golang',
  tag: '1.25',
  digest: golangImage.digest,
  layers: stored(fakeDigest('golang')),
};
export const frontend: FixtureImage = { name: 'docker/dockerfile', tag: '1.7', digest: frontendImage.digest };
export const evil: FixtureImage = {
  name: 'registry.evil.example/python',
  tag: '3',
  digest: fakeDigest('evil python'),
  layers: stored(d1, d2, between),
};

export const LOCK: readonly LockSpec[] = [
  {
    entry: 'debian',
    image: 'docker.io/library/debian',
    tag: '12',
    observedAt: '2026-11-20T00:00:00Z',
    images: [debianImage],
    index: debianIndex,
  },
  {
    entry: 'golang',
    image: 'docker.io/library/golang',
    tag: '1.25',
    observedAt: '2026-11-20T00:00:00Z',
    images: [golangImage],
  },
  {
    entry: 'frontend',
    image: 'docker.io/docker/dockerfile',
    tag: '1.7',
    observedAt: '2026-11-20T00:00:00Z',
    images: [frontendImage],
  },
];

export interface Setup {
  readonly image?: BuiltImage;
  /** Members of the rule. */
  readonly rule: string;
  readonly attached?: readonly Attached[];
  /** BuildKit's attestations in the index; given, the image has one. */
  readonly build?: readonly BuiltAttestation[];
  /** Attestation manifests that the index lists, where they are others. */
  readonly listed?: readonly BuiltAttestation[];
  readonly signIndex?: KeySigner;
  readonly lock?: readonly LockSpec[];
  readonly golangEntry?: string;
  /** Revoked digests. */
  readonly deny?: string;
  readonly facts?: Partial<ImageFacts>;
}

async function judge(setup: Setup, { release, stranger }: Signers): Promise<Decision> {
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
deny: { digests: [${setup.deny ?? ''}] }
identities:
  release: { key: release.pub }
  stranger: { key: stranger.pub }
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: debian, image: docker.io/library/debian }
    - { name: golang, image: docker.io/library/golang${setup.golangEntry === undefined ? '' : `, ${setup.golangEntry}`} }
    - { name: frontend, image: docker.io/docker/dockerfile }
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    ${setup.rule}
`;
  const loaded = await policyOf(yaml, {
    'release.pub': release.publicKey.pem,
    'stranger.pub': stranger.publicKey.pem,
    'bases.lock.jsonl': lockBytes(setup.lock ?? LOCK),
  });
  const subject = setup.image ?? image;
  const listed = setup.listed ?? setup.build;
  const index =
    listed === undefined
      ? undefined
      : buildIndex([{ image: subject, architecture: 'amd64' }, ...listed.map(attestationEntry)]);
  const signed =
    index === undefined || setup.signIndex === undefined ? [] : [await signature(setup.signIndex, index.digest)];
  const view = evidenceView({
    images: [subject],
    ...(index === undefined ? {} : { index }),
    ...(setup.build === undefined ? {} : { build: setup.build }),
    attached: [...(setup.attached ?? []), ...signed],
    facts: { comparisons: [1, 2, 3, 4].map((count) => noChanges(count)) },
    ...setup.facts,
  });
  return decide(view, loaded, { now: NOW });
}

export function results(decision: Decision): readonly CheckResult[] {
  return decision.images.flatMap(allResults);
}

export function find(decision: Decision, check: string, item?: string): CheckResult {
  const found = results(decision).filter((result) => result.check === check && result.item === item);
  assert.equal(found.length, 1, JSON.stringify(results(decision), null, 1));
  return found[0]!;
}

export function has(decision: Decision, check: string, item: string): boolean {
  return results(decision).some((result) => result.check === check && result.item === item);
}

export const TRUSTED = 'attestations: [{ type: slsaprovenance1, by: [release] }]';
export const ATTESTED = `${TRUSTED}
    base: { allow: [debian], require: [attested] }
    buildInputs: { allow: [golang, frontend] }`;

interface Signers {
  readonly release: KeySigner;
  readonly stranger: KeySigner;
}

export interface ProvenanceWorld extends Signers {
  readonly judge: (setup: Setup) => Promise<Decision>;
  /** Signed provenance of `image`, by `release` and v1 unless told. */
  readonly attest: (
    predicate: unknown,
    more?: { readonly by?: KeySigner; readonly type?: string; readonly at?: Digest },
  ) => Promise<Attached>;
  /** Decides about BuildKit's v1 provenance signed by `release`. */
  readonly attested: (spec: BuildKitSpec, rule?: string) => Promise<Decision>;
}

/** Two signers, and decisions about one image on a locked base. */
export async function provenanceWorld(): Promise<ProvenanceWorld> {
  const signers = { release: await createSigner(), stranger: await createSigner() };
  const attest: ProvenanceWorld['attest'] = (predicate, more = {}) => {
    const { by = signers.release, type = PROVENANCE_V1, at } = more;
    return attestation(by, image.digest, { type, predicate, ...(at === undefined ? {} : { at }) });
  };
  return {
    ...signers,
    judge: (setup) => judge(setup, signers),
    attest,
    attested: async (spec, rule = ATTESTED) => judge({ rule, attached: [await attest(buildKitV1(spec))] }, signers),
  };
}
