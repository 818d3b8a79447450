import type { Digest } from '../../src/core/index.ts';

/** Provenance as builders write it: the structure of real documents, with the digests that a test wants. */
export const PROVENANCE_V1 = 'https://slsa.dev/provenance/v1';
export const PROVENANCE_V02 = 'https://slsa.dev/provenance/v0.2';
export const BUILDER = 'https://github.com/docker/github-builder/.github/workflows/build.yml@refs/heads/main';

export interface FixtureImage {
  /** As BuildKit writes the package URL's path: `debian`, `ghcr.io/acme/tool`. */
  readonly name: string;
  readonly tag: string;
  readonly digest: Digest;
  /** Digests of its layers as stored; given, the image is the source of a build step. */
  readonly layers?: readonly Digest[];
}

export interface BuildKitSpec {
  readonly images: readonly FixtureImage[];
  readonly mode?: 'min' | 'max';
  /** Whether every input is listed; true for builds of a git context. */
  readonly complete?: boolean;
  readonly builder?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly more?: readonly unknown[];
}

const SOURCE = {
  uri: 'https://github.com/acme/shop.git#refs/heads/main',
  digest: { sha1: '4b220de5058abfd01ff619c9d2ff6b09a049bea0' },
};

/** BuildKit's SLSA v1. @see https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md */
export function buildKitV1(spec: BuildKitSpec): unknown {
  const { mode = 'max', complete = true, builder = BUILDER, args = {} } = spec;
  return {
    buildDefinition: {
      buildType: 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md',
      externalParameters: {
        configSource: { ...SOURCE, path: 'Dockerfile' },
        request: { frontend: 'dockerfile.v0', args },
      },
      internalParameters: {
        builderPlatform: 'linux/amd64',
        ...(mode === 'max' ? { buildConfig: buildConfig(spec.images) } : {}),
      },
      resolvedDependencies: [...spec.images.map(dependency), SOURCE, ...(spec.more ?? [])],
    },
    runDetails: {
      builder: { id: builder },
      metadata: {
        invocationId: 'rpv7a389uzil5lqmrgwhijwjz',
        startedOn: '2026-11-17T15:00:00Z',
        finishedOn: '2026-11-17T15:01:00Z',
        buildkit_metadata: {
          vcs: { source: 'https://github.com/somebody/says', revision: '0'.repeat(40) },
          ...(mode === 'max' ? { source: { infos: [{ filename: 'Dockerfile' }] }, layers: layers(spec.images) } : {}),
        },
        buildkit_hermetic: false,
        buildkit_completeness: { request: mode === 'max', resolvedDependencies: complete },
        buildkit_reproducible: false,
      },
    },
  };
}

/** BuildKit's SLSA v0.2, its default for years. */
export function buildKitV02(spec: BuildKitSpec): unknown {
  const { mode = 'max', complete = true, builder = BUILDER, args = {} } = spec;
  return {
    builder: { id: builder },
    buildType: 'https://mobyproject.org/buildkit@v1',
    materials: [...spec.images.map(dependency), SOURCE, ...(spec.more ?? [])],
    invocation: {
      configSource: { ...SOURCE, entryPoint: 'Dockerfile' },
      parameters: { frontend: 'dockerfile.v0', args },
      environment: { platform: 'linux/amd64' },
    },
    ...(mode === 'max' ? { buildConfig: buildConfig(spec.images) } : {}),
    metadata: {
      buildInvocationID: 'rpv7a389uzil5lqmrgwhijwjz',
      buildStartedOn: '2026-11-17T15:00:00Z',
      buildFinishedOn: '2026-11-17T15:01:00Z',
      completeness: { parameters: mode === 'max', environment: true, materials: complete },
      reproducible: false,
      'https://mobyproject.org/buildkit@v1#hermetic': false,
      'https://mobyproject.org/buildkit@v1#metadata': mode === 'max' ? { layers: layers(spec.images) } : {},
    },
  };
}

/** What GitHub's attest-build-provenance writes: the source, and nothing else. */
export function gitHubV1(): unknown {
  return {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: {
        workflow: {
          ref: 'refs/heads/main',
          repository: 'https://github.com/acme/shop',
          path: '.github/workflows/release.yml',
        },
      },
      internalParameters: { github: { event_name: 'push', runner_environment: 'github-hosted' } },
      resolvedDependencies: [
        {
          uri: 'git+https://github.com/acme/shop@refs/heads/main',
          digest: { gitCommit: '4b220de5058abfd01ff619c9d2ff6b09a049bea0' },
        },
      ],
    },
    runDetails: {
      builder: { id: BUILDER },
      metadata: { invocationId: 'https://github.com/acme/shop/actions/runs/1/attempts/1' },
    },
  };
}

/** Google Cloud Build: the source and the images of its steps, which are tools and no bases. */
export function cloudBuildV1(step: Digest): unknown {
  return {
    buildDefinition: {
      buildType: 'https://cloud.google.com/build/gcb-buildtypes/google-worker/v1',
      externalParameters: {
        substitutions: {},
        buildConfigSource: {
          path: 'cloudbuild.yaml',
          ref: 'refs/heads/main',
          repository: 'git+https://github.com/acme/shop',
        },
      },
      internalParameters: { systemSubstitutions: { BRANCH_NAME: 'main', LOCATION: 'us-central1' } },
      resolvedDependencies: [
        { uri: 'git+https://github.com/acme/shop@refs/heads/main', digest: { gitCommit: 'b66934a9d0dc' } },
        { uri: `gcr.io/cloud-builders/docker@${step}`, digest: { sha256: step.slice('sha256:'.length) } },
      ],
    },
    runDetails: { builder: { id: 'https://cloudbuild.googleapis.com/GoogleHostedWorker' } },
  };
}

/** Tekton Chains, v1: pipeline and tasks by git, images of steps by `oci://`, the sources as inputs. */
export function tektonV1(step: Digest): unknown {
  return {
    buildDefinition: {
      buildType: 'https://tekton.dev/chains/v2/slsa',
      externalParameters: { runSpec: { pipelineRef: { name: 'build' } } },
      internalParameters: {},
      resolvedDependencies: [
        { uri: 'git+https://github.com/acme/pipelines', digest: { sha1: '28b123' }, name: 'pipeline' },
        { uri: 'oci://gcr.io/tekton/task', digest: { sha256: step.slice('sha256:'.length) } },
        { uri: 'git+https://github.com/acme/shop.git', digest: { sha1: '50c56a' }, name: 'inputs/result' },
      ],
    },
    runDetails: { builder: { id: 'https://tekton.dev/chains/v2' } },
  };
}

function dependency(image: FixtureImage): unknown {
  return {
    uri: `pkg:docker/${image.name}@${image.tag}?platform=linux%2Famd64`,
    digest: { sha256: image.digest.slice('sha256:'.length) },
  };
}

/** Sources first, then one step on top of the first of them, which also copies from the others. */
function buildConfig(images: readonly FixtureImage[]): unknown {
  const sources = images.filter((image) => image.layers !== undefined);
  const steps = sources.map((image, index) => ({
    id: `step${index}`,
    op: {
      Op: { source: { identifier: `docker-image://${longName(image.name)}:${image.tag}@${image.digest}` } },
      platform: { Architecture: 'amd64', OS: 'linux' },
      constraints: {},
    },
  }));
  const inputs = sources.map((_, index) => `step${index}:0`);
  return {
    llbDefinition: [
      ...steps,
      { id: `step${sources.length}`, op: { Op: { source: { identifier: 'local://context' } } } },
      { id: `step${sources.length + 1}`, op: { Op: { exec: { meta: { args: ['/bin/sh', '-c', 'true'] } } } }, inputs },
    ],
    digestMapping: {},
  };
}

function layers(images: readonly FixtureImage[]): unknown {
  const sources = images.filter((image) => image.layers !== undefined);
  return Object.fromEntries(
    sources.map((image, index) => [
      `step${index}:0`,
      [
        (image.layers ?? []).map((digest) => ({
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest,
          size: 10,
        })),
      ],
    ]),
  );
}

function longName(name: string): string {
  if (name.split('/')[0]!.includes('.')) return name;
  return name.includes('/') ? `docker.io/${name}` : `docker.io/library/${name}`;
}
