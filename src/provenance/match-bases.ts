import type { Digest } from '../core/index.ts';
import { isSamePlatform, type Platform } from '../image/index.ts';
import type { BaseMatch, Lock, LockPlatform } from './types.ts';

/** diffID of the empty tar (1024 zero bytes): the layer that proves nothing. */
export const EMPTY_LAYER_DIFF_ID = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef' as Digest;

/** The part of an image that base matching looks at. `diffIds` bottom first, recomputed from the layers' bytes. */
export interface MatchableImage {
  readonly platform: Platform;
  readonly diffIds: readonly Digest[];
}

/**
 * Every locked base whose diffIDs are, completely and in order, the bottom of the image on the same platform; longest first, then newest record
 * first. An empty base and one made of trivial layers only (nothing but folders and whiteouts) are the bottom of everything, so they never match.
 * The proof is of lineage from the root only: it cannot tell an intermediate image from application layers.
 */
export function matchBases(lock: Lock, image: MatchableImage): readonly BaseMatch[] {
  const matches: BaseMatch[] = [];
  for (const record of lock.records) {
    for (const platform of record.platforms) {
      if (isBottomOf(platform, image)) {
        matches.push({ entry: record.entry, record, platform, layerCount: platform.diffIds.length });
      }
    }
  }
  return matches.toSorted((a, b) => b.layerCount - a.layerCount || b.record.sequence - a.record.sequence);
}

function isBottomOf(base: LockPlatform, image: MatchableImage): boolean {
  return (
    isSamePlatform(base.platform, image.platform) &&
    base.diffIds.length <= image.diffIds.length &&
    !isTrivial(base) &&
    base.diffIds.every((diffId, index) => diffId === image.diffIds[index])
  );
}

/** Whether two images have the very same layers. */
export function sameLayers(a: readonly Digest[], b: readonly Digest[]): boolean {
  return a.length === b.length && a.every((diffId, index) => diffId === b[index]);
}

function isTrivial(base: LockPlatform): boolean {
  return base.diffIds.every((diffId, index) => diffId === EMPTY_LAYER_DIFF_ID || base.trivialLayers.includes(index));
}
