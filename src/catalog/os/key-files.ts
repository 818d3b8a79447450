import type { FileView } from '../../filesystem/index.ts';
import type { CatalogNote } from '../../packages/index.ts';

/** Which files a package manager takes for keys that it trusts. */
export interface KeyPlaces {
  /** Folders without slashes at either end; only what lies directly in them counts. */
  readonly folders: readonly string[];
  readonly name: RegExp;
  readonly code: string;
  /** `apk`, for people. */
  readonly manager: string;
  /** Id of the cataloger. */
  readonly source: string;
}

/** Far more than any system trusts. */
const MAX_KEYS = 1000;

/**
 * Tells of files with keys that packages are trusted by: their names, and their SHA-256 where the view knows it. Links count by the file they lead to, which is
 * told once.
 */
export function keyFileNotes(view: FileView, places: KeyPlaces): readonly CatalogNote[] {
  const notes = new Map<string, CatalogNote>();
  for (const entry of places.folders.flatMap((folder) => view.list(folder))) {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
    const file = places.name.test(name) ? view.resolve(entry.path) : undefined;
    if (file?.type !== 'file' || file.sizeBytes === 0 || notes.size >= MAX_KEYS || notes.has(file.path)) continue;
    const sha256 = view.contentDigest(file.path, 'sha256');
    notes.set(file.path, {
      kind: 'trust',
      code: places.code,
      message: `${places.manager} trusts packages signed by the keys in ${name}, of every source or of those that name it`,
      path: `/${file.path}`,
      source: places.source,
      facts: { file: name, ...(sha256 === undefined ? {} : { sha256 }) },
    });
  }
  return [...notes.values()];
}
