/**
 * Which bytes a cataloger wants while a layer streams by. Plain data: rules cross into worker threads and are part of the layer cache's key.
 * A rule matches a regular file when one of `names`, `suffixes`, `pathSuffixes`, `directories` matches (all compare the path without leading slash,
 * case-sensitively), or, for `executables` and `unnamedZips`, when its content is one.
 */
export interface CaptureRule {
  /** Unique: `dpkg/status`. */
  readonly id: string;
  /** Exact last segments: `package.json`. */
  readonly names?: readonly string[];
  /** Ends of the last segment: `.gemspec`. */
  readonly suffixes?: readonly string[];
  /**
   * Whole trailing segments: `lib/dpkg/status` matches `var/lib/dpkg/status` and `lib/dpkg/status`, never `mylib/dpkg/status`. A segment `*` is
   * any one, but not as the last.
   */
  readonly pathSuffixes?: readonly string[];
  /** Everything directly inside a folder with these trailing segments: `lib/dpkg/status.d`. */
  readonly directories?: readonly string[];
  /** Names that are left out of `directories` and `suffixes` by their end: `.md5sums`. */
  readonly exceptSuffixes?: readonly string[];
  /** Starts of the last segment: `libpython`. With `suffixes` too, either is enough. */
  readonly prefixes?: readonly string[];
  /** Every executable (ELF, PE, Mach-O by magic) matches, wherever it lies. Needs `extract`. */
  readonly executables?: true;
  /** Every ZIP archive whose name has no extension matches, also one behind a script that starts it. Needs `extract`. */
  readonly unnamedZips?: true;
  /** Only what this makes of the file in the worker is kept; a file of which it makes nothing is not captured. */
  readonly extract?: Extraction;
  /** Larger files are not captured; the reader notes a diagnostic `file-too-large`. */
  readonly maxBytes: number;
}

/**
 * What a worker is to make of a matching file. `patterns` looks for byte patterns in one pass and keeps what they matched; the others are named
 * readers that return JSON (see the reader of the same name in the formats room for its shape).
 */
export type Extraction =
  | {
      readonly kind:
        | 'go-buildinfo'
        | 'rust-audit'
        | 'elf-package-note'
        | 'graalvm-sbom'
        | 'dotnet-bundle'
        | 'pe-version'
        | 'java-archive';
    }
  | { readonly kind: 'patterns'; readonly patterns: readonly BytePattern[] };

/**
 * A pattern over bytes, read as Latin-1. Around every occurrence of `needle` a window of the file is matched against `pattern`: linear time, and long
 * files need not be in memory. Plain data.
 */
export interface BytePattern {
  /** Unique in its rule. */
  readonly id: string;
  /** Literal Latin-1 text of at least 3 characters that is in every match: what matches elsewhere in the window does not count. */
  readonly needle: string;
  /** Source of a JavaScript regular expression without flags; no unbounded repetition. Named groups are kept. */
  readonly pattern: string;
  /** Bytes of the window before the needle's start, and from its start on. At most 4096 each. A match that could go on beyond the window is cut there. */
  readonly before: number;
  readonly after: number;
}

/** Digests that a pass over layers can take of files, and their lengths. */
export const DIGEST_BYTES = { sha256: 32, sha1: 20, md5: 16, sha384: 48, sha512: 64 } as const;

export type DigestAlgorithm = keyof typeof DIGEST_BYTES;

export const DIGEST_ALGORITHMS = Object.keys(DIGEST_BYTES) as readonly DigestAlgorithm[];

/** Which regular files get a digest of their content while the layer streams by. */
export interface DigestRule {
  readonly algorithm: DigestAlgorithm;
  /** `all`, or path prefixes without leading slash (`usr/`, `etc/`). */
  readonly paths: 'all' | readonly string[];
  /** Path prefixes that are left out. */
  readonly except?: readonly string[];
  /** Also every file below a folder of one of these names: `site-packages`. `except` does not apply. */
  readonly below?: readonly string[];
  /**
   * Files of a layer that shows one of these signs (a path or the start of one) before any other file that needs the digest are spared: an Alpine
   * layer needs no MD5 for dpkg. Decided by the layer's own bytes in their order, so the result is deterministic.
   */
  readonly unless?: readonly string[];
}

/** All that one pass over a layer is asked for. */
export interface CapturePlan {
  readonly captures: readonly CaptureRule[];
  readonly digests: readonly DigestRule[];
}
