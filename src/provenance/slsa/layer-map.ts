import { asObject } from '../../attestation/index.ts';
import { isDigest, LIMITS, type Digest, type JsonValue } from '../../core/index.ts';
import { parseImageName } from './image-name.ts';
import { listAt, objectAt, textAt } from './json.ts';
import type { BuildBase, BuildInput, BuildProvenance, SourceLayers } from './types.ts';

const MAX_STEPS = 10_000;
const MAX_SOURCES = 1000;
/** Sources with the very same layers; more of them say nothing new. */
const MAX_BASES = 8;
/** Ways in which one result was compressed. */
const MAX_CHAINS = 32;

/** Where the two versions keep the build steps, and the layers of their results. */
const STEPS = [
  ['buildDefinition', 'internalParameters', 'buildConfig', 'llbDefinition'],
  ['buildDefinition', 'externalParameters', 'buildConfig', 'llbDefinition'],
  ['buildConfig', 'llbDefinition'],
] as const;
const LAYERS = [
  ['runDetails', 'metadata', 'buildkit_metadata', 'layers'],
  ['runDetails', 'metadata', 'https://mobyproject.org/buildkit@v1#metadata', 'layers'],
  ['metadata', 'https://mobyproject.org/buildkit@v1#metadata', 'layers'],
] as const;

/**
 * The images that BuildKit's steps start from, each with the layers it brought: `llbDefinition` says which step is a source, `layers` maps steps to layer
 * descriptors. Only in `mode=max`.
 * @param predicate hostile
 * @returns undefined when there is no map, or it is over a cap: then nobody knows which input is the base
 */
export function readLayerMap(predicate: JsonValue): readonly SourceLayers[] | undefined {
  const steps = findSteps(predicate);
  const layers = LAYERS.map((path) => objectAt(predicate, path)).find((map) => map !== undefined);
  if (steps === undefined || layers === undefined || steps.length > MAX_STEPS) return undefined;
  const sources: SourceLayers[] = [];
  for (const step of steps) {
    const id = textAt(step, ['id']);
    const name = sourceImage(step);
    if (id === undefined || name === undefined) continue;
    const chains = readChains(listAt(layers, [`${id}:0`]) ?? []);
    if (chains === undefined || sources.length === MAX_SOURCES) return undefined;
    sources.push({ ...name, chains });
  }
  return sources.length === 0 ? undefined : sources;
}

/** `max` when the steps of the build are there. */
export function buildMode(predicate: JsonValue): 'min' | 'max' {
  return findSteps(predicate) === undefined ? 'min' : 'max';
}

function findSteps(predicate: JsonValue): readonly JsonValue[] | undefined {
  return STEPS.map((path) => listAt(predicate, path)).find((list) => list !== undefined);
}

/** `docker-image://...` of a source operation. */
function sourceImage(step: JsonValue): Omit<SourceLayers, 'chains'> | undefined {
  const identifier =
    textAt(step, ['op', 'Op', 'source', 'identifier'], 4096) ??
    textAt(step, ['op', 'Op', 'Source', 'identifier'], 4096) ??
    textAt(step, ['op', 'source', 'identifier'], 4096);
  if (identifier?.startsWith('oci-layout://')) {
    const digest = identifier.slice(identifier.lastIndexOf('@') + 1);
    return isDigest(digest) ? { digest } : {};
  }
  if (!identifier?.startsWith('docker-image://')) return undefined;
  return parseImageName(identifier.slice('docker-image://'.length)) ?? {};
}

function readChains(list: readonly JsonValue[]): readonly (readonly Digest[])[] | undefined {
  if (list.length > MAX_CHAINS) return undefined;
  const chains: Digest[][] = [];
  for (const chain of list) {
    if (!Array.isArray(chain) || chain.length > LIMITS.layers) return undefined;
    const digests = (chain as readonly JsonValue[]).map((descriptor) => asObject(descriptor)?.['digest']);
    if (!digests.every(isDigest)) return undefined;
    chains.push(digests);
  }
  return chains;
}

/**
 * What the final stage was built on: the source with the longest chain of layers that is, complete and in order, the bottom of the image; several only where
 * they brought the very same layers. Other sources are stages that files were copied from.
 * @param layers digests of the image's layers as stored, bottom first
 * @returns nothing when no source's layers are the image's bottom: from scratch, or compressed again after the build
 */
export function findBuildBases(
  provenance: Pick<BuildProvenance, 'layerMap' | 'inputs'>,
  layers: readonly Digest[],
): readonly BuildBase[] {
  const depths = (provenance.layerMap ?? []).map((source) => ({ source, layerCount: depthOf(source, layers) }));
  const layerCount = depths.reduce((deepest, depth) => Math.max(deepest, depth.layerCount), 0);
  if (layerCount === 0) return [];
  return depths
    .filter((depth) => depth.layerCount === layerCount)
    .slice(0, MAX_BASES)
    .flatMap(({ source }) => {
      const isSource = imageMatcher([source]);
      return provenance.inputs.find((input) => input.kind === 'image' && isSource(input)) ?? [];
    })
    .map((input) => ({ layerCount, input }));
}

function depthOf(source: SourceLayers, layers: readonly Digest[]): number {
  const bottoms = source.chains.filter((chain) => isBottom(chain, layers));
  return bottoms.reduce((deepest, chain) => Math.max(deepest, chain.length), 0);
}

function isBottom(chain: readonly Digest[], layers: readonly Digest[]): boolean {
  return chain.length > 0 && chain.length <= layers.length && chain.every((digest, index) => digest === layers[index]);
}

/** An image as a step, an argument or a list of inputs names it. */
export type NamedImage = Pick<BuildInput, 'repository' | 'tag' | 'digest'>;

/** Whether one of some images is a given one: by name and digest where both have one, else by name and tag. In time that does not grow with their number. */
export function imageMatcher(images: readonly NamedImage[]): (image: NamedImage) => boolean {
  const byDigest = new Set<string>();
  const byTag = new Set<string>();
  const byTagOnly = new Set<string>();
  for (const image of images) {
    const { repository = '', digest } = image;
    if (digest !== undefined) byDigest.add(`${repository}@${digest}`);
    if (repository === '') continue;
    byTag.add(tagKey(image));
    if (digest === undefined) byTagOnly.add(tagKey(image));
  }
  return (image) => {
    const { repository = '', digest } = image;
    if (digest === undefined) return byTag.has(tagKey(image));
    return byDigest.has(`${repository}@${digest}`) || byTagOnly.has(tagKey(image));
  };
}

function tagKey({ repository = '', tag = 'latest' }: NamedImage): string {
  return `${repository}:${tag}`;
}

/** Images that the steps start from although the list of inputs leaves them out: they were there. */
export function unlistedSources(map: readonly SourceLayers[], inputs: readonly BuildInput[]): readonly BuildInput[] {
  const isListed = imageMatcher(inputs.filter(({ kind }) => kind === 'image'));
  return map.filter((source) => !isListed(source)).map(sourceInput);
}

function sourceInput(source: SourceLayers): BuildInput {
  const { repository, tag, digest } = source;
  const tagged = tag === undefined ? '' : `:${tag}`;
  const at = digest === undefined ? '' : `@${digest}`;
  return {
    kind: 'image',
    uri: repository === undefined ? '(an image without a name)' : `docker-image://${repository}${tagged}${at}`,
    ...(repository === undefined ? {} : { repository }),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    role: 'stage',
  };
}
