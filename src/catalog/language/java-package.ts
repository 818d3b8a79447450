import type { JavaArchive, JavaPom } from '../../formats/index.ts';
import type { Location, Package } from '../../packages/index.ts';
import { asText, publicUrl } from './json-fields.ts';
import { javaLicenses, pomLicenses } from './java-licenses.ts';
import type { JavaFileName } from './java-file-name.ts';
import { recordEvidence, type JavaIdentity, type RecordIdentity } from './java-identity.ts';

/** Where an archive lies. */
export interface JavaPlace {
  /** The file, absolute. */
  readonly path: string;
  readonly layer: number;
  /** '' for the file itself. */
  readonly inside: string;
  /** Id of the package it lies in. */
  readonly partOf: string | undefined;
}

/** Kinds of archives that are deployed as a whole. */
const DEPLOYED: ReadonlySet<string> = new Set(['war', 'ear', 'par', 'kar']);

/** The package that an archive as a whole is. */
export function archivePackage(
  archive: JavaArchive,
  place: JavaPlace,
  of: {
    readonly identity: JavaIdentity;
    readonly file: JavaFileName;
    /** Whether no other package's records lie in it. */
    readonly isSingleOwner: boolean;
    readonly holdsArchives: boolean;
    /** What belongs to it beside the file it is, absolute. */
    readonly otherFiles?: readonly string[];
  },
): Package {
  const { identity } = of;
  const { manifest = {} } = archive;
  const { groupId, artifactId, version } = identity;
  const pom = identity.record?.pom;
  const isApplication =
    archive.layout === 'spring-boot' ||
    DEPLOYED.has(of.file.extension) ||
    (of.holdsArchives && manifest['main-class'] !== undefined);
  const supplier = pom?.organization ?? manifest['bundle-vendor'] ?? manifest['implementation-vendor'];
  const homepage = publicUrl(pom?.url ?? manifest['bundle-docurl'] ?? manifest['implementation-url']);
  const properties = propertiesOf(archive, identity);
  return {
    type: 'maven',
    ...(groupId === undefined ? { purlKnown: false } : { namespace: groupId }),
    name: artifactId,
    ...(version === undefined ? {} : { version }),
    locations: [locationOf(place, '')],
    foundBy: 'java',
    evidence: identity.evidence,
    licenses: javaLicenses(archive, pom, of.isSingleOwner),
    ...(asText(supplier) === undefined ? {} : { supplier: { name: asText(supplier)! } }),
    ...description(pom?.description ?? manifest['bundle-description']),
    ...(homepage === undefined ? {} : { homepage }),
    ...sourceUrl(pom),
    ...(isApplication ? { kind: 'application' as const } : {}),
    ...(version?.endsWith('-SNAPSHOT') === true ? { firstParty: true } : {}),
    ...(archive.inside === '' ? { files: [place.path, ...(of.otherFiles ?? [])] } : {}),
    hashes: [
      ...(archive.sha1 === undefined || groupId !== undefined
        ? []
        : [{ algorithm: 'SHA-1' as const, hex: archive.sha1 }]),
      { algorithm: 'SHA-256', hex: archive.sha256 },
    ],
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    id: `${place.path}:${archive.inside}`,
    dependsOn: [],
    ...(place.partOf === undefined ? {} : { partOf: place.partOf }),
  };
}

/** The package that another one of Maven's records in an archive speaks of: its classes were packed into that archive. */
export function shadedPackage(shaded: RecordIdentity, place: JavaPlace): Package {
  const { groupId, artifactId, version, record } = shaded;
  const { pom } = record;
  const homepage = publicUrl(pom?.url);
  return {
    type: 'maven',
    namespace: groupId,
    name: artifactId,
    ...(version === undefined ? {} : { version }),
    locations: [locationOf(place, shaded.source)],
    foundBy: 'java',
    evidence: [recordEvidence(shaded)],
    licenses: pomLicenses(pom),
    ...(asText(pom?.organization) === undefined ? {} : { supplier: { name: asText(pom?.organization)! } }),
    ...description(pom?.description),
    ...(homepage === undefined ? {} : { homepage }),
    ...sourceUrl(pom),
    ...(version?.endsWith('-SNAPSHOT') === true ? { firstParty: true } : {}),
    id: `${place.path}:${place.inside}:${record.folder}`,
    dependsOn: [],
    ...(place.partOf === undefined ? {} : { partOf: place.partOf }),
  };
}

function locationOf({ path, layer, inside }: JavaPlace, record: string): Location {
  const whole = [inside, record].filter((part) => part !== '').join(':');
  return { path, ...(whole === '' ? {} : { inside: whole }), layer };
}

function description(text: string | undefined): Pick<Package, 'description'> {
  const line = asText(text)?.replaceAll(/\s+/g, ' ').slice(0, 1024);
  return line === undefined ? {} : { description: line };
}

/** `scm:git:https://…` and plain addresses. */
function sourceUrl(pom: JavaPom | undefined): Pick<Package, 'sourceUrl'> {
  const url = publicUrl(pom?.sourceUrl?.replace(/^scm:[a-z]{2,8}:/, ''));
  return url === undefined ? {} : { sourceUrl: url };
}

function propertiesOf(archive: JavaArchive, identity: JavaIdentity): Readonly<Record<string, string>> {
  const { manifest = {} } = archive;
  const facts: [string, string | undefined][] = [
    ['maven:classifier', identity.classifier],
    ['java:bundleSymbolicName', manifest['bundle-symbolicname']],
    ['java:automaticModuleName', manifest['automatic-module-name']],
    ['java:mainClass', manifest['start-class'] ?? manifest['main-class']],
    ['java:springBootVersion', manifest['spring-boot-version']],
  ];
  return Object.fromEntries(facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
