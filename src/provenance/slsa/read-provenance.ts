import type { JsonValue } from '../../core/index.ts';
import { parseImageName } from './image-name.ts';
import { readInputs } from './inputs.ts';
import { listAt, objectAt, textAt, valueAt } from './json.ts';
import { buildMode, imageMatcher, readLayerMap, unlistedSources, type NamedImage } from './layer-map.ts';
import { buildSystem, runnerOf, sourceOf } from './sources.ts';
import type { BuildInput, BuildProvenance } from './types.ts';

const V1 = 'https://slsa.dev/provenance/v1';
const V02 = 'https://slsa.dev/provenance/v0.2';
const MAX_ARGUMENTS = 1000;
const DOCKERFILE_FRONTEND = /^docker\.io\/docker\/dockerfile(?:-upstream)?$/;

/** Where each version keeps what both have. */
const PATHS = {
  v1: {
    builder: ['runDetails', 'builder', 'id'],
    buildType: ['buildDefinition', 'buildType'],
    inputs: ['buildDefinition', 'resolvedDependencies'],
    complete: [
      ['runDetails', 'metadata', 'buildkit_completeness', 'resolvedDependencies'],
      ['runDetails', 'metadata', 'https://mobyproject.org/buildkit@v1#completeness', 'materials'],
    ],
    request: ['buildDefinition', 'externalParameters', 'request'],
  },
  'v0.2': {
    builder: ['builder', 'id'],
    buildType: ['buildType'],
    inputs: ['materials'],
    complete: [['metadata', 'completeness', 'materials']],
    request: ['invocation', 'parameters'],
  },
} as const;

/**
 * Reads SLSA provenance: BuildKit's (`mode=min` and `max`), GitHub's, Google Cloud Build's, Tekton Chains', GitLab's, and any other in so far as the
 * specification says where things are. Nothing is verified here.
 * @param predicate hostile
 * @returns undefined when the predicate type is not SLSA provenance v1 or v0.2, or builder or build type are missing
 * @see https://slsa.dev/spec/v1.1/provenance
 * @see https://slsa.dev/spec/v0.2/provenance
 */
export function readProvenance(predicate: JsonValue, predicateType: string): BuildProvenance | undefined {
  const version = predicateType === V1 ? 'v1' : predicateType === V02 ? 'v0.2' : undefined;
  if (version === undefined) return undefined;
  const paths = PATHS[version];
  const builder = textAt(predicate, paths.builder);
  const buildType = textAt(predicate, paths.buildType);
  if (builder === undefined || buildType === undefined || buildType === '') return undefined;
  const system = buildSystem(buildType);
  const { inputs, whole } = readInputs(listAt(predicate, paths.inputs) ?? []);
  const layerMap = system === 'buildkit' ? readLayerMap(predicate) : undefined;
  const source = sourceOf(buildType, predicate);
  const runner = runnerOf(buildType, predicate);
  const arguments_ = system === 'buildkit' ? objectAt(predicate, [...paths.request, 'args']) : undefined;
  return {
    version,
    builder,
    buildType,
    ...(runner === undefined ? {} : { runner }),
    system,
    ...(source === undefined ? {} : { source }),
    inputs: [
      ...withRoles(inputs, layerMap ?? [], argumentImages(arguments_ ?? {})),
      ...unlistedSources(layerMap ?? [], inputs),
    ],
    complete: whole && paths.complete.some((path) => valueAt(predicate, path) === true),
    ...(system === 'buildkit' ? { mode: buildMode(predicate) } : {}),
    ...(layerMap === undefined ? {} : { layerMap }),
  };
}

interface ArgumentImages {
  readonly frontend: readonly NamedImage[];
  readonly context: readonly NamedImage[];
}

/** Images that the arguments of a build name: the frontend (`source`) and named contexts (`context:NAME`). */
function argumentImages(arguments_: { readonly [key: string]: JsonValue }): ArgumentImages {
  const frontend: NamedImage[] = [];
  const context: NamedImage[] = [];
  for (const [key, value] of Object.entries(arguments_).slice(0, MAX_ARGUMENTS)) {
    if (typeof value !== 'string' || value.length > 4096) continue;
    const image = parseImageName(value.replace(/^docker-image:\/\//, ''));
    if (image === undefined) continue;
    if (key === 'source') frontend.push(image);
    if (key.startsWith('context:') && value.startsWith('docker-image://')) context.push(image);
  }
  return { frontend, context };
}

/** What BuildKit used each image as: for words only, every one of them is an input of the build. */
function withRoles(
  inputs: readonly BuildInput[],
  stages: readonly NamedImage[],
  named: ArgumentImages,
): readonly BuildInput[] {
  const isContext = imageMatcher(named.context);
  const isFrontend = imageMatcher(named.frontend);
  const isStage = imageMatcher(stages);
  return inputs.map((input) => {
    if (input.kind !== 'image') return input;
    if (isContext(input)) return { ...input, role: 'context' };
    if (isFrontend(input) || DOCKERFILE_FRONTEND.test(input.repository ?? '')) return { ...input, role: 'frontend' };
    return isStage(input) ? { ...input, role: 'stage' } : input;
  });
}
