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
 * The group an archive is published under, if its name, its classes and its version agree with the list of well-known archives.
 * @param archive.classFolders as in the facts of the archive
 * @param archive.moduleName the manifest's Automatic-Module-Name: of archives without classes it must be the name with dots
 */
export function knownGroup(archive: {
  readonly name: string;
  readonly version: string | undefined;
  readonly classFolders: readonly string[];
  readonly moduleName: string | undefined;
}): string | undefined {
  const { name, version, classFolders, moduleName } = archive;
  const candidates = [
    ...(BY_ARTIFACT.get(name) ?? []),
    ...BY_PREFIX.filter(([prefix]) => name.startsWith(prefix)).map(([, known]) => known),
  ];
  const major = Number.parseInt(version ?? '', 10);
  return candidates.find(({ folder, from, below }) => {
    if ((from !== undefined && !(major >= from)) || (below !== undefined && !(major < below))) return false;
    if (classFolders.length === 0) return moduleName === name.replaceAll('-', '.');
    return classFolders.some((path) => path === folder || path.startsWith(`${folder}/`));
  })?.group;
}
