import { compareCodeUnits } from '../../core/index.ts';
import type { FileEntry } from '../../filesystem/index.ts';
import type { CacheFact, ToolFact, ToolKind } from './types.ts';

const TOOLS: Readonly<Record<ToolKind, readonly string[]>> = {
  'package-manager': [
    'apt',
    'apt-get',
    'aptitude',
    'dpkg',
    'apk',
    'yum',
    'dnf',
    'dnf5',
    'microdnf',
    'rpm',
    'zypper',
    'pacman',
    'opkg',
    'pip',
    'pip3',
    'npm',
    'yarn',
    'pnpm',
    'gem',
    'cargo',
    'conda',
    'composer',
  ],
  shell: ['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'mksh', 'fish', 'csh', 'tcsh', 'busybox', 'toybox'],
  network: ['curl', 'wget', 'nc', 'ncat', 'netcat', 'nmap', 'tcpdump', 'socat', 'telnet', 'ftp', 'ssh', 'scp', 'sftp'],
  compiler: [
    'gcc',
    'g++',
    'cc',
    'c++',
    'clang',
    'clang++',
    'make',
    'ld',
    'as',
    'go',
    'rustc',
    'javac',
    'python3-config',
    'python-config',
  ],
  debugger: ['gdb', 'lldb', 'strace', 'ltrace', 'perf'],
  privilege: ['sudo', 'su', 'doas', 'pkexec'],
};
const KIND_OF: ReadonlyMap<string, ToolKind> = new Map(
  Object.entries(TOOLS).flatMap(([kind, names]) => names.map((name) => [name, kind as ToolKind] as const)),
);
const PROGRAM_FOLDER = /^(?:usr\/(?:local\/)?)?s?bin$/;

/** Programs by their name, where programs lie; in the order of the entries. */
export class ToolFinder {
  readonly found: ToolFact[] = [];

  visit({ path, type, mode, layer }: FileEntry): void {
    const slash = path.lastIndexOf('/');
    const kind = KIND_OF.get(path.slice(slash + 1));
    if (kind === undefined || slash < 0 || !PROGRAM_FOLDER.test(path.slice(0, slash))) return;
    if (type === 'symlink' || (type === 'file' && (mode & 0o111) !== 0)) {
      this.found.push({ path: `/${path}`, kind, layer: Math.max(0, layer) });
    }
  }
}

const JUNK_FOLDERS: ReadonlySet<string> = new Set([
  '.git',
  '.svn',
  '.hg',
  '.aws',
  '.azure',
  '.gcp',
  '.cache',
  '.npm',
  '.vscode',
  '.idea',
]);
const JUNK_FILES: ReadonlySet<string> = new Set([
  'Dockerfile',
  'docker-compose.yml',
  'docker-compose.yaml',
  '.DS_Store',
]);
/** What packages bring is theirs. */
const NOT_JUNK =
  /(?:^|\/)(?:node_modules|vendor|site-packages|dist-packages|gems)\/|^usr\/(?:share|lib|src)\/|^usr\/local\/(?:share|lib|go)\//;

/** What was copied into an image by mistake: folders of version control, editors and cloud clients, build files. Of a folder only the folder. */
export class JunkFinder {
  readonly found: { readonly path: string; readonly layer: number }[] = [];
  #inside: string | undefined;

  /** In the order of a view's entries: a folder before what it holds. */
  visit({ path, type, layer }: FileEntry): void {
    if (this.#inside !== undefined && path.startsWith(this.#inside)) return;
    const name = path.slice(path.lastIndexOf('/') + 1);
    const isFolder = type === 'directory' && JUNK_FOLDERS.has(name);
    if (!isFolder && !(type === 'file' && JUNK_FILES.has(name))) return;
    if (NOT_JUNK.test(path)) return;
    if (isFolder) this.#inside = `${path}/`;
    this.found.push({ path: `/${path}`, layer: Math.max(0, layer) });
  }
}

/** Folders that package managers fill; `*` is any one segment. What they keep even when clean is not counted. */
const CACHES: readonly RegExp[] = [
  /^(?:var\/lib\/apt\/lists|var\/cache\/apt|var\/cache\/(?:apk|yum|dnf|libdnf5|zypp|pacman\/pkg)|etc\/apk\/cache)(?=\/)/,
  /^(?:root|home\/[^/]+)\/(?:\.cache\/(?:pip|yarn|go-build|composer|uv|pnpm|node-gyp)|\.npm\/_cacache|\.composer\/cache|\.m2\/repository|\.cargo\/registry|\.gradle\/caches)(?=\/)/,
  /^usr\/local\/share\/\.cache\/yarn(?=\/)/,
];
const KEPT = /\/(?:lock|\.lock|partial|auxfiles|CACHEDIR\.TAG)$/;

interface Cache {
  files: number;
  bytes: number;
  layer: number;
}

/** What package managers left behind: regular files that are not empty, added up by folder. */
export class CacheFinder {
  readonly #caches = new Map<string, Cache>();

  visit({ path, type, sizeBytes, layer }: FileEntry): void {
    if (type !== 'file' || sizeBytes === 0 || KEPT.test(path)) return;
    for (const folder of CACHES) {
      const found = folder.exec(path)?.[0];
      if (found === undefined) continue;
      const cache = this.#caches.get(found) ?? { files: 0, bytes: 0, layer: 0 };
      cache.files += 1;
      cache.bytes += sizeBytes;
      cache.layer = Math.max(cache.layer, layer);
      this.#caches.set(found, cache);
      return;
    }
  }

  finish(): readonly CacheFact[] {
    return [...this.#caches]
      .map(([path, cache]) => ({ path: `/${path}`, ...cache }))
      .toSorted((a, b) => compareCodeUnits(a.path, b.path));
  }
}
