/** Folder that a path without leading slash lies in; '' for the root's own. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
