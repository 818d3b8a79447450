import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BUNDLE_SUFFIX } from '../../attestation/index.ts';
import { coreError } from '../../core/index.ts';
import { folderTooLarge, readFolder } from '../store/find-files.ts';

const MAX_FILES = 1024;
const MAX_DEPTH = 32;

/** A file that is to be signed. */
export interface ArtefactFile {
  readonly path: string;
  /** As statements name it: the file's own name, or its path in the folder that was given, with `/`. */
  readonly name: string;
}

/**
 * The files named, and of each folder named all in it, by path, hidden ones too; bundles (`.sigstore.json`) are left out of folders. What is in a folder and is no
 * regular file, a link for instance, is refused: it would go unsigned.
 * @throws AppError FILE_NOT_FOUND, also for a folder without files; FILE_NOT_REGULAR, FILE_UNREADABLE, FOLDER_TOO_LARGE for more than 1,024 files or 32 levels
 */
export async function listArtefacts(paths: readonly string[]): Promise<readonly ArtefactFile[]> {
  const files: ArtefactFile[] = [];
  for (const path of paths) {
    const stats = await lstat(path).catch(() => undefined);
    // what is not there is told by whoever reads it
    if (stats?.isDirectory() !== true) files.push({ path, name: basename(path) });
    else await addFolder({ path, prefix: '', depth: 0 }, files);
    if (files.length > MAX_FILES) throw tooLarge(path);
  }
  return files;
}

interface Folder {
  readonly path: string;
  readonly prefix: string;
  readonly depth: number;
}

async function addFolder({ path, prefix, depth }: Folder, files: ArtefactFile[]): Promise<void> {
  if (depth > MAX_DEPTH) throw tooLarge(path);
  const before = files.length;
  for (const entry of await readFolder(path)) {
    const file = { path: join(path, entry.name), name: `${prefix}${entry.name}` };
    if (entry.isDirectory()) await addFolder({ path: file.path, prefix: `${file.name}/`, depth: depth + 1 }, files);
    else if (!entry.isFile()) {
      throw coreError('FILE_NOT_REGULAR', `${file.path} is not a regular file, and would go unsigned`, {
        hint: 'name the files that are to be signed',
      });
    } else if (!entry.name.endsWith(BUNDLE_SUFFIX)) files.push(file);
    if (files.length > MAX_FILES) throw tooLarge(path);
  }
  if (depth === 0 && files.length === before) throw coreError('FILE_NOT_FOUND', `the folder ${path} holds no file`);
}

function tooLarge(path: string): Error {
  const limits = { maxFiles: MAX_FILES, maxDepth: MAX_DEPTH };
  return folderTooLarge(path, limits, 'sign an archive of it, or a part at a time');
}
