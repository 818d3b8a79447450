const KiB = 1024;
const MiB = 1024 * KiB;

/** Caps on what a mirror may send; the public repositories stay below a hundredth of them. */
export const TUF_LIMITS = {
  metadataBytes: { root: 512 * KiB, timestamp: 16 * KiB, snapshot: 512 * KiB, targets: 2 * MiB },
  targetBytes: 4 * MiB,
  /** Members of any one object or array in metadata: what reads them copies an object for each member. */
  members: 2048,
  depth: 16,
  /** New roots taken in one go. */
  rootRotations: 128,
  redirects: 3,
  /** What is kept of one repository, on disk. */
  cacheBytes: 64 * MiB,
} as const;

/** How long kept metadata is used without asking the mirror. */
export const DEFAULT_MAX_AGE_MS = 24 * 60 * 60 * 1000;

/** What all requests of one refresh may take together. */
export const DEFAULT_TIMEOUT_MS = 60_000;

/** The same when something kept can stand in: a gate must not wait a minute for a network that is away. */
export const STAND_IN_TIMEOUT_MS = 10_000;
