import type { DigestAlgorithm, DigestRule, FileEntry, FileView } from '../filesystem/index.ts';
import type { Package } from '../packages/index.ts';
import { isOsPackage } from './owners.ts';

/** What would have to be read once more to compare every recorded file. */
export interface UncheckedFiles {
  /** Layers that have their content; -1 for a source without layers. */
  readonly layers: ReadonlySet<number>;
  readonly rules: readonly DigestRule[];
}

/** Longer lists of paths are cut to folders: every file of a layer is held against each. */
const MAX_PREFIXES = 100;

/**
 * Files of the operating system's packages that have a record and no digest to compare: where a pass over the layers does not look for files of packages
 * (`/opt`), in a layer of another package manager, by way of a hard link, or in an algorithm that few packages use. Undefined when there are none, as in most images. Other packages lie anywhere:
 * looking twice for each of theirs would make reading twice the rule.
 */
export function uncheckedFiles(view: FileView, packages: readonly Package[]): UncheckedFiles | undefined {
  const layers = new Set<number>();
  const paths = new Map<DigestAlgorithm, Set<string>>();
  for (const pkg of packages) {
    if (!isOsPackage(pkg)) continue;
    for (const [path, { algorithm }] of pkg.recordedFiles ?? []) {
      if (algorithm === 'other') continue;
      if (view.contentDigest(path.slice(1), algorithm) !== undefined) continue;
      const entry = view.lookup(path.slice(1));
      if (entry?.type !== 'file' || entry.sizeBytes === 0) continue;
      const found = paths.get(algorithm) ?? new Set();
      paths.set(algorithm, found.add(path.slice(1)).add(entry.path));
      for (const { layer, path: content } of contentOf(view, entry)) {
        layers.add(layer);
        found.add(content);
      }
    }
  }
  if (paths.size === 0) return undefined;
  return { layers, rules: [...paths].map(([algorithm, all]) => ({ algorithm, paths: prefixesOf(all) })) };
}

/** The file, and the one whose content it shares as a hard link. */
function contentOf(view: FileView, entry: FileEntry): readonly FileEntry[] {
  const target = entry.hardLinkTo === undefined ? undefined : view.lookup(entry.hardLinkTo);
  return target === undefined ? [entry] : [entry, target];
}

/** The paths, else the folders that all of them lie in: as deep as there are few enough. */
function prefixesOf(paths: ReadonlySet<string>): readonly string[] {
  if (paths.size <= MAX_PREFIXES) return [...paths];
  for (let depth = 4; depth > 0; depth -= 1) {
    const folders = new Set([...paths].map((path) => folderOf(path, depth)));
    if (folders.size <= MAX_PREFIXES) return [...folders];
  }
  return [''];
}

/** The first segments of a path, but the name: `opt/vendor/`. */
function folderOf(path: string, depth: number): string {
  const segments = path.split('/').slice(0, -1);
  return segments
    .slice(0, depth)
    .map((segment) => `${segment}/`)
    .join('');
}
