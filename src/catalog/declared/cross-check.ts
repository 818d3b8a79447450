import { compareCodeUnits } from '../../core/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import { packagePurl, type CatalogNote, type Diagnostic, type Package } from '../../packages/index.ts';
import {
  parseDeclaredPurl,
  type DeclaredComponent,
  type DeclaredDocument,
  type DeclaredPurl,
} from './declared-document.ts';
import { isBitnamiDocument } from './declared.ts';
import { readDeclaredDocument } from './read-document.ts';

const SOURCE = 'declared';
/** Notes of one document and one code: more say nothing that the document itself does not. */
const MAX_NOTES = 20;
const MAX_DOCUMENTS = 5000;
/** Bytes of all documents: hard links share them but are parsed each. */
const MAX_TOTAL_BYTES = 256 * 1024 * 1024;
const MAX_VERSIONS_SHOWN = 5;

/** Types of packages that a scan finds by what installers record; others (`generic`, `github`, `oci`) are nothing to compare. */
const COMPARED: ReadonlySet<string> = new Set(
  `deb apk rpm alpm ebuild opkg nix bitnami npm pypi conda golang maven cargo gem composer nuget cran luarocks cpan opam otp hex`.split(
    ' ',
  ),
);
/** Whose namespace is the distribution, which documents name as they like. */
const OF_SYSTEM: ReadonlySet<string> = new Set(['deb', 'apk', 'rpm', 'alpm', 'opkg']);

export interface CrossCheck {
  readonly notes: readonly CatalogNote[];
  readonly diagnostics: readonly Diagnostic[];
}

interface FoundPackage {
  readonly key: string;
  readonly text: string;
  readonly path: string;
}

/** What was found, by type, namespace and name. */
interface FoundIndex {
  readonly versions: ReadonlyMap<string, ReadonlySet<string>>;
  /** Those that documents can be expected to list. */
  readonly packages: readonly FoundPackage[];
}

/**
 * Compares every document in the image that lists software (but Bitnami's, which become packages; those of Python packages too) with what all catalogers
 * found. Discrepancies: `declared-not-found`, `declared-other-version`, and, where the document claims to be complete, `found-not-declared`; of each at most 20 for
 * a document, then `more-discrepancies`. Qualifiers are not compared. Needs the bytes that the cataloger's rule `declared/documents` captured.
 */
export function crossCheckDeclared(view: FileView, packages: readonly Package[]): CrossCheck {
  const notes: CatalogNote[] = [];
  const diagnostics: Diagnostic[] = [];
  const report = (path: string, code: string, message: string): void => {
    diagnostics.push({ code, severity: 'warning', message, path: `/${path}`, source: SOURCE });
  };
  let index: FoundIndex | undefined;
  const files = documentsOf(view);
  let bytesLeft = MAX_TOTAL_BYTES;
  for (const [at, file] of files.entries()) {
    const { path } = file.entry;
    bytesLeft -= file.bytes.byteLength;
    if (at >= MAX_DOCUMENTS || bytesLeft < 0) {
      report(path, 'too-many-documents', `and ${files.length - at - 1} more documents are not compared`);
      break;
    }
    const document = readDeclaredDocument(file);
    // plain names are used for other things too
    if (document === 'other') continue;
    if ('unreadable' in document) {
      if (isCertain(path)) report(path, 'malformed-document', `cannot be read: ${document.unreadable}`);
      continue;
    }
    if (document.truncated) report(path, 'malformed-document', 'lists more components than are compared');
    index ??= indexFound(packages);
    notes.push(...crossCheck(document, `/${path}`, index));
  }
  return { notes, diagnostics };
}

/** Documents by their names, and what lies where wheels keep theirs; each once, by path. */
function documentsOf(view: FileView): readonly CapturedFile[] {
  const inWheels = view.captured('python/sboms').filter(({ entry }) => entry.path.includes('.dist-info/sboms/'));
  const named = view.captured('declared/documents').filter(({ entry }) => !isBitnamiDocument(entry.path));
  const all = new Map([...named, ...inWheels].map((file) => [file.entry.path, file]));
  return [...all.values()].toSorted((a, b) => compareCodeUnits(a.entry.path, b.entry.path));
}

/** Makes what was found comparable with many documents. */
function indexFound(packages: readonly Package[]): FoundIndex {
  const versions = new Map<string, Set<string>>();
  const listed: FoundPackage[] = [];
  const add = (purl: Pick<DeclaredPurl, 'type' | 'namespace' | 'name' | 'version'>): void => {
    const key = keyOf(purl);
    const known = versions.get(key) ?? new Set();
    versions.set(key, known.add(versionOf(purl)));
  };
  for (const pkg of packages) {
    // also those that claim no purl
    const own = { type: pkg.type, namespace: pkg.namespace ?? '', name: pkg.name, version: pkg.version };
    add(own);
    for (const known of pkg.alsoKnownAs ?? []) {
      const purl = parseDeclaredPurl(known.purl);
      if (purl !== undefined) add(purl);
    }
    const text = packagePurl(pkg);
    if (text !== undefined && COMPARED.has(pkg.type)) {
      listed.push({ key: keyOf(own), text, path: pkg.locations[0]?.path ?? '/' });
    }
  }
  return { versions, packages: listed };
}

/** Discrepancies of one document. Pure. @param path of the document, absolute */
function crossCheck(document: DeclaredDocument, path: string, found: FoundIndex): readonly CatalogNote[] {
  const missing = new Map<string, CatalogNote>();
  const other = new Map<string, CatalogNote>();
  const note = (code: string, message: string, facts: Readonly<Record<string, string>>): CatalogNote => ({
    kind: 'discrepancy',
    code,
    message,
    path,
    source: SOURCE,
    facts,
  });
  for (const { purl } of document.components.filter(isComparable)) {
    const versions = found.versions.get(keyOf(purl));
    if (versions === undefined) {
      missing.set(
        purl.text,
        note('declared-not-found', `declares ${purl.text}, which was not found`, { purl: purl.text }),
      );
    } else if (purl.version !== undefined && !versions.has(versionOf(purl))) {
      const known = [...versions].filter((version) => version !== '').toSorted(compareCodeUnits);
      const shown = known.slice(0, MAX_VERSIONS_SHOWN).join(', ');
      const message = `declares ${purl.text}, but ${shown === '' ? 'no version' : shown} was found`;
      other.set(purl.text, note('declared-other-version', message, { purl: purl.text, found: shown }));
    }
  }
  const undeclared = undeclaredPackages(document, path, found).map((purl) =>
    note('found-not-declared', `claims to be complete but does not declare ${purl}`, { purl }),
  );
  return [[...missing.values()], [...other.values()], undeclared].flatMap((notes) => {
    const [first] = notes;
    if (first === undefined || notes.length <= MAX_NOTES) return notes;
    const rest = notes.length - MAX_NOTES;
    const facts = { code: first.code, count: String(rest) };
    return [...notes.slice(0, MAX_NOTES), note('more-discrepancies', `${rest} more of ${first.code}`, facts)];
  });
}

/** What a document is about need not be a package in the image, unless it is one of the system's. */
function isComparable({ purl, isSubject }: DeclaredComponent): boolean {
  return COMPARED.has(purl.type) && (!isSubject || OF_SYSTEM.has(purl.type));
}

function undeclaredPackages(document: DeclaredDocument, path: string, found: FoundIndex): readonly string[] {
  if (document.covers === 'nothing' || document.truncated) return [];
  const folder = document.covers === 'image' ? '/' : path.slice(0, path.lastIndexOf('/') + 1);
  const declared = new Set(document.components.map(({ purl }) => keyOf(purl)));
  const undeclared = found.packages.filter(({ key, path: at }) => at.startsWith(folder) && !declared.has(key));
  return [...new Set(undeclared.map(({ text }) => text))].toSorted(compareCodeUnits);
}

/** Type, namespace and name without what documents spell differently: case, the system's namespace, Python's separators. */
function keyOf({ type, namespace, name }: Pick<DeclaredPurl, 'type' | 'namespace' | 'name'>): string {
  const plain = type === 'pypi' ? name.replaceAll(/[-_.]+/g, '-') : name;
  return `${type}/${OF_SYSTEM.has(type) ? '' : namespace}/${plain}`.toLowerCase();
}

/** Without the epoch, which some write as a qualifier, and without Go's `v`. Empty when unknown. */
function versionOf({ type, version = '' }: Pick<DeclaredPurl, 'type' | 'version'>): string {
  if (type === 'golang') return version.replace(/^v(?=\d)/, '');
  return OF_SYSTEM.has(type) ? version.replace(/^\d+:/, '') : version;
}

/** By its name a file cannot be anything else. */
function isCertain(path: string): boolean {
  return /\.(?:cdx\.(?:json|xml)|spdx(?:\.json)?)$/.test(path);
}
