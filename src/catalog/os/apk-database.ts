import { LIMITS } from '../../core/index.ts';
import { decodeName } from '../../formats/index.ts';
import type { RecordedFile } from '../../packages/index.ts';
import type { EdgeBudget } from '../edge-budget.ts';

/** One installed package as apk's database describes it. */
export interface ApkRecord {
  /** Line of its first field, from 1. */
  readonly line: number;
  /** Field letter to value (`P`, `V`, `A`, `o`, `L`, `m`, `U`, `T`, `D`, `p`, `C`, `c`, `f`); the first of each counts. */
  readonly fields: ReadonlyMap<string, string>;
  /** Files and links, relative to the root, without leading slash. */
  readonly files: readonly string[];
  /** By path of `files`, the digest of its content (of a link: of its target); empty unless asked for. */
  readonly recorded: ReadonlyMap<string, RecordedFile>;
}

export interface ApkProblem {
  readonly line: number;
  readonly text: string;
}

export interface ApkDocument {
  readonly records: readonly ApkRecord[];
  /** Lines of another form, the first 100. */
  readonly problems: readonly ApkProblem[];
  /** There were more paragraphs or longer paths than any system has; some were not read. */
  readonly truncated: boolean;
}

const KEPT = 'PVAoLmUTDpCctf';
/** Packages that provide one name; far more than any real name has, so that edges stay linear in a hostile database. */
const MAX_CANDIDATES = 64;
const MAX_PROBLEMS = 100;
const SPACES = ' \t';
const MAX_RECORDS = 250_000;
/** All paths of one database, joined: a long folder before millions of short names must not take gigabytes. */
const MAX_PATH_CHARS = 256 * 1024 * 1024;

/**
 * Parses `installed`: paragraphs of `X:value` lines of any length, divided by empty lines. Hostile input: never throws, linear.
 * @see https://wiki.alpinelinux.org/wiki/Apk_spec
 */
export function parseApkInstalled(
  bytes: Uint8Array,
  options: { readonly digests?: boolean; readonly maxRecords?: number } = {},
): ApkDocument {
  const { maxRecords = MAX_RECORDS } = options;
  const records: ApkRecord[] = [];
  const problems: ApkProblem[] = [];
  let fields = new Map<string, string>();
  let files: string[] = [];
  let recorded = new Map<string, RecordedFile>();
  let file: string | undefined;
  let folder = '';
  let start = 0;
  let pathChars = 0;
  const close = (): void => {
    // a flag of packages in apk 3's own format
    const isCut = fields.get('f')?.includes('S') === true;
    if (start > 0) records.push({ line: start, fields, files, recorded: isCut ? asCutSha256(recorded) : recorded });
    fields = new Map();
    files = [];
    recorded = new Map();
    file = undefined;
    folder = '';
    start = 0;
  };
  let number = 0;
  const text = decodeName(bytes);
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at <= text.length;) {
    // not split: millions of lines at once would take gigabytes
    const newline = text.indexOf('\n', at);
    const raw = text.slice(at, newline === -1 ? text.length : newline);
    at += raw.length + 1;
    number++;
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') {
      close();
      if (records.length >= maxRecords) break;
      continue;
    }
    if (line[1] !== ':') {
      if (problems.length < MAX_PROBLEMS) problems.push({ line: number, text: line.slice(0, 80) });
      continue;
    }
    if (start === 0) start = number;
    const letter = line[0]!;
    const value = line.slice(2);
    if (letter === 'F') folder = value;
    else if (letter === 'R') {
      pathChars += folder.length + value.length + 1;
      const fits = folder.length + value.length < LIMITS.pathBytes && pathChars <= MAX_PATH_CHARS;
      file = fits ? (folder === '' ? value : `${folder}/${value}`) : undefined;
      if (file !== undefined) files.push(file);
    } else if (letter === 'Z') {
      const digest = options.digests === true && file !== undefined ? apkDigest(value) : undefined;
      if (digest !== undefined) recorded.set(file!, digest);
    } else if (KEPT.includes(letter) && !fields.has(letter)) fields.set(letter, value.trim());
  }
  close();
  return { records, problems, truncated: records.length >= maxRecords || pathChars > MAX_PATH_CHARS };
}

/** `Q1` and a SHA-1, or `Q2` and a SHA-256, in base64; very old databases have an MD5 in hex. */
function apkDigest(text: string): RecordedFile | undefined {
  const value = text.trim();
  if (/^[0-9a-f]{32}$/.test(value)) return { algorithm: 'md5', hex: value };
  if (/^Q1[A-Za-z0-9+/]{27}=$/.test(value)) return { algorithm: 'sha1', hex: hexOf(value) };
  return /^Q2[A-Za-z0-9+/]{43}=$/.test(value) ? { algorithm: 'sha256', hex: hexOf(value) } : undefined;
}

/** What apk 3 writes as SHA-1 of the files of its own packages are the first 160 bits of a SHA-256. */
function asCutSha256(recorded: ReadonlyMap<string, RecordedFile>): ReadonlyMap<string, RecordedFile> {
  const isSha1 = ({ algorithm }: RecordedFile): boolean => algorithm === 'sha1';
  return new Map(
    [...recorded].map(([path, file]) => [path, isSha1(file) ? { algorithm: 'sha256', hex: file.hex } : file]),
  );
}

function hexOf(checksum: string): string {
  return Buffer.from(checksum.slice(2), 'base64').toString('hex');
}

/** Name in a dependency or provision: `so:libc.musl-x86_64.so.1=1`, `busybox>=1.36`, `foo@edge` without what follows; undefined for conflicts (`!x`). */
export function apkDependencyName(token: string): string | undefined {
  if (token === '' || token.startsWith('!')) return undefined;
  const end = token.search(/[<>=~@]/);
  const name = end === -1 ? token : token.slice(0, end);
  return name === '' ? undefined : name;
}

/**
 * For each record the records it needs, by name and by what others provide (`so:`, `cmd:`, `pc:`, virtual names); indexes, sorted, without itself.
 * @param budget bounds the work; when it is spent, the edges found so far are given
 */
export function apkDependencies(records: readonly ApkRecord[], budget: EdgeBudget): readonly (readonly number[])[] {
  const byName = new Map<string, Set<number>>();
  const byProvided = new Map<string, Set<number>>();
  for (const [index, { fields }] of records.entries()) {
    add(byName, fields.get('P') ?? '', index);
    for (const name of names(fields.get('p'), budget)) add(byProvided, name, index);
  }
  return records.map(({ fields }, self) => {
    const needed = new Set<number>();
    for (const name of names(fields.get('D'), budget)) {
      const found = byName.get(name) ?? byProvided.get(name);
      if (found === undefined || !budget.take(found.size)) continue;
      for (const index of found) needed.add(index);
    }
    needed.delete(self);
    return [...needed].toSorted((a, b) => a - b);
  });
}

function* names(field = '', budget: EdgeBudget): Generator<string> {
  for (let start = 0; start < field.length && budget.take(1);) {
    let end = start;
    while (end < field.length && !SPACES.includes(field[end]!)) end++;
    const name = apkDependencyName(field.slice(start, end));
    if (name !== undefined) yield name;
    start = end + 1;
  }
}

function add(map: Map<string, Set<number>>, key: string, value: number): void {
  const set = map.get(key);
  if (set !== undefined) {
    if (set.size < MAX_CANDIDATES) set.add(value);
  } else map.set(key, new Set([value]));
}
