import type { FileEntry, FileView } from '../filesystem/index.ts';
import { isExecutable } from './critical-paths.ts';
import type { FileFact } from './types.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface ShadowInput {
  readonly base: FileView;
  readonly final: FileView;
  /** `Env` of the image's configuration. */
  readonly env: readonly string[];
  /** Where relative and empty entries of PATH are looked for; the root unless given. */
  readonly workingDirectory?: string;
}

/** The base executable that a new file hides, if it hides one. */
export type ShadowCheck = (entry: FileEntry, fact: FileFact) => string | undefined;

/**
 * Finds base executables that a new file hides: same name, its folder earlier on PATH. Where the configuration sets PATH more than once every line counts, as
 * which one holds is the runtime's affair.
 */
export function createShadowCheck(input: ShadowInput): ShadowCheck {
  const lines = input.env.filter((line) => line.startsWith('PATH=')).map((line) => line.slice('PATH='.length));
  const checks = (lines.length === 0 ? [DEFAULT_PATH] : [...new Set(lines)]).map((value) => checkOf(value, input));
  return (entry, fact) => {
    for (const check of checks) {
      const hidden = check(entry, fact);
      if (hidden !== undefined) return hidden;
    }
    return undefined;
  };
}

function checkOf(value: string, { base, final, workingDirectory = '/' }: ShadowInput): ShadowCheck {
  const order = new Map<string, number>();
  const baseExecutables = new Map<string, { readonly path: string; readonly rank: number }>();
  for (const folder of value.split(':')) {
    // an empty entry is the working directory too
    const written = folder.startsWith('/') ? folder : `${workingDirectory}/${folder}`;
    const path = final.resolve(written)?.path ?? base.resolve(written)?.path;
    if (path === undefined || order.has(path)) continue;
    const rank = order.size;
    order.set(path, rank);
    for (const entry of base.list(path)) {
      const name = baseName(entry.path);
      if (entry.type !== 'directory' && !baseExecutables.has(name))
        baseExecutables.set(name, { path: entry.path, rank });
    }
  }
  return (entry, fact) => {
    const rank = order.get(entry.path.slice(0, Math.max(entry.path.lastIndexOf('/'), 0)));
    const hidden = baseExecutables.get(baseName(entry.path));
    if (rank === undefined || hidden === undefined || rank >= hidden.rank) return undefined;
    return isExecutable(fact) || fact.type === 'symlink' ? hidden.path : undefined;
  };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
