import type { FileEntry, FileView } from '../../filesystem/index.ts';
import type { RunConfig } from './command.ts';
import { absolute, listedFolders, pathFolders, variable } from './search-path.ts';
import type { SearchedFolder, WritableFact } from './types.ts';

const SYSTEM = /^(?:usr|bin|sbin|lib|lib32|lib64|libx32|etc|boot)(?:\/|$)/;

/** Who may write besides root. `user`: uid and gid the image runs as; undefined when they are not known, and then only the world counts. */
type User = { readonly uid: number; readonly gid: number } | undefined;

/** Who else than root may write an entry: the sticky bit of a folder keeps nobody from adding files. */
function writableBy({ type, mode, uid, gid }: FileEntry, user: User): 'world' | 'user' | undefined {
  if (type !== 'file' && type !== 'directory') return undefined;
  if ((mode & 0o002) !== 0) return 'world';
  if (user === undefined || user.uid === 0) return undefined;
  if (uid === user.uid && (mode & 0o200) !== 0) return 'user';
  return gid === user.gid && user.gid !== 0 && (mode & 0o020) !== 0 ? 'user' : undefined;
}

/** Finds what the world or the image's user may write: in folders of the system, folders of PATH with what lies directly in them, and what starts. */
export class WritableFinder {
  readonly found: WritableFact[] = [];
  readonly #user: User;
  readonly #onPath: ReadonlySet<string>;
  readonly #command: string | undefined;

  constructor(
    view: FileView,
    config: RunConfig,
    options: { readonly user: User; readonly command: string | null | undefined },
  ) {
    this.#user = options.user;
    this.#command = options.command?.slice(1);
    const folders = pathFolders(config.env, config.workingDirectory).map(
      (folder) => view.resolve(folder.slice(1))?.path,
    );
    this.#onPath = new Set(folders.filter((folder) => folder !== undefined));
  }

  visit(entry: FileEntry): void {
    const { path, type, layer } = entry;
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const onPath =
      type === 'directory' ? this.#onPath.has(path) : this.#onPath.has(folder) && (entry.mode & 0o111) !== 0;
    if (!onPath && path !== this.#command && !SYSTEM.test(path)) return;
    const by = writableBy(entry, this.#user);
    if (by !== undefined) this.found.push({ path: `/${path}`, layer: Math.max(0, layer), by, onPath });
  }
}

const FOLDER_VARIABLES = ['LD_LIBRARY_PATH', 'PYTHONPATH', 'PERL5LIB', 'RUBYLIB', 'NODE_PATH', 'CLASSPATH'] as const;

/** Folders that a configuration's variables have code loaded from, and who may write them. Of files to preload the folder they lie in. */
export function searchedFolders(view: FileView, config: RunConfig, user: User): readonly SearchedFolder[] {
  const { env, workingDirectory } = config;
  const folders = FOLDER_VARIABLES.flatMap((name) => {
    const value = variable(env, name);
    return value === undefined || value === ''
      ? []
      : listedFolders(value, workingDirectory).map((path) => [name as string, path] as const);
  });
  const files = [
    ...(variable(env, 'LD_PRELOAD') ?? '').split(/[ :]/, 64).map((file) => ['LD_PRELOAD', file] as const),
    ...requiredModules(variable(env, 'NODE_OPTIONS') ?? '').map((file) => ['NODE_OPTIONS', file] as const),
  ].filter(([, file]) => file.includes('/'));
  const all = [...folders, ...files.map(([name, file]) => [name, parent(absolute(file, workingDirectory))] as const)];
  return all.map(([name, path]) => ({ variable: name, path, state: stateOf(view, path, user) }));
}

/** Modules that Node loads before the program: `--require x`, `--import=x`, `-r x`. */
function requiredModules(options: string): readonly string[] {
  const words = options.slice(0, 16_384).split(/\s+/);
  return words.flatMap((word, index) => {
    if (/^(?:-r|--require|--import|--loader|--experimental-loader)$/.test(word)) return [words[index + 1] ?? ''];
    const [, module] = /^--(?:require|import|loader|experimental-loader)=(.+)$/.exec(word) ?? [];
    return module === undefined ? [] : [module.replace(/^file:\/\//, '')];
  });
}

function parent(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

function stateOf(view: FileView, path: string, user: User): SearchedFolder['state'] {
  const entry = view.resolve(path.slice(1));
  if (entry === undefined) return 'absent';
  const by = writableBy(entry, user);
  return by === undefined ? 'protected' : `${by}-writable`;
}
