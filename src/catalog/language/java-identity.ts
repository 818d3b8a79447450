import type { JavaArchive, JavaCoordinates } from '../../formats/index.ts';
import type { IdentityEvidence } from '../../packages/index.ts';
import { classifierOf, fitOfName, type JavaFileName } from './java-file-name.ts';
import { knownArchive } from './java-groups.ts';

/** What an archive or a part of it is called. */
export interface JavaIdentity {
  /** Absent when it is not known for certain. */
  readonly groupId?: string;
  readonly artifactId: string;
  readonly version?: string;
  readonly classifier?: string;
  /** Maven's record it was read from. */
  readonly record?: JavaCoordinates;
  readonly evidence: readonly IdentityEvidence[];
}

/** Coordinates of one of Maven's records. */
export interface RecordIdentity {
  readonly groupId: string;
  readonly artifactId: string;
  readonly version: string | undefined;
  readonly record: JavaCoordinates;
  /** Where the record lies: in the archive, or in the image with `/` in front. */
  readonly source: string;
  /** When the record's place tells it. */
  readonly classifier?: string;
}

const ID = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,255}$/;
/** Starts of group names that many projects share. */
const SHARED_ROOTS: ReadonlySet<string> = new Set([
  'org.apache',
  'org.eclipse',
  'com.google',
  'com.github',
  'io.github',
]);
/** What a file may be called and shown as. */
const FILE_NAME = /^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u;
const VERSION = /^[A-Za-z0-9_][!-~]{0,254}$/;

/**
 * What one of Maven's records says: `pom.properties`, what it leaves out from `pom.xml`, then from the names of its folders.
 * @returns undefined when group or artefact are missing or no such names
 */
export function recordIdentity(record: JavaCoordinates): RecordIdentity | undefined {
  const { properties, pom } = record;
  const [folderGroup, folderArtifact] = record.folder.split('/').slice(-2);
  const groupId = [properties?.groupId, pom?.groupId, folderGroup].find(isId);
  const artifactId = [properties?.artifactId, pom?.artifactId, folderArtifact].find(isId);
  const version = [properties?.version, pom?.version].find(isVersion);
  if (groupId === undefined || artifactId === undefined) return undefined;
  const source = `${record.folder}/pom.${properties === undefined ? 'xml' : 'properties'}`;
  return { groupId, artifactId, version, record, source };
}

/**
 * Which of an archive's Maven records is its own: that which fits the file's name best. A single one with another name is the archive's own when the
 * manifest or the layout say so, or when all classes are of its group.
 */
export function ownRecord(
  archive: JavaArchive,
  file: JavaFileName,
  records: readonly RecordIdentity[],
): RecordIdentity | undefined {
  // what lies in a folder of its own is something else that was put in
  const outermost = records.filter(({ source }) => source.startsWith('META-INF/'));
  let best: { readonly record: RecordIdentity; readonly rank: number } | undefined;
  for (const record of outermost) {
    const fit = fitOfName(file, record);
    const sameVersion = record.version !== undefined && record.version === file.version;
    // the longest of equally good names: `app-core-1.0` is not `app` with a classifier
    const rank = fit * 10_000 + (sameVersion ? 5000 : 0) + record.artifactId.length;
    if (fit > 0 && rank > (best?.rank ?? 0)) best = { record, rank };
  }
  const [single] = outermost;
  if (best !== undefined || single === undefined || outermost.length > 1) return best?.record;
  return isSpokenOf(archive, single) ? single : undefined;
}

function isSpokenOf(archive: JavaArchive, { groupId, artifactId }: RecordIdentity): boolean {
  const manifest = archive.manifest ?? {};
  if (archive.layout !== undefined) return true;
  if (
    manifest['implementation-title'] === artifactId ||
    manifest['bundle-symbolicname'] === `${groupId}.${artifactId}`
  ) {
    return true;
  }
  const segments = groupId.split('.');
  const start = segments.slice(0, SHARED_ROOTS.has(segments.slice(0, 2).join('.')) ? 3 : 2).join('/');
  return (
    archive.classFolders.length > 0 &&
    archive.classFolders.every((folder) => folder === start || folder.startsWith(`${start}/`))
  );
}

/** Identity of an archive as a whole. Never invents a group: without Maven's record, a telling manifest or a well-known name there is none. */
export function archiveIdentity(
  archive: JavaArchive,
  file: JavaFileName,
  own: RecordIdentity | undefined,
): JavaIdentity | undefined {
  if (own !== undefined) {
    const version = buildVersion(file, own) ?? own.version ?? versionOf(archive, file)?.value;
    const classifier = own.classifier ?? classifierOf(file, own.artifactId, version);
    return {
      groupId: own.groupId,
      artifactId: own.artifactId,
      ...(version === undefined ? {} : { version }),
      ...(classifier === undefined ? {} : { classifier }),
      record: own.record,
      evidence: [recordEvidence(own)],
    };
  }
  const told = pluginIdentity(archive) ?? unrecordedIdentity(archive, file);
  return (told.groupId === undefined ? FILE_NAME : ID).test(told.artifactId) ? told : undefined;
}

/** Published for several versions of Java at once, with the one it is for in the file's name only: `12.6.1.jre11` of version `12.6.1`. */
function buildVersion(file: JavaFileName, { artifactId, version }: RecordIdentity): string | undefined {
  const isBuild =
    version !== undefined && file.name === artifactId && file.version?.startsWith(`${version}.jre`) === true;
  return isBuild && /^\d{1,2}$/.test(file.version.slice(version.length + '.jre'.length)) ? file.version : undefined;
}

/** Evidence for what was read from one of Maven's records. */
export function recordEvidence({ source }: RecordIdentity): IdentityEvidence {
  return { field: 'purl', technique: 'manifest-analysis', confidence: 1, value: source };
}

/** Jenkins' build writes a plugin's coordinates into the manifest. */
function pluginIdentity({ manifest = {} }: JavaArchive): JavaIdentity | undefined {
  const [groupId, artifactId] = [manifest['group-id'], manifest['short-name']];
  const version = cleanVersion(manifest['plugin-version']);
  if (version === undefined || !isId(groupId) || !isId(artifactId)) return undefined;
  const value = 'manifest: Group-Id, Short-Name, Plugin-Version';
  return {
    groupId,
    artifactId,
    version,
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 0.95, value }],
  };
}

function unrecordedIdentity(archive: JavaArchive, file: JavaFileName): JavaIdentity {
  const version = versionOf(archive, file);
  const named = { artifactId: file.name, ...(version === undefined ? {} : { version: version.value }) };
  const { manifest = {}, classFolders } = archive;
  const known = knownArchive({ name: file.name, version: version?.value, classFolders, manifest });
  if (known !== undefined) {
    const value = 'well-known name with the classes that belong to it';
    return { ...named, ...known, evidence: [{ field: 'purl', technique: 'filename', confidence: 0.9, value }] };
  }
  const groupId = bundleGroup(manifest, file.name) ?? vendorGroup(manifest, file.name);
  if (groupId !== undefined) {
    const value = 'manifest: Bundle-SymbolicName';
    return { ...named, groupId, evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 0.9, value }] };
  }
  return {
    ...named,
    evidence: [
      { field: 'name', technique: 'filename', confidence: 0.5, value: file.stem },
      ...(version === undefined ? [] : [version.evidence]),
    ],
  };
}

/**
 * The group in a Bundle-SymbolicName that is `group.artifact`. A short artefact name may as well be the last part of a package's (`org.objectweb.asm`),
 * so that it takes a hyphen, which no package has, or a vendor's id that says the same.
 */
function bundleGroup(manifest: Readonly<Record<string, string>>, artifactId: string): string | undefined {
  const symbolic = symbolicName(manifest);
  if (!symbolic.endsWith(`.${artifactId}`)) return undefined;
  const group = symbolic.slice(0, -artifactId.length - 1);
  const isTold =
    artifactId.includes('-') || (manifest['implementation-vendor-id'] === group && !SHARED_ROOTS.has(group));
  return isTold && group.includes('.') && isId(group) ? group : undefined;
}

/**
 * The group in an Implementation-Vendor-Id, where Maven writes it, if the Bundle-SymbolicName goes on from there as the artefact's name ends: `org.acme.server`
 * and `org.acme.server.wire.codec` of `acme-wire-codec`. Ids of two parts are those of organisations (`org.apache`, `com.sun`), under which nobody publishes.
 */
function vendorGroup(manifest: Readonly<Record<string, string>>, artifactId: string): string | undefined {
  const group = manifest['implementation-vendor-id']?.trim() ?? '';
  const symbolic = symbolicName(manifest);
  if (!isId(group) || group.split('.').length < 3 || !symbolic.startsWith(`${group}.`)) return undefined;
  const end = symbolic.slice(group.length + 1).replaceAll('.', '-');
  return `-${artifactId}`.endsWith(`-${end}`) ? group : undefined;
}

function symbolicName(manifest: Readonly<Record<string, string>>): string {
  return manifest['bundle-symbolicname']?.split(';', 1)[0]?.trim() ?? '';
}

interface FoundVersion {
  readonly value: string;
  readonly evidence: IdentityEvidence;
}

function versionOf(archive: JavaArchive, file: JavaFileName): FoundVersion | undefined {
  const { manifest = {} } = archive;
  if (isVersion(file.version)) {
    return {
      value: file.version,
      evidence: { field: 'version', technique: 'filename', confidence: 0.7, value: file.stem },
    };
  }
  for (const name of ['implementation-version', 'specification-version', 'plugin-version', 'bundle-version']) {
    const value = cleanVersion(manifest[name]);
    if (value === undefined) continue;
    return {
      value,
      evidence: { field: 'version', technique: 'manifest-analysis', confidence: 0.6, value: `manifest: ${name}` },
    };
  }
  return undefined;
}

/** The first word, if it is a version: "10.16.1.1 - (1900890)". */
function cleanVersion(text: string | undefined): string | undefined {
  const word = text?.trim().split(/\s/, 1)[0];
  return isVersion(word) && /^v?\d/.test(word) ? word : undefined;
}

function isId(text: string | undefined): text is string {
  return text !== undefined && ID.test(text);
}

function isVersion(text: string | undefined): text is string {
  return text !== undefined && VERSION.test(text) && !text.includes('${');
}
