import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compareCodeUnits, coreError } from '../../core/index.ts';
import { appError } from '../errors.ts';

const MAX_FILES = 100_000;
const MAX_DEPTH = 32;

export interface FoundFiles {
  /** The folder given, or that of the file given. */
  readonly root: string;
  /** The file given, or every wanted one under the folder; by path. */
  readonly files: readonly string[];
}

/**
 * A file that was named, or the wanted ones under a folder. Links to folders, and folders whose names begin with a dot, are not followed.
 * @throws AppError FILE_NOT_FOUND, FOLDER_TOO_LARGE for more than 100,000 files or 32 levels
 */
export async function findFiles(
  path: string,
  options: { readonly isWanted: (name: string) => boolean },
): Promise<FoundFiles> {
  const stats = await stat(path).catch((cause: unknown) => {
    throw coreError('FILE_NOT_FOUND', `no such file or folder: ${path}`, { cause });
  });
  if (!stats.isDirectory()) return { root: dirname(path), files: [path] };
  const files: string[] = [];
  await walk(path, { depth: 0, files, isWanted: options.isWanted });
  return { root: path, files };
}

interface Walk {
  readonly depth: number;
  readonly files: string[];
  readonly isWanted: (name: string) => boolean;
}

async function walk(folder: string, { depth, files, isWanted }: Walk): Promise<void> {
  for (const entry of await readFolder(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (depth >= MAX_DEPTH) throw tooLarge(folder);
      await walk(path, { depth: depth + 1, files, isWanted });
    } else if (isWanted(entry.name)) {
      if (files.length >= MAX_FILES) throw tooLarge(folder);
      files.push(path);
    }
  }
}

function tooLarge(folder: string): Error {
  const limits = { maxFiles: MAX_FILES, maxDepth: MAX_DEPTH };
  return folderTooLarge(folder, limits, 'name the folder that holds the files');
}

/**
 * What is in a folder, by name.
 * @throws AppError FILE_UNREADABLE
 */
export async function readFolder(folder: string): Promise<readonly Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw coreError('FILE_UNREADABLE', `cannot read the folder ${folder}`, { cause });
  });
  return entries.toSorted((a, b) => compareCodeUnits(a.name, b.name));
}

export function folderTooLarge(
  folder: string,
  { maxFiles, maxDepth }: { readonly maxFiles: number; readonly maxDepth: number },
  hint: string,
): Error {
  return appError('FOLDER_TOO_LARGE', `${folder}: more than ${maxFiles} files or ${maxDepth} levels of folders`, {
    hint,
  });
}
