/** Where an installer other than npm says that a package came from. */
export interface NpmOrigin {
  /** As npm's lockfiles have it: an address, `git+…#commit`, `file:…`. */
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  /** The installer changed it after it was published. */
  readonly patched?: boolean;
}

/** What is said of packages by name and version; of those from elsewhere some files have the name only. */
export interface NpmLabels {
  readonly registry: ReadonlyMap<string, NpmOrigin>;
  /** From a repository, an archive somewhere else, or a folder. */
  readonly other: ReadonlyMap<string, NpmOrigin>;
}
