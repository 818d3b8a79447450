/** One record of a package database, for comparing two views of an image: the same package has the same digest whatever file holds it. */
export interface OsStanza {
  /** Path of the database, without leading slash: a file, or pacman's folder of folders. */
  readonly database: string;
  readonly name: string;
  readonly architecture: string;
  /** As the package manager writes it, `epoch:version-release` for rpm; '' when the record has none that can be one. */
  readonly version: string;
  /** sha256 hex of everything the record says of the package and its files, but when and why it was installed. */
  readonly sha256: string;
  /** Absolute paths as packaged. */
  readonly files: readonly string[];
}

/** What one reader found of the image's own root. */
export interface FoundStanzas {
  readonly stanzas: readonly OsStanza[];
  readonly databases: readonly string[];
}
