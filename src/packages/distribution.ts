/** The operating system, from os-release and its fallbacks. @see https://www.freedesktop.org/software/systemd/man/os-release.html */
export interface Distribution {
  /** os-release ID in lower case: `debian`, `alpine`. */
  readonly id: string;
  /** VERSION_ID; absent for rolling releases. */
  readonly versionId?: string;
  /** A more exact release than `versionId`, where another file names one: Debian's `12.11`. */
  readonly pointRelease?: string;
  readonly buildId?: string;
  readonly idLike: readonly string[];
  /** NAME or the id. */
  readonly name: string;
  readonly prettyName?: string;
  readonly variantId?: string;
  readonly codename?: string;
  readonly homepage?: string;
  readonly cpe?: string;
  /** Path it was read from. */
  readonly path: string;
}

/** The value of the purl qualifier `distro`: `debian-12`, or only the ID when neither version nor build is known. */
export function distroQualifier(distribution: Distribution): string {
  const version = distribution.versionId ?? distribution.buildId;
  return version === undefined ? distribution.id : `${distribution.id}-${version}`;
}
