import { posix } from 'node:path';
import type { FileEntry, FileView } from '../../filesystem/index.ts';

/** PATH of a container whose configuration sets none. @see https://github.com/opencontainers/runtime-spec/blob/v1.2.0/config.md#posix-process */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MAX_FOLDERS = 64;

/** The value a variable has in the end: the last one of its name counts. */
export function variable(env: readonly string[], name: string): string | undefined {
  return env.findLast((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The folders of PATH in their order, absolute, relative ones taken from the working directory. At most 64. */
export function pathFolders(env: readonly string[], workingDirectory: string | undefined): readonly string[] {
  return listedFolders(variable(env, 'PATH') ?? DEFAULT_PATH, workingDirectory);
}

/** Folders of a list separated by colons; an empty one is the working directory. */
export function listedFolders(list: string, workingDirectory: string | undefined): readonly string[] {
  const folders = list.split(':', MAX_FOLDERS).map((folder) => absolute(folder, workingDirectory));
  return [...new Set(folders)];
}

/** An absolute path without `.` and `..`; relative ones start from the working directory. */
export function absolute(path: string, workingDirectory: string | undefined): string {
  return posix.resolve('/', workingDirectory ?? '', path);
}

/** What a program's name leads to: itself when it has a slash, else the first executable file of that name on PATH. */
export function findProgram(
  view: FileView,
  program: string,
  from: { readonly folders: readonly string[]; readonly workingDirectory?: string | undefined },
): FileEntry | undefined {
  if (program.includes('/')) return view.resolve(absolute(program, from.workingDirectory).slice(1));
  let second: FileEntry | undefined;
  for (const folder of from.folders) {
    const entry = view.resolve(`${folder.slice(1)}/${program}`);
    if (entry?.type === 'file' && (entry.mode & 0o111) !== 0) return entry;
    second ??= entry;
  }
  return second;
}
