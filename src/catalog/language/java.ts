import type { JavaArchive, JavaArchiveFacts, JavaPom } from '../../formats/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import type { CatalogNote, Diagnostic, Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { findJvmRoots, jvmRootOf } from '../binary/jvm-release.ts';
import { distinguishArchives } from './java-distinguish.ts';
import { javaEdges, type JavaNode } from './java-edges.ts';
import { explodedArchives } from './java-exploded.ts';
import { parseJavaFacts } from './java-facts.ts';
import { parseJavaFileName } from './java-file-name.ts';
import { archiveIdentity, ownRecord, recordIdentity, type JavaIdentity } from './java-identity.ts';
import { repositoryRecords, type RepositoryRecord } from './java-repository.ts';
import { archivePackage, shadedPackage, type JavaPlace } from './java-package.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

const PROBLEMS: Readonly<Record<string, string>> = {
  __proto__: null as never,
  'not-an-archive': 'is called like a Java archive but is none, or is damaged; what it holds is missing',
  'too-deep': 'lies in more than 16 archives; what it holds is missing',
  'too-large': 'is larger than any real one; what it holds is missing',
  'too-many': 'more archives or records lie in it than in any real one; the rest is missing',
  malformed: 'is damaged, or not what the archive around it says; what it holds is missing',
  encrypted: 'is encrypted; what it holds is missing',
  'unsupported-method': 'is compressed in a way that Java cannot read either; what it holds is missing',
  'fewer-entries': 'ends before the last of its entries',
  'too-many-entries': 'has more entries than any real one; the rest is missing',
  'overlapping-entries': 'entries lie in each other, as in a bomb; they are left out',
  'duplicate-names': 'a name stands twice; the last counts',
  'unsafe-names': 'entries with names that lead out of the archive, or with control characters, are left out',
};

/** Java archives: jar, war, ear and the like, and all archives and shaded libraries in them. */
export const javaCataloger: Cataloger = {
  id: 'java',
  title: 'Java archives',
  version: 5,
  specifications: [
    'https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html',
    'https://maven.apache.org/pom.html',
    'https://docs.osgi.org/specification/osgi.core/8.0.0/framework.module.html',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/maven-definition.md',
  ],
  statement: {
    packageTypes: ['maven'],
    reads: [
      '*.jar, *.war, *.ear, *.par, *.sar, *.nar, *.jpi, *.hpi, *.kar, *.far, *.lpkg, *.zap and archives in them, 16 deep',
      '*.zip, *.rar (but for src.zip), and archives without an extension, that hold a manifest, Maven records or Java archives',
      'META-INF/maven/*/*/pom.properties, META-INF/maven/*/*/pom.xml of unpacked archives',
      '*.pom beside an archive in a Maven repository or in the cache of Gradle',
    ],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [
    {
      id: 'java/archives',
      suffixes: ['.jar', '.war', '.ear', '.par', '.sar', '.nar', '.jpi', '.hpi', '.kar', '.far', '.lpkg', '.zap'],
      extract: { kind: 'java-archive' },
      maxBytes: 1024 * MiB,
    },
    {
      id: 'java/zips',
      suffixes: ['.zip', '.rar'],
      // sources of a JDK
      exceptSuffixes: ['src.zip'],
      extract: { kind: 'java-archive' },
      maxBytes: 256 * MiB,
    },
    // `ktlint` and the like: archives behind a script that starts them
    { id: 'java/unnamed', unnamedZips: true, extract: { kind: 'java-archive' }, maxBytes: 256 * MiB },
    {
      id: 'java/exploded',
      pathSuffixes: ['META-INF/maven/*/*/pom.properties', 'META-INF/maven/*/*/pom.xml'],
      maxBytes: 4 * MiB,
    },
    // of repositories: what an archive that says nothing of itself was published as
    { id: 'java/poms', suffixes: ['.pom'], maxBytes: MiB },
    // whose archives are the virtual machine itself
    { id: 'java/releases', names: ['release'], maxBytes: 64 * KiB },
  ],
  catalog,
};

/** A package with what its edges need. */
interface Found {
  readonly pkg: Package;
  readonly node: JavaNode;
}

interface Findings {
  readonly found: Found[];
  readonly diagnostics: Diagnostic[];
  readonly notes: CatalogNote[];
  /** Paths of archives of which something was left unread since those of the layer hold too much together. */
  readonly spent: Set<string>;
}

function catalog(context: CatalogContext): CatalogResult {
  const { view } = context;
  const findings: Findings = { found: [], diagnostics: [], notes: [], spent: new Set() };
  const jvmRoots = findJvmRoots(view.captured('java/releases'));
  const published = repositoryRecords(view);
  for (const file of ['java/archives', 'java/zips', 'java/unnamed'].flatMap((rule) => view.captured(rule))) {
    const path = `/${file.entry.path}`;
    const facts = parseJavaFacts(file.bytes);
    if (facts === undefined) {
      const message = 'the extracted facts are malformed';
      findings.diagnostics.push({ code: 'unreadable-archive', severity: 'warning', message, path, source: 'java' });
      continue;
    }
    reportProblems(facts, path, findings);
    const isJvm = jvmRootOf(jvmRoots, file.entry.path) !== undefined;
    addFile(file, { facts, isJvm, published: published.get(file.entry.id) }, findings);
  }
  reportSpent(findings);
  for (const { pkg, pom } of explodedArchives(view)) {
    findings.found.push({ pkg, node: nodeOf(pkg, pkg.directories?.[0] ?? '/', pom) });
  }
  const { edges, isComplete } = javaEdges(findings.found.map(({ node }) => node));
  if (!isComplete) {
    const message = 'archives state more dependencies than those of any real image; the rest is missing';
    findings.diagnostics.push({ code: 'too-many-dependencies', severity: 'warning', message, source: 'java' });
  }
  const packages = findings.found.map(({ pkg }) => ({ ...pkg, dependsOn: edges.get(pkg.id) ?? [] }));
  return { packages: distinguishArchives(packages), diagnostics: findings.diagnostics, notes: findings.notes };
}

function reportProblems(facts: JavaArchiveFacts, path: string, { diagnostics, notes, spent }: Findings): void {
  for (const { inside, code } of facts.problems) {
    if (code === 'empty') {
      notes.push(emptyNote(path, inside));
      continue;
    }
    if (code === 'spent') {
      spent.add(path);
      continue;
    }
    const what = PROBLEMS[code] ?? code;
    const message = inside === '' ? what : `${JSON.stringify(inside)}: ${what}`;
    const name = Object.hasOwn(PROBLEMS, code) ? `archive-${code}` : 'unreadable-archive';
    diagnostics.push({
      code: name.replace('archive-not-an-archive', 'not-an-archive'),
      severity: 'warning',
      message,
      path,
      source: 'java',
    });
  }
}

function reportSpent({ diagnostics, spent }: Findings): void {
  const [first] = spent;
  if (first === undefined) return;
  const others = spent.size === 1 ? '' : `, and ${spent.size - 1} more`;
  const message = `archives of its layer hold more together than any real ones, so something in it was not read${others}`;
  diagnostics.push({ code: 'archives-too-large', severity: 'warning', message, path: first, source: 'java' });
}

function addFile(
  file: CapturedFile,
  of: {
    readonly facts: JavaArchiveFacts;
    readonly isJvm: boolean;
    readonly published: RepositoryRecord | undefined;
  },
  findings: Findings,
): void {
  const { entry } = file;
  const path = `/${entry.path}`;
  const folder = path.slice(0, Math.max(1, path.lastIndexOf('/')));
  const { archives } = of.facts;
  const parents = new Set(archives.map(({ parent }) => parent));
  // ids of those that became packages: what lies in another one is part of the nearest
  const ids: (string | undefined)[] = [];
  for (const [index, archive] of archives.entries()) {
    const partOf = archive.parent < 0 ? undefined : ids[archive.parent];
    const place: JavaPlace = { path, layer: entry.layer, inside: archive.inside, partOf };
    ids.push(partOf);
    // fragments that New Relic weaves into others, and the virtual machine's own classes, are no packages
    if (isFragment(archive) || (of.isJvm && isPlatform(archive))) continue;
    const published = archive.inside === '' ? of.published : undefined;
    const id = addArchive(archive, { place, folder, holdsArchives: parents.has(index), published }, findings);
    ids[index] = id ?? partOf;
  }
}

function addArchive(
  archive: JavaArchive,
  of: {
    readonly place: JavaPlace;
    readonly folder: string;
    readonly holdsArchives: boolean;
    readonly published: RepositoryRecord | undefined;
  },
  findings: Findings,
): string | undefined {
  const { place } = of;
  const { found, diagnostics, notes } = findings;
  const file = parseJavaFileName(archive.inside === '' ? place.path : archive.inside);
  const records = archive.coordinates.flatMap((record) => recordIdentity(record) ?? []);
  const own = ownRecord(archive, file, records) ?? of.published;
  const identity = archiveIdentity(archive, file, own);
  const container = place.partOf ?? of.folder;
  let id = place.partOf;
  if (identity === undefined) {
    const message = `${JSON.stringify(archive.inside)}: a name that no archive can have; the package is missing`;
    diagnostics.push({ code: 'invalid-name', severity: 'warning', message, path: place.path, source: 'java' });
  } else {
    const isSingleOwner = records.every((record) => record === own);
    const otherFiles = of.published?.poms ?? [];
    const facts = { identity, file, isSingleOwner, holdsArchives: of.holdsArchives, otherFiles };
    const pkg = archivePackage(archive, place, facts);
    found.push({ pkg, node: nodeOf(pkg, container, own?.record.pom) });
    if (identity.groupId === undefined) notes.push(unknownNote(archive, place, identity));
    id = pkg.id;
  }
  for (const shaded of records) {
    if (shaded === own) continue;
    const pkg = shadedPackage(shaded, { ...place, partOf: id });
    found.push({ pkg, node: nodeOf(pkg, id ?? of.folder, shaded.record.pom) });
  }
  return id;
}

function nodeOf(pkg: Package, container: string, pom: JavaPom | undefined): JavaNode {
  const coordinates = pkg.namespace === undefined ? undefined : `${pkg.namespace}:${pkg.name}`;
  return { id: pkg.id, coordinates, container, pom };
}

/** The class library of a JDK or JRE (`rt.jar`, `jrt-fs.jar`): the machine's own record describes it. */
function isPlatform({ manifest, coordinates }: JavaArchive): boolean {
  return (
    coordinates.length === 0 &&
    (manifest?.['implementation-title'] === 'Java Runtime Environment' ||
      manifest?.['specification-title'] === 'Java Platform API Specification')
  );
}

function isFragment({ manifest, coordinates }: JavaArchive): boolean {
  return coordinates.length === 0 && manifest?.['weave-classes'] !== undefined;
}

/** Nothing is hidden in no bytes: a scan that met them is as certain as any. */
function emptyNote(path: string, inside: string): CatalogNote {
  const where = inside === '' ? '' : `${JSON.stringify(inside)}: `;
  return {
    kind: 'known-unknown',
    code: 'empty-archive',
    message: `${where}is called like a Java archive but has no bytes: what should be there is not known`,
    path,
    source: 'java',
    ...(inside === '' ? {} : { facts: { inside } }),
  };
}

function unknownNote(archive: JavaArchive, place: JavaPlace, identity: JavaIdentity): CatalogNote {
  const where = archive.inside === '' ? '' : ` (${archive.inside})`;
  return {
    kind: 'known-unknown',
    code: 'archive-without-coordinates',
    message: `a Java archive${where} that does not say which published one it is; no group is claimed, its digest can be looked up`,
    path: place.path,
    source: 'java',
    facts: {
      name: identity.artifactId,
      ...(identity.version === undefined ? {} : { version: identity.version }),
      ...(archive.sha1 === undefined ? {} : { sha1: archive.sha1 }),
      sha256: archive.sha256,
      ...(archive.inside === '' ? {} : { inside: archive.inside }),
    },
  };
}
