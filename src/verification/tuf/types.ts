import type { ProgressListener } from '../../core/index.ts';
import type { HttpClient } from '../../net/index.ts';

/** Where trusted files come from, and how. */
export interface TufOptions {
  /** `public-good` (default), `github`, or the URL of a mirror: https, or http on loopback. */
  readonly mirror?: string;
  /** Root metadata to start from; needed for mirrors that waybill does not know. Trusted as it is: get it from a place you trust. */
  readonly rootFile?: string;
  /** The same as bytes; goes before `rootFile`. */
  readonly rootBytes?: Uint8Array;
  /** The user's cache folder, or undefined for none: then every call asks the mirror. */
  readonly cacheDir: string | undefined;
  /** No request is made: what was kept, else what ships with waybill. */
  readonly offline: boolean;
  readonly now: () => Date;
  readonly http: HttpClient;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
  /** Age up to which kept metadata is used without a request; 24 h. 0 asks at every call. */
  readonly maxAgeMs?: number;
  /** Whether kept metadata that has not expired stands in when the mirror cannot be asked; true. */
  readonly allowStale?: boolean;
  /** Deadline of all requests together; 60 s, or 10 s when kept metadata can stand in. */
  readonly timeoutMs?: number;
}

/**
 * `network`: the mirror was asked; `cache`: asked not long ago; `stale-cache`: it could not be asked, and what was kept has not expired;
 * `seed`: shipped with waybill, used only offline and when nothing was ever kept.
 */
export type TufSource = 'network' | 'cache' | 'stale-cache' | 'seed';

export interface TufVersions {
  readonly root: number;
  readonly timestamp: number;
  readonly snapshot: number;
  readonly targets: number;
}

/** The files that are taken from a repository; no other name ever reaches a URL or the disk. */
export type TufTargetName = 'trusted_root.json' | 'signing_config.v0.2.json';

/** A file of a TUF repository. Its digest was found in metadata whose signatures lead to the root. */
export interface TufTarget {
  readonly name: TufTargetName;
  readonly bytes: Uint8Array;
  readonly source: TufSource;
  readonly mirror: string;
  /** When the mirror was last asked; absent for a seed. */
  readonly fetchedAt?: Date;
  /** When the first of the metadata it hangs on expires. */
  readonly expires: Date;
  /** Absent for a seed. */
  readonly versions?: TufVersions;
}
