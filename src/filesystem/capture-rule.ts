/**
 * Which bytes a cataloger wants while a layer streams by. Plain data: rules cross into worker threads and are part of the layer cache's key.
 * A rule matches a regular file when one of `names`, `suffixes`, `pathSuffixes`, `directories` matches (all compare the path without leading slash,
 * case-sensitively), or, for `executables`, when the content starts with an executable's magic.
 */
export interface CaptureRule {
  /** Unique: `dpkg/status`. */
  readonly id: string;
  /** Exact last segments: `package.json`. */
  readonly names?: readonly string[];
  /** Ends of the last segment: `.gemspec`. */
  readonly suffixes?: readonly string[];
  /** Whole trailing segments: `lib/dpkg/status` matches `var/lib/dpkg/status` and `lib/dpkg/status`, never `mylib/dpkg/status`. */
  readonly pathSuffixes?: readonly string[];
  /** Everything directly inside a folder with these trailing segments: `lib/dpkg/status.d`. */
  readonly directories?: readonly string[];
  /** Names that are left out of `directories` and `suffixes` by their end: `.md5sums`. */
  readonly exceptSuffixes?: readonly string[];
  /**
   * Executables (ELF, PE, Mach-O by magic) are handed, whole or as far as `maxBytes`, to a named extractor in the worker; only what it returns is
   * kept. `go-buildinfo` is the one that exists.
   */
  readonly executables?: { readonly extractor: 'go-buildinfo' };
  /** Larger files are not captured; the reader notes a diagnostic `file-too-large`. */
  readonly maxBytes: number;
}

/** Which regular files get a digest of their content while the layer streams by. */
export interface DigestRule {
  readonly algorithm: 'sha256' | 'md5';
  /** `all`, or path prefixes without leading slash (`usr/`, `etc/`). */
  readonly paths: 'all' | readonly string[];
}

/** All that one pass over a layer is asked for. */
export interface CapturePlan {
  readonly captures: readonly CaptureRule[];
  readonly digests: readonly DigestRule[];
}
