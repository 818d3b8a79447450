import { isAppError } from '../../core/index.ts';
import { withDeadline } from './deadline.ts';
import { readState, writeState, type KeptState } from './kept-state.ts';
import { DEFAULT_MAX_AGE_MS, DEFAULT_TIMEOUT_MS, STAND_IN_TIMEOUT_MS } from './limits.ts';
import { createMirrorReader, isAway, type MirrorReader } from './mirror-reader.ts';
import { offlineTarget, requireUsable } from './offline-target.ts';
import { refreshRest, refreshRoots } from './refresh.ts';
import { firstExpiry, isComplete, replayRest, replayRoots } from './replay.ts';
import { startSession, toTarget, warn, type Session, type Trusted } from './session.ts';
import { fetchFile, keptFile } from './target-file.ts';
import type { TufOptions, TufTarget, TufTargetName } from './types.ts';
import { withoutMirror } from './without-mirror.ts';

/**
 * One file of a TUF repository. Without a request when the mirror was asked less than `maxAgeMs` ago; else after asking it; when it cannot be asked, from what
 * was kept as long as no metadata of it has expired, with a warning. Everything is checked from the first root on at each call.
 * @throws AppError of TUF_ERRORS, of NET_ERRORS, INTERRUPTED
 * @see https://theupdateframework.github.io/specification/v1.0.33/#detailed-client-workflow
 */
export async function loadTarget(name: TufTargetName, options: TufOptions): Promise<TufTarget> {
  const session = await startSession(name, options);
  if (options.offline) return offlineTarget(session);
  try {
    return await askedTarget(session);
  } catch (error) {
    throw withoutMirror(error, name);
  }
}

async function askedTarget(session: Session): Promise<TufTarget> {
  const { name, options, repository } = session;
  const what = repository.mirror;
  return withDeadline(options.signal, { ms: deadlineMs(session), what }, async (signal) => {
    const mirror = createMirrorReader(options.http, what, signal);
    const trusted = freshState(session) ?? (await refresh(session, mirror));
    const files = new Map(session.kept?.files);
    try {
      const bytes = keptFile(session, trusted.set) ?? (await fetchFile(session, trusted.set, mirror));
      files.set(name, bytes);
      return toTarget(session, trusted, bytes);
    } finally {
      const news = trusted.source === 'network' || files.get(name) !== session.kept?.files.get(name);
      if (news) await keep(session, trusted, files);
    }
  });
}

/** What was kept of a file, whatever its age: to be compared with, never to be trusted. */
export async function readKeptTarget(name: TufTargetName, options: TufOptions): Promise<TufTarget | undefined> {
  const session = await startSession(name, options);
  const { kept, replay } = session;
  if (kept === undefined || !isComplete(replay.set)) return undefined;
  if (!Object.hasOwn(replay.set.targets.metadata.signed.targets, name)) return undefined;
  const bytes = keptFile(session, replay.set);
  if (bytes === undefined) return undefined;
  return toTarget(session, { set: replay.set, source: 'cache', fetchedAt: kept.fetchedAt }, bytes);
}

function deadlineMs({ options, replay }: Session): number {
  const canStandIn = options.allowStale !== false && isComplete(replay.set) && options.now() < firstExpiry(replay.set);
  return options.timeoutMs ?? (canStandIn ? STAND_IN_TIMEOUT_MS : DEFAULT_TIMEOUT_MS);
}

function freshState({ options, kept, replay }: Session): Trusted | undefined {
  if (kept === undefined || !isComplete(replay.set)) return undefined;
  const now = options.now();
  const ageMs = now.getTime() - kept.fetchedAt.getTime();
  if (ageMs < 0 || ageMs >= (options.maxAgeMs ?? DEFAULT_MAX_AGE_MS)) return undefined;
  if (now >= firstExpiry(replay.set)) return undefined;
  return { set: replay.set, source: 'cache', fetchedAt: kept.fetchedAt };
}

async function refresh(session: Session, mirror: MirrorReader): Promise<Trusted> {
  const { models, options, kept, repository } = session;
  const now = options.now();
  options.progress({ kind: 'phase', label: `asking ${repository.mirror} for trust roots` });
  let { replay } = session;
  try {
    const roots = await refreshRoots(models, replay.set, mirror);
    // what was kept is checked again under the newest root, also when the rest cannot be asked for
    if (roots !== replay.set) replay = replayRest(models, roots, kept);
    return { set: await refreshRest(models, replay, { mirror, now }), source: 'network', fetchedAt: now };
  } catch (error) {
    if (!isAway(error) || options.allowStale === false || kept === undefined || !isComplete(replay.set)) throw error;
    requireUsable(session, replay.set);
    const until = firstExpiry(replay.set).toISOString();
    const since = kept.fetchedAt.toISOString();
    warn(options, `${error.message}: the trust roots of ${since} are used, which are valid until ${until}`);
    return { set: replay.set, source: 'stale-cache', fetchedAt: kept.fetchedAt };
  }
}

/** Keeps what was fetched, unless another process was faster and has seen something newer. Not being able to keep it is no failure. */
async function keep(session: Session, trusted: Trusted, files: KeptState['files']): Promise<void> {
  const { path, options, repository } = session;
  const { set, fetchedAt } = trusted;
  if (path === undefined) {
    warn(options, `no cache folder, so ${repository.mirror} is asked at every run`);
    return;
  }
  if (await isBehind(session, path, trusted)) return;
  const { rotations, timestamp, snapshot, targets } = set;
  const documents = { timestamp: timestamp.bytes, snapshot: snapshot.bytes, targets: targets.bytes };
  try {
    await writeState(path, { fetchedAt, rotations, ...documents, files });
  } catch (error) {
    if (!isAppError(error)) throw error;
    warn(options, `trust roots cannot be kept, so ${repository.mirror} is asked at every run: ${error.message}`);
  }
}

async function isBehind({ models, repository }: Session, path: string, { set }: Trusted): Promise<boolean> {
  const there = await readState(path);
  if (there === undefined || there === 'damaged') return false;
  const other = replayRest(models, replayRoots(models, repository.anchor, there), there).set;
  return isComplete(other) && other.root.version >= set.root.version && other.timestamp.version > set.timestamp.version;
}
