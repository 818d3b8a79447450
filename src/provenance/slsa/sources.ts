import type { JsonValue } from '../../core/index.ts';
import { listAt, textAt } from './json.ts';
import type { BuildSystem } from './types.ts';

/** Where provenance of one build type keeps the repository it built from. */
interface BuildType {
  readonly system: BuildSystem;
  readonly source: (predicate: JsonValue) => string | undefined;
}

const GITHUB_WORKFLOW: BuildType = {
  system: 'github',
  source: (predicate) => textAt(predicate, ['buildDefinition', 'externalParameters', 'workflow', 'repository']),
};
/** The generators of slsa-framework run as GitHub workflows and, like those, list the source only. */
const GITHUB_GENERATOR: BuildType = {
  system: 'github',
  source: (predicate) => textAt(predicate, ['invocation', 'configSource', 'uri']),
};
/** The version control members beside it are what the client said, which BuildKit does not check: they are never the source. */
const BUILDKIT: BuildType = {
  system: 'buildkit',
  source: (predicate) =>
    textAt(predicate, ['buildDefinition', 'externalParameters', 'configSource', 'uri']) ??
    textAt(predicate, ['invocation', 'configSource', 'uri']),
};
const CLOUD_BUILD: BuildType = {
  system: 'cloud-build',
  source: (predicate) =>
    textAt(predicate, ['buildDefinition', 'externalParameters', 'sourceToBuild', 'repository']) ??
    textAt(predicate, ['buildDefinition', 'externalParameters', 'buildConfigSource', 'repository']),
};
const TEKTON: BuildType = { system: 'tekton', source: tektonSource };
const GITLAB: BuildType = {
  system: 'gitlab',
  source: (predicate) => textAt(predicate, ['buildDefinition', 'externalParameters', 'source']),
};

const GENERATOR = 'https://github.com/slsa-framework/slsa-github-generator';

/**
 * Build types that waybill knows.
 * @see https://slsa.dev/spec/v1.1/provenance
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md
 * @see https://github.com/tektoncd/chains/blob/main/docs/slsa-provenance.md
 */
const BUILD_TYPES: ReadonlyMap<string, BuildType> = new Map([
  ['https://actions.github.io/buildtypes/workflow/v1', GITHUB_WORKFLOW],
  ['https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1', GITHUB_WORKFLOW],
  [`${GENERATOR}/container@v1`, GITHUB_GENERATOR],
  [`${GENERATOR}/generic@v1`, GITHUB_GENERATOR],
  [`${GENERATOR}/go@v1`, GITHUB_GENERATOR],
  ['https://mobyproject.org/buildkit@v1', BUILDKIT],
  ['https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md', BUILDKIT],
  ['https://cloud.google.com/build/gcb-buildtypes/google-worker/v1', CLOUD_BUILD],
  ['https://slsa-framework.github.io/gcb-buildtypes/triggered-build/v1', CLOUD_BUILD],
  ['https://tekton.dev/chains/v2/slsa', TEKTON],
  ['https://tekton.dev/chains/v2/slsa-tekton', TEKTON],
  ['tekton.dev/v1beta1/TaskRun', TEKTON],
  ['tekton.dev/v1beta1/PipelineRun', TEKTON],
  ['tekton.dev/v1/TaskRun', TEKTON],
  ['tekton.dev/v1/PipelineRun', TEKTON],
  ['https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1', GITLAB],
]);

export function buildSystem(buildType: string): BuildSystem {
  return BUILD_TYPES.get(buildType)?.system ?? 'unknown';
}

/** `https://github.com/actions/runner/github-hosted`, as GitHub's first provenance names the builder; later ones keep the kind of runner beside it. */
export function runnerOf(buildType: string, predicate: JsonValue): string | undefined {
  if (BUILD_TYPES.get(buildType) !== GITHUB_WORKFLOW) return undefined;
  const kind = textAt(predicate, ['buildDefinition', 'internalParameters', 'github', 'runner_environment'], 100);
  return kind === undefined ? undefined : `https://github.com/actions/runner/${kind}`;
}

/** The repository that was built from, in its plain form; undefined for an unknown build type or where it is not said. */
export function sourceOf(buildType: string, predicate: JsonValue): string | undefined {
  const written = BUILD_TYPES.get(buildType)?.source(predicate);
  return written === undefined || written === '' ? undefined : plainRepository(written);
}

/**
 * A repository's URL without what different tools put around it: `git+`, a fragment, `@refs/...` or `@COMMIT`, a final `.git`. A policy's `source` is compared
 * in the same form.
 */
export function plainRepository(url: string): string {
  const bare = url.replace(/^git\+/, '').split('#')[0]!;
  const at = bare.indexOf('@', bare.indexOf('/', bare.indexOf('://') + 3) + 1);
  const whole = at > 0 && /^@(?:refs\/|[0-9a-f]{40}$)/.test(bare.slice(at)) ? bare.slice(0, at) : bare;
  return whole.replace(/\/$/, '').replace(/\.git$/, '');
}

/** Tekton lists the application's sources as inputs; the pipeline's own definition is no source. Only a single one can be told. */
function tektonSource(predicate: JsonValue): string | undefined {
  const inputs =
    listAt(predicate, ['buildDefinition', 'resolvedDependencies'])?.filter(
      (input) => textAt(input, ['name']) === 'inputs/result',
    ) ??
    listAt(predicate, ['materials']) ??
    [];
  const repositories = new Set(
    inputs
      .slice(0, 10_000)
      .map((input) => textAt(input, ['uri']))
      .filter((uri) => uri !== undefined)
      .filter((uri) => /^git\+|^https?:\/\/.*\.git(?:[#@]|$)/.test(uri))
      .map(plainRepository),
  );
  return repositories.size === 1 ? [...repositories][0] : undefined;
}
