import type { Digest } from '../core/index.ts';
import type { Platform } from '../image/index.ts';

/** How sure it is what an image stands on, weakest first. `signed-claim` needs verified statements and is reached in policy decisions only. */
export type BaseLevel = 'none' | 'claimed' | 'signed-claim' | 'content';

/** One observation of one tag (or pinned digest) of one allowed base. One line of the lock file. */
export interface LockRecord {
  /** 0, 1, 2, ... without gaps. */
  readonly sequence: number;
  /** SHA-256 of the previous line's bytes without its newline; null in the first. */
  readonly previous: Digest | null;
  /** RFC 3339 UTC. */
  readonly observedAt: string;
  /** Name of the policy's `bases.entries[]`. */
  readonly entry: string;
  /** Canonical registry and repository; for a base read from a layout or archive the name the policy's entry gives it. */
  readonly image: string;
  readonly tag: string | null;
  /** What the tag led to: an index or a platform manifest. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Sorted by os, architecture, variant. */
  readonly platforms: readonly LockPlatform[];
  /** Signature bundles found on the digest or on a platform manifest; their bytes are in `blobs`. */
  readonly bundles: readonly { readonly subject: Digest; readonly digest: Digest }[];
  /**
   * Bytes (base64) of the index, manifests, configs and bundles by digest: what every verdict is computed from again. In the file, bytes that an earlier
   * record keeps are left out; in memory every record is complete.
   */
  readonly blobs: Readonly<Record<string, string>>;
}

export interface LockPlatform {
  readonly platform: Platform;
  readonly manifest: Digest;
  readonly config: Digest;
  /** Bottom first, complete. */
  readonly diffIds: readonly Digest[];
  /** Indexes of layers without any regular file or link to one (empty tar, folders or whiteouts only). */
  readonly trivialLayers: readonly number[];
  /** Digest of the base's file list (a blob of the record), where the entry asks for containment. @see `file-list.ts` */
  readonly fileList?: Digest;
}

/** A parsed lock: chain verified, blobs re-hashed, platforms re-read from the blobs. */
export interface Lock {
  readonly records: readonly LockRecord[];
  /** SHA-256 of the last line; null for an empty lock. */
  readonly head: Digest | null;
}

/** A lock record's platform that is, in order and completely, the bottom of an image. */
export interface BaseMatch {
  readonly entry: string;
  readonly record: LockRecord;
  readonly platform: LockPlatform;
  /** Number of bottom layers that are the base. */
  readonly layerCount: number;
}

/** The image says so: annotation, label, history. */
export interface BaseClaim {
  readonly source: 'annotation' | 'label' | 'history' | 'buildpacks' | 'provenance' | 'sbom';
  readonly name?: string;
  readonly digest?: Digest;
  /** Number of bottom layers that are the base: guessed from history, told by BuildKit's layer map, or up to the top layer that buildpacks name. */
  readonly layerCount?: number;
  /** For buildpacks: the diffID that the run image ends with; without a `layerCount` the image has no such layer. */
  readonly topLayer?: Digest;
}

/** What a file is, as far as the tamper check compares. */
export interface FileFact {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** sha256 hex of a regular file's content. */
  readonly sha256?: string;
  readonly linkTarget?: string;
  readonly xattrs?: Readonly<Record<string, string>>;
}

/** One path that a layer changed against everything below it, or a critical addition (`before` absent). */
export interface FileChange {
  /** Without leading slash. */
  readonly path: string;
  /** Absent for additions. */
  readonly before?: FileFact;
  /** Absent for deletions. */
  readonly after?: FileFact;
  /** The OS package that lists this path in the final view, and what became of its stanza. */
  readonly owner?: { readonly package: string; readonly state: 'added' | 'upgraded' | 'unchanged' };
  /** The base executable that this addition hides, because its folder comes earlier on PATH. */
  readonly shadows?: string;
  /** The layer above the base that made it so, 0 = bottom; absent when it is not known. */
  readonly layer?: number;
  /** For a CA bundle: number of certificates that neither the base's bundle nor a certificate file of the image holds. */
  readonly unexplainedCertificates?: number;
}

/** A line of passwd or shadow that upper layers changed in a way installing software does not. */
export interface AccountChange {
  readonly path: string;
  readonly user: string;
  readonly kind: 'new-uid-0' | 'new-password' | 'changed' | 'removed';
  /** The layer that the file is from, 0 = bottom; absent when it is the base's, or not known. */
  readonly layer?: number;
}

/** A stanza of a package database in one view. */
export interface PackageStanza {
  readonly database: string;
  readonly name: string;
  readonly architecture: string;
  readonly version: string;
  /** sha256 hex of the stanza's bytes. */
  readonly sha256: string;
}

/** Records of package databases that this room does not read itself (rpm's, opkg's, pacman's), as whoever reads them gives them. */
export interface PackageRecords {
  /** `version` tells records of rpm of one name and architecture apart: several may be installed side by side. */
  readonly stanzas: readonly (PackageStanza & { readonly files: readonly string[] })[];
  /** Paths of the databases, without leading slash. */
  readonly databases: readonly string[];
  /** Databases that are there and cannot be read whole. */
  readonly unreadable: readonly string[];
}

/**
 * What the image's filesystem looks like with only its bottom `layerCount` layers, against the final view, for every `layerCount` that may be a base
 * (every lock match at collection time and the whole image): plain data, so that deciding needs no layer bytes.
 */
export interface BaseComparison {
  /** Number of bottom layers compared with the final view. */
  readonly layerCount: number;
  /** Differences of the final view against the base's view, volatile paths left out; sorted by path. */
  readonly changes: readonly FileChange[];
  /** Package database stanzas of the base's view that are missing or different in the final view, with what replaced them. */
  readonly packages: readonly {
    readonly before: PackageStanza;
    readonly after?: PackageStanza;
    /** The layer that the database is from, 0 = bottom; absent when it is the base's, or not known. */
    readonly layer?: number;
  }[];
  /** Accounts that were changed; sorted by path, then user. */
  readonly accounts: readonly AccountChange[];
  /** Package databases of the base's view that are unreadable or gone in the final view, and account files whose lines cannot be read. */
  readonly lostDatabases: readonly string[];
}

/**
 * How much of a locked base the final view holds, file for file (type, mode, owner, content or link target): for images whose layers were squashed or flattened.
 * Says that the files are there, not that the image was built on the base.
 */
export interface BaseContainment {
  /** Digest of the lock's file list that was compared with. */
  readonly fileList: Digest;
  /** Files, links and special files of the base, without volatile paths. */
  readonly total: number;
  readonly matched: number;
  /** What differs or is gone: paths without leading slash, sorted; the first 1,000. */
  readonly missing: readonly string[];
  readonly changed: readonly string[];
  /** Files of the image that the base does not have, and the first 1,000 of them. */
  readonly extra: number;
  readonly extraFiles: readonly string[];
  /** What else the image has, as upper layers are compared with a base (of 0 layers here); only where all files of the base are there. */
  readonly comparison?: BaseComparison;
}

/** What of an operating system is in a file system, and whose packages it would take; paths without leading slash, sorted, the first 100 of each. */
export interface SystemTraces {
  /** Files of package databases: dpkg, apk, rpm, opkg, pacman, chisel, portage. */
  readonly databases: readonly string[];
  readonly loaders: readonly string[];
  readonly shells: readonly string[];
  /** Keys that packages are trusted by. */
  readonly keyrings: readonly string[];
  /** Lines of apk's list of repositories, in its order. */
  readonly repositories: readonly string[];
}

/** Why a finding is critical, or how an uncritical one is classed. */
export type TamperClass =
  | 'dynamic-loader'
  | 'libc'
  | 'shell'
  | 'ca-bundle'
  | 'keyring'
  | 'package-sources'
  | 'ld-preload'
  | 'ld-conf'
  | 'account'
  | 'setuid'
  | 'shadowed-executable'
  | 'directory-to-link'
  | 'package-database'
  | 'upgrade'
  | 'deleted'
  | 'changed';

export interface TamperFinding {
  readonly class: TamperClass;
  readonly critical: boolean;
  readonly path: string;
  /** In words: what was there, what is there now. */
  readonly message: string;
  /** The layer that made it so, 0 = bottom; absent when it is not known. */
  readonly layer?: number;
}
