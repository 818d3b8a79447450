import { readState, statePath, type KeptState } from './kept-state.ts';
import { loadModels, type Models } from './metadata.ts';
import { firstExpiry, replayRest, replayRoots, type Replay } from './replay.ts';
import { findRepository, type TufRepository } from './repositories.ts';
import type { CompleteSet } from './trusted-set.ts';
import type { TufOptions, TufSource, TufTarget, TufTargetName } from './types.ts';

/** Everything one call works with. */
export interface Session {
  readonly name: TufTargetName;
  readonly options: TufOptions;
  readonly repository: TufRepository;
  readonly models: Models;
  /** Where the state is kept, if anywhere. */
  readonly path: string | undefined;
  readonly kept: KeptState | undefined;
  /** What of the kept state can be believed. */
  readonly replay: Replay;
}

/** Metadata that a file may be taken from. */
export interface Trusted {
  readonly set: CompleteSet;
  readonly source: TufSource;
  readonly fetchedAt: Date;
}

/** @throws AppError TUF_MIRROR_INVALID, TUF_ROOT_REQUIRED, TUF_ROOT_INVALID, and those of reading a file */
export async function startSession(name: TufTargetName, options: TufOptions): Promise<Session> {
  const repository = await findRepository(options);
  const models = await loadModels();
  const path = options.cacheDir === undefined ? undefined : statePath(options.cacheDir, repository.mirror);
  const state = path === undefined ? undefined : await readState(path);
  if (state === 'damaged')
    warn(options, `what was kept of ${repository.mirror} is damaged and not used: ${path ?? ''}`);
  const kept = state === 'damaged' ? undefined : state;
  const replay = replayRest(models, replayRoots(models, repository.anchor, kept), kept);
  return { name, options, repository, models, path, kept, replay };
}

export function toTarget({ name, repository }: Session, trusted: Trusted, bytes: Uint8Array): TufTarget {
  const { set, source, fetchedAt } = trusted;
  return {
    name,
    bytes,
    source,
    mirror: repository.mirror,
    fetchedAt,
    expires: firstExpiry(set),
    versions: {
      root: set.root.version,
      timestamp: set.timestamp.version,
      snapshot: set.snapshot.version,
      targets: set.targets.version,
    },
  };
}

export function warn({ progress }: TufOptions, message: string): void {
  progress({ kind: 'warning', message });
}
