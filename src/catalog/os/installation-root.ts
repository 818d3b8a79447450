import type { FileView } from '../../filesystem/index.ts';
import type { Diagnostic } from '../../packages/index.ts';

/** Below these, images whose /var is emptied keep what was there; none of them is a root of its own. */
const BELOW_USR = /(?:^|\/)usr(?:\/lib(?:\/sysimage(?:\/var)?)?)?$/;

/**
 * The root of the system that a package database describes: the image's own ('') where a usual place is, or leads to, this one; else what is before it.
 * @param path of the database, a file or a folder
 * @param places where it lies below its root, without slashes at either end
 */
export function rootOf(view: FileView, path: string, places: readonly string[]): string {
  if (places.some((place) => view.resolve(place)?.path === path)) return '';
  const place = places.find((suffix) => path === suffix || path.endsWith(`/${suffix}`)) ?? '';
  return path.slice(0, Math.max(0, path.length - place.length - 1)).replace(BELOW_USR, '');
}

/**
 * Tells of databases that are there but cannot be read: behind a link to an unusual place, or too large.
 * @param places of files, or of folders that hold one folder for each package, without slashes at either end
 * @param reading the cataloger, and the rules that capture its databases
 */
export function uncapturedDatabases(
  view: FileView,
  places: readonly string[],
  reading: { readonly source: string; readonly ruleIds: readonly string[] },
): readonly Diagnostic[] {
  const { source, ruleIds } = reading;
  const found = new Map<string, Diagnostic>();
  for (const place of places) {
    const entry = view.resolve(place);
    if (entry === undefined || found.has(entry.path)) continue;
    // in its usual place a folder is captured, or holds no package
    const isFolder = entry.type === 'directory' && entry.path !== place;
    const isDatabase = entry.type === 'file' || (isFolder && view.list(place).some(({ type }) => type === 'directory'));
    const isWithin = (path: string): boolean => path === entry.path || path.startsWith(`${entry.path}/`);
    if (!isDatabase || ruleIds.some((id) => view.captured(id).some((file) => isWithin(file.entry.path)))) continue;
    const message = 'is a package database that was not captured (too large, or a link to an unusual place)';
    const problem = { code: 'unreadable-database', severity: 'error', path: `/${place}`, source } as const;
    found.set(entry.path, { ...problem, message: `${message}; its packages are missing` });
  }
  return [...found.values()];
}
