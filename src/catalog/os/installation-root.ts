import type { FileView } from '../../filesystem/index.ts';

/**
 * The root of the system that a package database describes: the image's own ('') where a usual place is, or leads to, this one; else what is before it.
 * @param path of the database, a file or a folder
 * @param places where it lies below its root, without slashes at either end
 */
export function rootOf(view: FileView, path: string, places: readonly string[]): string {
  if (places.some((place) => view.resolve(place)?.path === path)) return '';
  const place = places.find((suffix) => path === suffix || path.endsWith(`/${suffix}`)) ?? '';
  return path.slice(0, Math.max(0, path.length - place.length - 1));
}
