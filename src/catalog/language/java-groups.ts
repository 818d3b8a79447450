import KNOWN from './java-groups.json' with { type: 'json' };

/** Archives that are published without Maven's records, and the group they are published under. */
interface KnownGroup {
  readonly group: string;
  /** A folder that holds classes in each of them: a name alone proves nothing. */
  readonly folder: string;
  readonly artifacts?: readonly string[];
  /** Starts of artefact names. */
  readonly prefixes?: readonly string[];
  /** Major versions published under this group: from this one, and below that one. */
  readonly from?: number;
  readonly below?: number;
  /** Versions published under this group, when others use the name too. */
  readonly versions?: readonly string[];
  /** The artefact's name, when the file is called otherwise (Tomcat's own distribution). */
  readonly as?: string;
  /** Implementation-Title that goes with it. */
  readonly title?: string;
}

/** Published coordinates but for the version. */
export interface KnownArchive {
  readonly groupId: string;
  readonly artifactId: string;
}

const BY_ARTIFACT = new Map<string, KnownGroup[]>();
const BY_PREFIX: (readonly [string, KnownGroup])[] = [];
for (const known of KNOWN as readonly KnownGroup[]) {
  for (const artifact of known.artifacts ?? []) {
    BY_ARTIFACT.set(artifact, [...(BY_ARTIFACT.get(artifact) ?? []), known]);
  }
  for (const prefix of known.prefixes ?? []) BY_PREFIX.push([prefix, known]);
}

/**
 * What an archive is published as, if its name, its classes and its version agree with the list of well-known archives.
 * @param archive.classFolders as in the facts of the archive
 */
export function knownArchive(archive: {
  readonly name: string;
  readonly version: string | undefined;
  readonly classFolders: readonly string[];
  readonly manifest: Readonly<Record<string, string>>;
}): KnownArchive | undefined {
  const { name, version = '', classFolders, manifest } = archive;
  const candidates = [
    ...(BY_ARTIFACT.get(name) ?? []),
    ...BY_PREFIX.filter(([prefix]) => name.startsWith(prefix)).map(([, known]) => known),
  ];
  const major = Number.parseInt(version, 10);
  const found = candidates.find(({ folder, from, below, versions, title }) => {
    if ((from !== undefined && !(major >= from)) || (below !== undefined && !(major < below))) return false;
    if (versions?.includes(version) === false) return false;
    if (title !== undefined && manifest['implementation-title'] !== title) return false;
    // of archives without classes the module's name must be the artefact's with dots
    if (classFolders.length === 0) return manifest['automatic-module-name'] === name.replaceAll('-', '.');
    return classFolders.some((path) => path === folder || path.startsWith(`${folder}/`));
  });
  return found === undefined ? undefined : { groupId: found.group, artifactId: found.as ?? name };
}
