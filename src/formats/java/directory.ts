import type { ZipEntry } from '../zip/zip.ts';

const ARCHIVE = /\.(?:jar|war|ear|par|sar|nar|jpi|hpi|kar|far|lpkg|rar|zap)$/i;
/** Agents and plug-ins keep what they hide from the application's classes in a folder, Maven's records included. */
const COORDINATES = /^(?:[^/]+\/){0,4}META-INF\/maven\/[^/]+\/[^/]+\/pom\.(?:properties|xml)$/;
const MANIFEST = /^META-INF\/MANIFEST\.MF$/i;
const LICENSE = /^(?:META-INF\/)?(?:LICEN[CS]E|COPYING)(?:[._-][A-Za-z0-9._-]{0,32})?$/i;
/** Large libraries have dozens, and one that tells what they are may come late. */
const MAX_FOLDERS = 64;
const MAX_LICENSE_FILES = 16;
/** Folders in which an application keeps its own classes. */
const CLASS_ROOTS = /^(?:BOOT-INF\/classes|WEB-INF\/classes|META-INF\/versions\/\d+)\//;

/** Whether a name is one of a Java archive: whatever may lie in another. */
export function isArchiveName(name: string): boolean {
  return ARCHIVE.test(name);
}

/** Whether an archive's reader looks into the entry of this name. */
export function mattersInJavaArchive(name: string): boolean {
  if (name.endsWith('.class')) return false;
  if (isArchiveName(name)) return true;
  if (name.endsWith('/pom.properties') || name.endsWith('/pom.xml')) return COORDINATES.test(name);
  return name.length < 64 && (MANIFEST.test(name) || LICENSE.test(name));
}

/** Maven's records in one archive. */
export interface CoordinateEntries {
  readonly folder: string;
  readonly properties?: ZipEntry;
  readonly pom?: ZipEntry;
}

/** Gathers, name by name, what an archive's directory tells. Most names are classes: they are only counted. */
export class DirectoryFacts {
  entryCount = 0;
  classCount = 0;
  layout: 'spring-boot' | 'war' | 'ear' | undefined;
  readonly #folders = new Set<string>();
  #lastFolder = '';

  /** @returns whether the entry is one whose content matters */
  add(name: string): boolean {
    this.entryCount += 1;
    if (name.startsWith('BOOT-INF/')) this.layout = 'spring-boot';
    else if (name.startsWith('WEB-INF/')) this.layout ??= 'war';
    else if (name === 'META-INF/application.xml') this.layout ??= 'ear';
    if (name.endsWith('.class')) {
      this.#addClass(name);
      return false;
    }
    return mattersInJavaArchive(name);
  }

  classFolders(): readonly string[] {
    return [...this.#folders].toSorted();
  }

  /** The manifest; that with the usual name when others differ from it in case. */
  manifest(entries: readonly ZipEntry[]): ZipEntry | undefined {
    const found = entries.filter(({ name }) => MANIFEST.test(name));
    return found.find(({ name }) => name === 'META-INF/MANIFEST.MF') ?? found[0];
  }

  licenseFiles(entries: readonly ZipEntry[]): readonly ZipEntry[] {
    const found = entries.filter(({ name }) => LICENSE.test(name));
    return found.toSorted((a, b) => (a.name < b.name ? -1 : 1)).slice(0, MAX_LICENSE_FILES);
  }

  coordinates(entries: readonly ZipEntry[]): readonly CoordinateEntries[] {
    const folders = new Map<string, CoordinateEntries>();
    for (const entry of entries) {
      if (!COORDINATES.test(entry.name)) continue;
      const slash = entry.name.lastIndexOf('/');
      const folder = entry.name.slice(0, slash);
      const kind = entry.name.endsWith('.xml') ? 'pom' : 'properties';
      folders.set(folder, { folder, ...folders.get(folder), [kind]: entry });
    }
    return [...folders.values()].toSorted((a, b) => (a.folder < b.folder ? -1 : 1));
  }

  #addClass(name: string): void {
    this.classCount += 1;
    const slash = name.lastIndexOf('/');
    // classes of one folder follow each other
    if (slash === this.#lastFolder.length && name.startsWith(this.#lastFolder)) return;
    this.#lastFolder = slash === -1 ? '' : name.slice(0, slash);
    if (this.#folders.size >= MAX_FOLDERS || slash === -1) return;
    const path = `${this.#lastFolder}/`.replace(CLASS_ROOTS, '');
    const folder = path
      .split('/', 3)
      .filter((segment) => segment !== '')
      .join('/');
    if (folder !== '' && folder !== 'META-INF') this.#folders.add(folder);
  }
}
