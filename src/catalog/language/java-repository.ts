import { compareCodeUnits } from '../../core/index.ts';
import type { FileEntry, FileId, FileView } from '../../filesystem/index.ts';
import { isJavaArchiveName, readMavenRecord } from '../../formats/index.ts';
import { classifierOf, fitOfName, parseJavaFileName } from './java-file-name.ts';
import { recordIdentity, type RecordIdentity } from './java-identity.ts';

/** What a Maven repository's POM says of an archive that lies, or is linked, beside it. */
export interface RepositoryRecord extends RecordIdentity {
  /** As the name beside the POM has it. */
  readonly classifier?: string;
  /** The POMs that say so, absolute. Sorted. */
  readonly poms: readonly string[];
}

/** `<artifact>/<version>/<artifact>-<version>.pom`; Gradle's cache has a folder named by SHA-1 in between, one for each file. */
const POM = /^(?:(.*)\/)?([^/]{1,200})\/([^/]{1,200})(\/[0-9a-f]{30,40})?\/\2-\3\.pom$/;
/** Of the folders for one version in Gradle's cache: a POM, a jar, its sources. */
const MAX_FOLDERS = 64;

/**
 * Archives of Maven repositories (`.m2/repository`, Debian's `maven-repo`, Gradle's cache) by what the POM beside them says. A POM counts only where the
 * folders around it are its own coordinates. Of several for one archive (Debian links one jar under several names) the one that fits the file's name
 * best counts. Hostile POMs: those that cannot be read say nothing.
 * @see https://maven.apache.org/repository/layout.html
 * @see https://wiki.debian.org/Java/MavenRepoSpec
 */
export function repositoryRecords(view: FileView): ReadonlyMap<FileId, RepositoryRecord> {
  const found = new Map<FileId, { readonly entry: FileEntry; readonly records: RepositoryRecord[] }>();
  const searched = new Set<string>();
  for (const { entry, bytes } of view.captured('java/poms')) {
    const [, around = '', artifact = '', version = '', hashed] = POM.exec(entry.path) ?? [];
    if (artifact === '') continue;
    // a version that Gradle keeps has one POM: folders full of others cost nothing
    const folder = `${around}/${artifact}/${version}`;
    if (searched.has(folder)) continue;
    searched.add(folder);
    const archives = archivesBeside(view, folder, { stem: `${artifact}-${version}`, isHashed: hashed !== undefined });
    if (archives.length === 0) continue;
    const record = recordIdentity(readMavenRecord('', { pom: bytes }));
    if (record?.record.pom?.version !== version || record.artifactId !== artifact) continue;
    const group = hashed === undefined ? record.groupId.replaceAll('.', '/') : record.groupId;
    if (around !== group && !around.endsWith(`/${group}`)) continue;
    const source = `/${entry.path}`;
    const published = { ...record, source, version: record.record.pom.originalVersion ?? version };
    for (const { name, archive } of archives) {
      const classifier = classifierOf(parseJavaFileName(name), artifact, version);
      const records = found.get(archive.id)?.records ?? [];
      records.push({ ...published, ...(classifier === undefined ? {} : { classifier }), poms: [source] });
      found.set(archive.id, { entry: archive, records });
    }
  }
  return new Map([...found].map(([id, { entry, records }]) => [id, bestOf(entry.path, records)]));
}

interface Neighbour {
  /** Beside the POM. */
  readonly name: string;
  /** What it is, or links to. */
  readonly archive: FileEntry;
}

function archivesBeside(
  view: FileView,
  folder: string,
  of: { readonly stem: string; readonly isHashed: boolean },
): readonly Neighbour[] {
  const entries = of.isHashed
    ? view
        .list(folder)
        .slice(0, MAX_FOLDERS)
        .flatMap(({ type, path }) => (type === 'directory' ? view.list(path) : []))
    : view.list(folder);
  return entries.flatMap(({ path }) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const isOfPom = name.startsWith(`${of.stem}.`) || name.startsWith(`${of.stem}-`);
    const archive = isOfPom && isJavaArchiveName(name) ? view.resolve(path) : undefined;
    return archive?.type === 'file' ? { name, archive } : [];
  });
}

function bestOf(path: string, records: readonly RepositoryRecord[]): RepositoryRecord {
  const file = parseJavaFileName(path);
  const [best] = records.toSorted(
    (a, b) => fitOfName(file, b) - fitOfName(file, a) || compareCodeUnits(keyOf(a), keyOf(b)),
  );
  const poms = records.filter((record) => keyOf(record) === keyOf(best!)).flatMap((record) => record.poms);
  return { ...best!, poms: poms.toSorted(compareCodeUnits) };
}

function keyOf({ groupId, artifactId, version, classifier }: RepositoryRecord): string {
  return [groupId, artifactId, version, classifier].join(':');
}
