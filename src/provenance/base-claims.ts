import { isDigest, type Digest } from '../core/index.ts';
import type { HistoryEntry } from '../image/index.ts';
import type { BaseClaim } from './types.ts';

const BASE_NAME = 'org.opencontainers.image.base.name';
const BASE_DIGEST = 'org.opencontainers.image.base.digest';
const BUILDPACKS = 'io.buildpacks.lifecycle.metadata';

export interface ClaimSources {
  /** Annotations of the platform manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Annotations of the index it was chosen from. */
  readonly indexAnnotations?: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly history: readonly HistoryEntry[];
}

/**
 * What an image says about its base; anyone who pushed it could have written it. Strongest source first: manifest annotation, index annotation,
 * label (inherited from the parent, so it may name the grand-base), buildpacks metadata, history.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
 */
export function readBaseClaims(sources: ClaimSources): readonly BaseClaim[] {
  const claims = [
    namedClaim('annotation', sources.annotations),
    namedClaim('annotation', sources.indexAnnotations ?? {}),
    namedClaim('label', sources.labels),
    buildpacksClaim(sources.labels[BUILDPACKS]),
    historyClaim(sources.history),
  ];
  return claims.filter((claim) => claim !== undefined);
}

function namedClaim(source: 'annotation' | 'label', values: Readonly<Record<string, string>>): BaseClaim | undefined {
  const name = values[BASE_NAME];
  const digest = values[BASE_DIGEST];
  if (!name && !isDigest(digest)) return undefined;
  return { source, ...(name ? { name } : {}), ...(isDigest(digest) ? { digest } : {}) };
}

function buildpacksClaim(metadata: string | undefined): BaseClaim | undefined {
  if (metadata === undefined || metadata.length > 1_000_000) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(metadata);
  } catch {
    return undefined;
  }
  const reference = member(member(parsed, 'runImage'), 'reference');
  if (typeof reference !== 'string' || reference === '') return undefined;
  const [name, digest] = splitAtDigest(reference);
  return { source: 'buildpacks', name, ...(digest ? { digest } : {}) };
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
