import { isAppError } from '../../core/index.ts';
import { tufError } from './errors.ts';
import { TUF_LIMITS } from './limits.ts';
import type { Models } from './metadata.ts';
import type { MirrorReader } from './mirror-reader.ts';
import { isComplete, type Replay } from './replay.ts';
import {
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  requireUnexpired,
  snapshotOf,
  targetsOf,
  type CompleteSet,
  type TrustedSet,
} from './trusted-set.ts';

const { metadataBytes } = TUF_LIMITS;

/**
 * Takes every newer root that the mirror has, one after the other.
 * @throws AppError of TUF_ERRORS
 * @see https://theupdateframework.github.io/specification/v1.0.33/#update-root
 */
export async function refreshRoots(models: Models, roots: TrustedSet, mirror: MirrorReader): Promise<TrustedSet> {
  let set = roots;
  for (let rotations = 0; ; rotations += 1) {
    const bytes = await mirror.find(`${set.root.version + 1}.root.json`, metadataBytes.root);
    if (bytes === undefined) return set;
    if (rotations >= TUF_LIMITS.rootRotations) {
      throw tufError('TUF_TOO_LARGE', `the mirror has more than ${TUF_LIMITS.rootRotations} new roots`);
    }
    set = acceptRoot(models, set, bytes);
  }
}

/**
 * Timestamp, snapshot and targets as the mirror has them now; what was kept and is still current is not asked for.
 * @throws AppError of TUF_ERRORS
 * @see https://theupdateframework.github.io/specification/v1.0.33/#update-timestamp
 */
export async function refreshRest(
  models: Models,
  kept: Replay,
  context: { readonly mirror: MirrorReader; readonly now: Date },
): Promise<CompleteSet> {
  const { mirror, now } = context;
  requireUnexpired('root', kept.set.root, now);
  const consistent = kept.set.root.metadata.signed.consistentSnapshot;
  const fileName = (role: string, version: number): string => (consistent ? `${version}.${role}.json` : `${role}.json`);

  let set = acceptTimestamp(models, kept.set, await mirror.read('timestamp.json', metadataBytes.timestamp));
  const { timestamp } = set;
  if (timestamp === undefined) throw tufError('TUF_METADATA_INVALID', 'no timestamp');
  requireUnexpired('timestamp', timestamp, now);

  const withSnapshot = (bytes: Uint8Array): TrustedSet => acceptSnapshot(models, set, bytes, kept.previous);
  if (set.snapshot === undefined) {
    const path = fileName('snapshot', snapshotOf(timestamp).version);
    set = await takeKept(kept.state?.snapshot, withSnapshot, () => mirror.read(path, metadataBytes.snapshot));
  }
  const { snapshot } = set;
  if (snapshot === undefined) throw tufError('TUF_METADATA_INVALID', 'no snapshot');
  requireUnexpired('snapshot', snapshot, now);

  const withTargets = (bytes: Uint8Array): TrustedSet => acceptTargets(models, set, bytes);
  if (set.targets === undefined) {
    const path = fileName('targets', targetsOf(snapshot).version);
    set = await takeKept(kept.state?.targets, withTargets, () => mirror.read(path, metadataBytes.targets));
  }
  if (!isComplete(set)) throw tufError('TUF_METADATA_INVALID', 'no targets');
  requireUnexpired('targets', set.targets, now);
  return set;
}

/** A new timestamp or snapshot may name what is here already. */
async function takeKept(
  kept: Uint8Array | undefined,
  accept: (bytes: Uint8Array) => TrustedSet,
  fetch: () => Promise<Uint8Array>,
): Promise<TrustedSet> {
  if (kept !== undefined) {
    try {
      return accept(kept);
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
  }
  return accept(await fetch());
}
