import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Absolute paths inside the image of every regular file below a folder of its unpacked file system. Links are not followed. */
export async function* filesOf(root: string, folder = root): AsyncIterable<string> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(root, path);
    else if (entry.isFile()) yield inImage(root, path);
  }
}

/** Absolute paths inside the image of folders with one of the names. */
export async function foldersNamed(root: string, names: ReadonlySet<string>, folder = root): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    if (names.has(entry.name)) found.push(inImage(root, path));
    found.push(...(await foldersNamed(root, names, path)));
  }
  return found.toSorted();
}

export function inImage(root: string, path: string): string {
  return `/${relative(root, path)}`;
}

export function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
