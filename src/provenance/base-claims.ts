import { isDigest, type Digest } from '../core/index.ts';
import type { HistoryEntry } from '../image/index.ts';
import { findBuildBases, type BuildProvenance } from './slsa/index.ts';
import type { BaseClaim } from './types.ts';

const BASE_NAME = 'org.opencontainers.image.base.name';
const BASE_DIGEST = 'org.opencontainers.image.base.digest';
const BUILDPACKS = 'io.buildpacks.lifecycle.metadata';

export interface ClaimSources {
  /** Annotations of the platform manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Annotations of its descriptor in the index. */
  readonly descriptorAnnotations?: Readonly<Record<string, string>>;
  /** Annotations of the index it was chosen from. */
  readonly indexAnnotations?: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly history: readonly HistoryEntry[];
  /** Bottom first: what buildpacks say of layers is compared with them. */
  readonly diffIds: readonly Digest[];
}

/**
 * What an image says about its base; anyone who pushed it could have written it. Strongest source first: annotation of the manifest, of its descriptor, of
 * the index, label (inherited from the parent, so it may name the grand-base), buildpacks metadata, history.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
 */
export function readBaseClaims(sources: ClaimSources): readonly BaseClaim[] {
  const claims = [
    namedClaim('annotation', sources.annotations),
    namedClaim('annotation', sources.descriptorAnnotations ?? {}),
    namedClaim('annotation', sources.indexAnnotations ?? {}),
    namedClaim('label', sources.labels),
    buildpacksClaim(sources.labels[BUILDPACKS], sources.diffIds),
    historyClaim(sources.history),
  ];
  return claims.filter((claim) => claim !== undefined);
}

/**
 * What provenance says the final stage was built on, by BuildKit's layer map. Without a map nothing: which of several inputs is the base is not guessed.
 * @param layers digests of the image's layers as stored, bottom first
 */
export function provenanceClaims(provenance: BuildProvenance, layers: readonly Digest[]): readonly BaseClaim[] {
  return findBuildBases(provenance, layers).map(({ input, layerCount }) => ({
    source: 'provenance',
    name: input.repository === undefined ? input.uri : `${input.repository}${input.tag ? `:${input.tag}` : ''}`,
    ...(input.digest === undefined ? {} : { digest: input.digest }),
    layerCount,
  }));
}

export function sameClaim(a: BaseClaim, b: BaseClaim): boolean {
  return a.source === b.source && a.name === b.name && a.digest === b.digest && a.layerCount === b.layerCount;
}

function namedClaim(source: 'annotation' | 'label', values: Readonly<Record<string, string>>): BaseClaim | undefined {
  const name = values[BASE_NAME];
  const digest = values[BASE_DIGEST];
  if (!name && !isDigest(digest)) return undefined;
  return { source, ...(name ? { name } : {}), ...(isDigest(digest) ? { digest } : {}) };
}

/** The run image is checked against the layers as far as it can be without it: the layer it ends with must be one of the image's. */
function buildpacksClaim(metadata: string | undefined, diffIds: readonly Digest[]): BaseClaim | undefined {
  if (metadata === undefined || metadata.length > 1_000_000) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(metadata);
  } catch {
    return undefined;
  }
  const runImage = member(parsed, 'runImage');
  const written = member(runImage, 'reference');
  const topLayer = member(runImage, 'topLayer');
  const reference = typeof written === 'string' && written !== '' ? written : member(runImage, 'image');
  if (typeof reference !== 'string' || reference === '') return undefined;
  const [name, digest] = splitAtDigest(reference);
  const top = isDigest(topLayer) ? diffIds.lastIndexOf(topLayer) : -1;
  return {
    source: 'buildpacks',
    name,
    ...(digest ? { digest } : {}),
    ...(isDigest(topLayer) ? { topLayer } : {}),
    ...(top === -1 ? {} : { layerCount: top + 1 }),
  };
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function splitAtDigest(reference: string): [string, Digest | undefined] {
  const at = reference.lastIndexOf('@');
  const digest = reference.slice(at + 1);
  return at > 0 && isDigest(digest) ? [reference.slice(0, at), digest] : [reference, undefined];
}

/**
 * The boundary that history suggests: the last CMD or ENTRYPOINT before the top group of configuration-only entries ended the base's build. Free text,
 * good for drawing only.
 */
function historyClaim(history: readonly HistoryEntry[]): BaseClaim | undefined {
  let index = history.length - 1;
  while (index >= 0 && history[index]?.emptyLayer) index -= 1;
  for (; index >= 0; index -= 1) {
    const entry = history[index];
    if (entry?.emptyLayer && endsBuild(entry.createdBy ?? '')) {
      const layerCount = history.slice(0, index + 1).filter((item) => !item.emptyLayer).length;
      return layerCount > 0 ? { source: 'history', layerCount } : undefined;
    }
  }
  return undefined;
}

function endsBuild(command: string): boolean {
  const instruction = command.replace('/bin/sh -c #(nop)', '').trimStart();
  return instruction.startsWith('CMD ') || instruction.startsWith('ENTRYPOINT ') || instruction.startsWith('CMD[');
}
