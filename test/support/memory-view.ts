import { createHash } from 'node:crypto';
import { compareCodeUnits } from '../../src/core/index.ts';
import type {
  CapturedFile,
  CaptureRule,
  Extraction,
  FileEntry,
  FileView,
  FolderFiles,
} from '../../src/filesystem/index.ts';
import { compilePatterns, PatternScan } from '../../src/formats/index.ts';
import { contentKind, ExecutableStructure, executableKind } from '../../src/image/layers/executable-structure.ts';
import { EXTRACTORS } from '../../src/image/layers/extractors.ts';

/** What lies at a path: text or bytes (a regular file), or an entry spelled out. */
export type MemoryEntry = string | Uint8Array | MemoryEntryDetails;

export interface MemoryEntryDetails {
  readonly content?: string | Uint8Array;
  /** Makes it a symbolic link. */
  readonly link?: string;
  readonly directory?: boolean;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly layer?: number;
  readonly xattrs?: Readonly<Record<string, string>>;
  /** It came as a hard link to this path; `content` is what they share. */
  readonly hardLinkTo?: string;
}

export interface MemoryViewOptions {
  /** Rules whose files `captured` and `read` give; a file that no rule wants cannot be read, as in an image. */
  readonly captures?: readonly CaptureRule[];
  /** Stand-ins for extractors, by kind; the real ones unless told. What gives undefined keeps nothing. */
  readonly extractors?: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array | undefined>>;
}

interface Node {
  readonly entry: FileEntry;
  readonly bytes: Uint8Array;
}

const MAX_LINKS = 64;

/** An image's squashed filesystem made of an object literal, for cataloger tests. Parent folders come by themselves; a leading slash is allowed. */
export function memoryView(files: Readonly<Record<string, MemoryEntry>>, options: MemoryViewOptions = {}): FileView {
  const nodes = buildNodes(files);
  const sorted = [...nodes.keys()].toSorted(compareCodeUnits);
  const children = new Map<string, FileEntry[]>();
  for (const path of sorted) {
    if (path === '') continue;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const siblings = children.get(parent);
    const entry = nodes.get(path)!.entry;
    if (siblings) siblings.push(entry);
    else children.set(parent, [entry]);
  }
  const captured = captureAll(sorted, nodes, options);
  const whole = new Set<string>();
  for (const [rule, found] of captured) if (rule.extract === undefined) for (const f of found) whole.add(f.entry.path);
  const byRule = new Map([...captured].map(([rule, found]) => [rule.id, found]));
  const folders = new Map<string, string | undefined>();
  const resolve = (path: string): FileEntry | undefined => walk(nodes, path, true);
  const lookup = (path: string): FileEntry | undefined => {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (slash <= 0 || name === '' || name === '.' || name === '..') return walk(nodes, path, false);
    const parent = path.slice(0, slash);
    if (!folders.has(parent)) folders.set(parent, resolve(parent)?.path);
    const real = folders.get(parent);
    return real === undefined ? undefined : nodes.get(real === '' ? name : `${real}/${name}`)?.entry;
  };
  const filesIn = (directory: string): readonly (readonly [string, FileEntry])[] =>
    (children.get(directory) ?? [])
      .filter(({ type }) => type !== 'directory')
      .map((entry) => [entry.path.slice(entry.path.lastIndexOf('/') + 1), entry]);
  return {
    size: nodes.size,
    idLimit: nodes.size,
    lookup,
    resolve,
    list: (directory) => children.get(resolve(directory)?.path ?? '\0') ?? [],
    folder: (directory) => {
      const found = resolve(directory);
      if (found?.type !== 'directory') return undefined;
      const names = new Map(filesIn(found.path));
      return { path: found.path, fileId: (name) => names.get(name)?.id };
    },
    entries: () => sorted.map((path) => nodes.get(path)!.entry),
    folders: () =>
      sorted.flatMap((path): FolderFiles | readonly [] => {
        const { id, type } = nodes.get(path)!.entry;
        const parent = nodes.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))))!.entry.id;
        return type === 'directory' ? { id, parent, path, files: () => filesIn(path) } : [];
      }),
    captured: (ruleId) => byRule.get(ruleId) ?? [],
    read: (path) => {
      const entry = resolve(path);
      return entry !== undefined && whole.has(entry.path) ? nodes.get(entry.path)?.bytes : undefined;
    },
    contentDigest: (path, algorithm) => {
      const entry = resolve(path);
      if (entry?.type !== 'file') return undefined;
      return createHash(algorithm).update(nodes.get(entry.path)!.bytes).digest('hex');
    },
  };
}

function buildNodes(files: Readonly<Record<string, MemoryEntry>>): Map<string, Node> {
  const nodes = new Map<string, Node>([['', folder('', { id: 0, layer: 0 })]]);
  for (const [given, value] of Object.entries(files)) {
    const path = given.replace(/^\/+|\/+$/g, '');
    const details: MemoryEntryDetails =
      typeof value === 'string' || value instanceof Uint8Array ? { content: value } : value;
    const layer = details.layer ?? 0;
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      const parent = path.slice(0, at);
      if (!nodes.has(parent)) nodes.set(parent, folder(parent, { id: nodes.size, layer }));
    }
    const content = details.content ?? '';
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const type = details.directory === true ? 'directory' : details.link === undefined ? 'file' : 'symlink';
    const kind = type === 'file' ? contentKind(bytes) : undefined;
    const entry: FileEntry = {
      id: nodes.get(path)?.entry.id ?? nodes.size,
      path,
      type,
      sizeBytes: type === 'file' ? bytes.byteLength : 0,
      mode: details.mode ?? (type === 'directory' ? 0o755 : 0o644),
      uid: details.uid ?? 0,
      gid: details.gid ?? 0,
      mtime: details.mtime ?? 0,
      layer,
      ...(kind === undefined ? {} : { content: kind }),
      ...(details.link === undefined ? {} : { linkTarget: details.link }),
      ...(details.xattrs === undefined ? {} : { xattrs: details.xattrs }),
      ...(details.hardLinkTo === undefined ? {} : { hardLinkTo: details.hardLinkTo }),
    };
    nodes.set(path, { entry, bytes });
  }
  return nodes;
}

function folder(path: string, { id, layer }: { readonly id: number; readonly layer: number }): Node {
  const entry: FileEntry = { id, path, type: 'directory', sizeBytes: 0, mode: 0o755, uid: 0, gid: 0, mtime: 0, layer };
  return { entry, bytes: new Uint8Array() };
}

/** Follows links inside the root; those of the last segment only when `last`. */
function walk(nodes: ReadonlyMap<string, Node>, path: string, last: boolean): FileEntry | undefined {
  let pending = path.split('/').filter((part) => part !== '' && part !== '.');
  let current: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const [head, ...rest] = pending;
    pending = rest;
    if (head === '..') {
      current.pop();
      continue;
    }
    const next = [...current, head!];
    const entry = nodes.get(next.join('/'))?.entry;
    if (entry === undefined) return undefined;
    if (entry.type === 'symlink' && (pending.length > 0 || last)) {
      if (++links > MAX_LINKS) return undefined;
      const target = entry.linkTarget ?? '';
      if (target.startsWith('/')) current = [];
      pending = [...target.split('/').filter((part) => part !== '' && part !== '.'), ...pending];
    } else if (pending.length > 0 && entry.type !== 'directory') {
      return undefined;
    } else {
      current = next;
    }
  }
  return nodes.get(current.join('/'))?.entry;
}

function captureAll(
  sorted: readonly string[],
  nodes: ReadonlyMap<string, Node>,
  options: MemoryViewOptions,
): ReadonlyMap<CaptureRule, readonly CapturedFile[]> {
  const captured = new Map<CaptureRule, readonly CapturedFile[]>();
  for (const rule of options.captures ?? []) {
    const found: CapturedFile[] = [];
    for (const path of sorted) {
      const node = nodes.get(path)!;
      if (node.entry.type !== 'file') continue;
      const bytes = capture(rule, node, options);
      if (bytes !== undefined) found.push({ entry: node.entry, bytes });
    }
    captured.set(rule, found);
  }
  return captured;
}

function capture(rule: CaptureRule, node: Node, options: MemoryViewOptions): Uint8Array | undefined {
  const { bytes, entry } = node;
  if (rule.executables !== undefined && executableKind(bytes) !== undefined) {
    return extract(rule, entry.path, { bytes: bytes.subarray(0, rule.maxBytes), options });
  }
  if (bytes.byteLength > rule.maxBytes || !matches(rule, entry.path)) return undefined;
  return rule.extract === undefined ? bytes : extract(rule, entry.path, { bytes, options });
}

function extract(
  rule: CaptureRule,
  path: string,
  file: { readonly bytes: Uint8Array; readonly options: MemoryViewOptions },
): Uint8Array | undefined {
  const extraction: Extraction | undefined = rule.extract;
  if (extraction === undefined) return undefined;
  const standIn = file.options.extractors?.[extraction.kind];
  if (standIn !== undefined) return standIn(file.bytes);
  const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
  if (extraction.kind === 'patterns') {
    const scan = new PatternScan(compilePatterns(extraction.patterns));
    scan.add(bytes);
    const hits = scan.end();
    return hits.length === 0 ? undefined : Buffer.from(JSON.stringify(hits));
  }
  const extractor = EXTRACTORS[extraction.kind];
  if (!extractor?.mayApply(bytes, new ExecutableStructure(bytes))) return undefined;
  return extractor.extract(bytes, { path, sizeBytes: bytes.length, complete: true });
}

function matches(rule: CaptureRule, path: string): boolean {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const parent = slash === -1 ? '' : path.slice(0, slash);
  if (rule.names?.includes(name)) return true;
  if (rule.pathSuffixes?.some((suffix) => endsWithSegments(path, suffix))) return true;
  if (rule.prefixes?.some((prefix) => name.startsWith(prefix))) return true;
  if (rule.exceptSuffixes?.some((suffix) => name.endsWith(suffix))) return false;
  if (rule.suffixes?.some((suffix) => name.endsWith(suffix))) return true;
  return rule.directories?.some((directory) => endsWithSegments(parent, directory)) ?? false;
}

function endsWithSegments(path: string, suffix: string): boolean {
  if (suffix.includes('*')) {
    const parts = path.split('/');
    const pattern = suffix.split('/');
    const offset = parts.length - pattern.length;
    return offset >= 0 && pattern.every((part, index) => part === '*' || part === parts[offset + index]);
  }
  return path === suffix || path.endsWith(`/${suffix}`);
}
