import { isAppError } from '../../core/index.ts';
import { tufError } from './errors.ts';
import { isComplete, requireAllUnexpired } from './replay.ts';
import { toTarget, warn, type Session } from './session.ts';
import { keptFile } from './target-file.ts';
import type { CompleteSet } from './trusted-set.ts';
import type { TufTarget } from './types.ts';

/**
 * A file without any request: as it was kept, if that has not expired; else as it ships with waybill, but only when nothing was ever kept: what is known to be
 * outdated is not undone by something older.
 * @throws AppError TUF_EXPIRED, TUF_NOTHING_KEPT, TUF_TARGET_NOT_FOUND
 */
export function offlineTarget(session: Session): TufTarget {
  const { kept, replay } = session;
  if (kept !== undefined && isComplete(replay.set)) {
    requireUsable(session, replay.set);
    const bytes = keptFile(session, replay.set);
    const trusted = { set: replay.set, source: 'cache', fetchedAt: kept.fetchedAt } as const;
    if (bytes !== undefined) return toTarget(session, trusted, bytes);
  }
  return seedTarget(session);
}

function seedTarget({ name, options, repository, kept, replay }: Session): TufTarget {
  const { mirror } = repository;
  const seed = kept === undefined ? repository.seeds.get(name) : undefined;
  if (seed === undefined) {
    throw tufError('TUF_NOTHING_KEPT', `offline, and no usable ${name} of ${mirror} is kept`, {
      hint: 'run `waybill trust update` once with a network, or give the file with --trusted-root FILE',
    });
  }
  const { expires } = replay.set.root;
  if (options.now() >= expires) {
    throw tufError('TUF_EXPIRED', `the trust root that ships with waybill was valid until ${expires.toISOString()}`, {
      hint: 'use a newer waybill, run `waybill trust update` with a network, or give --trusted-root FILE',
    });
  }
  warn(options, `offline, and nothing of ${mirror} is kept: the ${name} that ships with waybill is used`);
  return { name, bytes: seed, source: 'seed', mirror, expires };
}

/** @throws AppError TUF_EXPIRED, with what to do */
export function requireUsable({ options, repository }: Session, set: CompleteSet): void {
  try {
    requireAllUnexpired(set, options.now());
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw tufError('TUF_EXPIRED', `what is kept of ${repository.mirror} cannot be used any more: ${cause.message}`, {
      cause,
      hint: 'run `waybill trust update` with a network, or give the file with --trusted-root FILE',
      ...(cause.details === undefined ? {} : { details: cause.details }),
    });
  }
}
