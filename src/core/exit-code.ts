/**
 * Exit codes of the command line: each outcome's class. Part of the public interface; never renumbered.
 */
export const ExitCode = {
  /** The work was done and every verdict is positive. */
  Passed: 0,
  /** The work was done; the verdict is negative (unsigned, denied, invalid). */
  Negative: 1,
  /** Wrong flags, arguments, or configuration (policy files included). */
  Usage: 2,
  /** A bug in waybill. */
  Internal: 3,
  /** A remote was unreachable, too slow, short, or answered wrongly. */
  Remote: 4,
  /** Authentication or authorisation failed. */
  Auth: 5,
  /** Input is missing, unreadable, malformed, over a cap, or has the wrong digest. */
  Input: 6,
  /** A partial result under `--strict`, or nothing catalogued without `--allow-empty`. */
  Partial: 7,
  /** Interrupted (SIGINT, SIGTERM). */
  Interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
