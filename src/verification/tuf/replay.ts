import { isAppError } from '../../core/index.ts';
import type { KeptState } from './kept-state.ts';
import { parseMetadata, type Document, type Models } from './metadata.ts';
import {
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  readPreviousSnapshot,
  requireUnexpired,
  startFrom,
  type CompleteSet,
  type TrustedSet,
} from './trusted-set.ts';

/** What of a kept state can be believed, age aside. */
export interface Replay {
  /** Root, and what hangs on it as far as it could be checked. */
  readonly set: TrustedSet;
  /** The snapshot that was current when the state was kept: later ones may not fall behind it. */
  readonly previous?: Document<'snapshot'>;
  /** What was replayed. */
  readonly state?: KeptState;
}

/**
 * Goes from the first root through the kept ones, as far as each is signed by the one before.
 * @throws AppError TUF_ROOT_INVALID for the first
 */
export function replayRoots(models: Models, anchor: Uint8Array, kept: KeptState | undefined): TrustedSet {
  let set = startFrom(models, anchor);
  for (const bytes of kept?.rotations ?? []) {
    const next = tolerant(() =>
      // the first root may be newer than some of what was kept under an older one
      parseMetadata(models, 'root', bytes).version <= set.root.version ? set : acceptRoot(models, set, bytes),
    );
    if (next === undefined) return set;
    set = next;
  }
  return set;
}

/**
 * Checks the kept rest under a root. What its keys did not sign counts as not there: so a repository recovers from stolen online keys and their
 * version numbers (fast-forward) by replacing them.
 * @see https://theupdateframework.github.io/specification/v1.0.33/#update-root step 5.3.11
 */
export function replayRest(models: Models, roots: TrustedSet, kept: KeptState | undefined): Replay {
  if (kept === undefined) return { set: roots };
  const previous = tolerant(() => readPreviousSnapshot(models, roots, kept.snapshot));
  const found = { state: kept, ...(previous === undefined ? {} : { previous }) };
  const withTimestamp = tolerant(() => acceptTimestamp(models, roots, kept.timestamp));
  if (withTimestamp === undefined) return { set: roots, ...found };
  const withSnapshot = tolerant(() => acceptSnapshot(models, withTimestamp, kept.snapshot));
  if (withSnapshot === undefined) return { set: withTimestamp, ...found };
  const all = tolerant(() => acceptTargets(models, withSnapshot, kept.targets));
  return { set: all ?? withSnapshot, ...found };
}

export function isComplete(set: TrustedSet): set is CompleteSet {
  return set.timestamp !== undefined && set.snapshot !== undefined && set.targets !== undefined;
}

/** @throws AppError TUF_EXPIRED for the first role that is too old */
export function requireAllUnexpired(set: CompleteSet, now: Date): void {
  for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const) requireUnexpired(role, set[role], now);
}

/** When the first of the roles expires. */
export function firstExpiry(set: CompleteSet): Date {
  const times = [set.root, set.timestamp, set.snapshot, set.targets].map(({ expires }) => expires.getTime());
  return new Date(Math.min(...times));
}

function tolerant<T>(check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
