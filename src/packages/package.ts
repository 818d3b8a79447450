/** The kind of a package: its ecosystem. Equals the purl type of https://github.com/package-url/purl-spec (`deb`, `apk`, `npm`, ...). */
export type PackageType =
  | 'deb'
  | 'apk'
  | 'rpm'
  | 'alpm'
  | 'ebuild'
  | 'nix'
  | 'snap'
  | 'opkg'
  | 'brew'
  | 'bitnami'
  | 'npm'
  | 'pypi'
  | 'conda'
  | 'golang'
  | 'maven'
  | 'cargo'
  | 'gem'
  | 'composer'
  | 'pear'
  | 'nuget'
  | 'otp'
  | 'hex'
  | 'cran'
  | 'luarocks'
  | 'cpan'
  | 'opam'
  | 'github'
  | 'generic';

/** Where something was seen: one file of the final view and the layer that put it there. */
export interface Location {
  /** Path in the image, absolute, with a leading slash (`/var/lib/dpkg/status`). */
  readonly path: string;
  /** Where in that file, when it is an archive: path by path, `:` between nested archives (`WEB-INF/lib/b.jar`). */
  readonly inside?: string;
  /** Index of the layer, 0 = bottom; -1 when the source has no layers (`dir:`). */
  readonly layer: number;
}

/** How an identity was established; values of CycloneDX `evidence.identity.methods.technique`. */
export type Technique =
  | 'manifest-analysis'
  | 'binary-analysis'
  | 'filename'
  | 'hash-comparison'
  | 'attestation'
  | 'source-code-analysis'
  | 'other';

/** One reason to believe a field of a package. */
export interface IdentityEvidence {
  readonly field: 'name' | 'version' | 'purl';
  readonly technique: Technique;
  /** 0 to 1. */
  readonly confidence: number;
  /** What exactly was seen, for people: "ldflags -X main.version". */
  readonly value?: string;
}

/** A licence as the package states it. */
export interface LicenseClaim {
  /** The text as found, trimmed: an SPDX expression, an identifier, or a name. */
  readonly value: string;
  /** Where it was found, when that is another file than the package's own record. */
  readonly location?: Location;
}

/** What a package's record says of one of its files. Compared with the bytes by the ledger. */
export interface RecordedFile {
  /** `other`: one that nothing here computes. */
  readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'other';
  /** Lower-case hex of a regular file's content: whole, or of a SHA-256 the first 40 digits, as apk 3 records it. */
  readonly hex: string;
}

/** Another package that describes the same software, and was put away as evidence for this one. */
export interface AlsoKnownAs {
  readonly purl: string;
  /** Id of the cataloger. */
  readonly foundBy: string;
  readonly locations: readonly Location[];
  /** What the finding rests on, the weakest of its evidence; absent when it gave none. */
  readonly evidence?: IdentityEvidence;
}

export interface ContentHash {
  readonly algorithm: 'MD5' | 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';
  /** Lower-case hex. */
  readonly hex: string;
}

export interface Supplier {
  /** Name of the person or organisation. */
  readonly name: string;
  readonly email?: string;
  readonly url?: string;
}

/**
 * One installed package. Equal packages (same `type`, `namespace`, `name`, `version`, `qualifiers`) found at several places are merged by the
 * catalog's runner into one with several locations.
 */
export interface Package {
  readonly type: PackageType;
  /** purl namespace as the purl specification normalises it (`debian`, `@scope`, `github.com/spf13`); absent when the type has none. */
  readonly namespace?: string;
  readonly name: string;
  /** Absent when unknown: never a placeholder. For deb and apk as the database writes it, epoch and revision included. */
  readonly version?: string;
  /** purl qualifiers (`arch`, `distro`, `upstream`, `epoch`); empty values are left out. */
  readonly qualifiers?: Readonly<Record<string, string>>;
  /** false: name and version are known but no purl may be claimed (its parts are not known for certain). */
  readonly purlKnown?: boolean;
  /** Where it was found, at least one; sorted by path. The first is the primary evidence. */
  readonly locations: readonly Location[];
  /** Layer that brought it, when the record that tells of it was written again by a later one. */
  readonly introducedLayer?: number;
  /** Id of the cataloger that found it. */
  readonly foundBy: string;
  readonly evidence: readonly IdentityEvidence[];
  readonly licenses: readonly LicenseClaim[];
  readonly supplier?: Supplier;
  readonly author?: string;
  readonly description?: string;
  readonly homepage?: string;
  /** Version-control or download addresses. */
  readonly sourceUrl?: string;
  readonly downloadUrl?: string;
  /** CPE 2.3 names that are certain. */
  readonly cpes?: readonly string[];
  /** `optional`: on disk but for development only. `excluded`: in lower layers only, hidden from containers. */
  readonly scope?: 'required' | 'optional' | 'excluded';
  /** First-party: the working tree or the main module, not a published release. */
  readonly firstParty?: boolean;
  /** Paths (absolute) the package owns: files and links, sorted. Directories are left out. */
  readonly files?: readonly string[];
  /** Those of `files` that are configuration, which an administrator may change; sorted. */
  readonly configFiles?: readonly string[];
  /** Folders (absolute) whose whole content is the package's, but for what lies below a nearer folder of another package; sorted. */
  readonly directories?: readonly string[];
  /** By path (absolute), what the package's record says its files contain. Only when the context asks for `recordedFiles`. */
  readonly recordedFiles?: ReadonlyMap<string, RecordedFile>;
  /** Digests of the very file that is the package as it lies in the image (a jar); nothing else. */
  readonly hashes?: readonly ContentHash[];
  /** Digests of the archive it was distributed in (npm tarball, nupkg), which is not in the image. */
  readonly distributionHashes?: readonly ContentHash[];
  /** What kind of thing it is. Unless told: an application when `firstParty`, else a library. */
  readonly kind?: 'application' | 'library' | 'framework' | 'platform' | 'firmware';
  /** Other findings that describe the same software; set by the runner. */
  readonly alsoKnownAs?: readonly AlsoKnownAs[];
  /** Facts worth keeping that no field holds; keys are `<type>:<name>` (`deb:status`, `golang:h1`). */
  readonly properties?: Readonly<Record<string, string>>;
  /** Identity of this package inside its cataloger's result, for edges; unique there. */
  readonly id: string;
  /** Ids (same cataloger) of packages that this one needs, sorted, without itself. */
  readonly dependsOn: readonly string[];
  /** Id (same cataloger) of the package that this one lies inside: a shaded or nested jar, a vendored library. */
  readonly partOf?: string;
}
