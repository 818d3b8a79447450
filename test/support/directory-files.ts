import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { MemoryEntry } from './memory-view.ts';

/** A real folder's tree as the literal that `memoryView` takes; contents only of the files that are wanted, so that large trees stay cheap. */
export function directoryFiles(root: string, wanted: (path: string) => boolean): Record<string, MemoryEntry> {
  const files: Record<string, MemoryEntry> = {};
  const walk = (folder: string, prefix: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const key = prefix === '' ? name : `${prefix}/${name}`;
      const stats = lstatSync(path);
      if (stats.isSymbolicLink()) files[key] = { link: readlinkSync(path) };
      else if (stats.isDirectory()) walk(path, key);
      else if (stats.isFile())
        files[key] = { content: wanted(key) ? readFileSync(path) : '', mode: stats.mode & 0o7777 };
    }
  };
  walk(root, '');
  return files;
}
