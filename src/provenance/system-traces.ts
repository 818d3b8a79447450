import { compareCodeUnits } from '../core/index.ts';
import type { FileEntry, FileView } from '../filesystem/index.ts';
import { criticalClass, isInPackageDatabase, isLoaderName, isShellName } from './critical-paths.ts';
import type { SystemTraces } from './types.ts';

/** Of each kind. That there is one is what counts. */
const MAX_TRACES = 100;
const MAX_REPOSITORY_CHARS = 500;
const APK_REPOSITORIES = 'etc/apk/repositories';

/**
 * What of an operating system is in a file system, by the names of its files: package databases, dynamic loaders, shells; and whose packages it would take, by
 * keyrings and apk's list of repositories (where a rule captured that). A program under another name is no trace; whether anything accounts for it is the
 * ledger's affair.
 */
export function findSystemTraces(view: FileView): SystemTraces {
  const traces = {
    databases: [] as string[],
    loaders: [] as string[],
    shells: [] as string[],
    keyrings: [] as string[],
  };
  for (const entry of view.entries()) {
    if (entry.type === 'directory') continue;
    const { path } = entry;
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (isInPackageDatabase(path)) traces.databases.push(path);
    if (isLoaderName(name)) traces.loaders.push(path);
    if (isShellName(name) && isRunnable(entry)) traces.shells.push(path);
    if (criticalClass(path) === 'keyring') traces.keyrings.push(path);
  }
  const first = (paths: readonly string[]): readonly string[] => paths.toSorted(compareCodeUnits).slice(0, MAX_TRACES);
  return {
    databases: first(traces.databases),
    loaders: first(traces.loaders),
    shells: first(traces.shells),
    keyrings: first(traces.keyrings),
    repositories: readRepositories(view),
  };
}

/** A link may lead to a program once the image runs. */
function isRunnable(entry: FileEntry): boolean {
  return entry.type === 'symlink' || (entry.type === 'file' && (entry.mode & 0o111) !== 0);
}

function readRepositories(view: FileView): readonly string[] {
  const bytes = view.read(APK_REPOSITORIES);
  if (bytes === undefined) return [];
  const lines = new TextDecoder().decode(bytes).split('\n');
  const found = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  return [...new Set(found)].slice(0, MAX_TRACES).map((line) => line.slice(0, MAX_REPOSITORY_CHARS));
}
