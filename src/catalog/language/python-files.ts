import { parseCsv } from '../../formats/index.ts';
import { DIGEST_ALGORITHMS, DIGEST_BYTES, type FileView } from '../../filesystem/index.ts';
import type { RecordedFile } from '../../packages/index.ts';
import type { OwnedPaths } from '../os/owned-paths.ts';
import { decodeText } from './json-fields.ts';

/** Where a distribution's own record lies. */
export interface PythonRecordPlace {
  /** Folder of METADATA or PKG-INFO, or the `.egg-info` file or the zipped `.egg` itself. Without leading slash. */
  readonly record: string;
  readonly site: string;
  readonly kind: 'dist-info' | 'egg-info' | 'egg' | 'egg-info-file' | 'zipped';
  /** Of a zipped one: the path of METADATA or PKG-INFO in the archive. */
  readonly inside?: string;
}

/** What a distribution says of its files. */
export interface PythonFiles {
  /** Absolute paths of those on disk: by RECORD, else `installed-files.txt`, else only its own record. */
  readonly files: readonly string[];
  /** What RECORD says of the content of files, by their path on disk, those that are missing too; absent when it says nothing, or nobody asked. */
  readonly recorded?: ReadonlyMap<string, RecordedFile>;
}

/**
 * The files that a distribution says it installed.
 * @param wantsRecorded also what they are said to contain
 * @see https://packaging.python.org/en/latest/specifications/recording-installed-packages/
 */
export function pythonFiles(
  view: FileView,
  place: PythonRecordPlace,
  { paths, wantsRecorded }: { readonly paths: OwnedPaths; readonly wantsRecorded: boolean },
): PythonFiles {
  if (place.kind === 'egg-info-file' || place.kind === 'zipped') return { files: paths.onDisk([place.record]) };
  const record = place.kind === 'dist-info' ? view.read(`${place.record}/RECORD`) : undefined;
  if (record !== undefined) {
    const rows = recordRows(decodeText(record));
    const listed = rows.paths.map((path) => listedPath(view, place.site, path));
    const recorded = wantsRecorded ? recordedContents(listed, rows.hashes, paths) : undefined;
    return { files: paths.onDisk(listed), ...(recorded === undefined ? {} : { recorded }) };
  }
  const installed = place.kind === 'egg-info' ? view.read(`${place.record}/installed-files.txt`) : undefined;
  const listed = installed === undefined ? [] : decodeText(installed).split(/\r?\n/);
  const files = paths.onDisk([
    ...listed.filter((path) => path !== '').map((path) => joinPath(place.record, path)),
    ...view.list(place.record).map((entry) => entry.path),
  ]);
  return { files };
}

const HASH = /^(md5|sha1|sha256|sha384|sha512)=([A-Za-z0-9_-]{22,86})={0,2}$/;

function recordedContents(
  listed: readonly string[],
  hashes: readonly string[],
  paths: OwnedPaths,
): ReadonlyMap<string, RecordedFile> | undefined {
  const recorded = new Map<string, RecordedFile>();
  for (const [index, path] of listed.entries()) {
    const hash = hashes[index] ?? '';
    // wheels made of a used folder list bytecode, which installers write anew: its source is what can be compared
    const isRewritten = path.endsWith('.pyc') && path.includes('/__pycache__/');
    const digest = hash === '' || isRewritten ? undefined : recordedHash(hash);
    const onDisk = digest === undefined ? undefined : paths.locate(path);
    if (digest !== undefined && onDisk !== undefined) recorded.set(onDisk, digest);
  }
  return recorded.size === 0 ? undefined : recorded;
}

/** `sha256=` and a digest in URL-safe base64. */
function recordedHash(text: string): RecordedFile | undefined {
  const [, name = '', encoded = ''] = HASH.exec(text) ?? [];
  const algorithm = DIGEST_ALGORITHMS.find((known) => known === name);
  if (algorithm === undefined) return undefined;
  const hex = Buffer.from(encoded, 'base64url').toString('hex');
  return hex.length === 2 * DIGEST_BYTES[algorithm] ? { algorithm, hex } : undefined;
}

/** The first two fields of every row that has a path; most records have no quotes, and splitting what follows would be for nothing. */
function recordRows(text: string): { readonly paths: readonly string[]; readonly hashes: readonly string[] } {
  const paths: string[] = [];
  const hashes: string[] = [];
  const add = (path: string, hash: string): void => {
    if (path === '') return;
    paths.push(path);
    hashes.push(hash);
  };
  if (text.includes('"')) {
    for (const [path = '', hash = ''] of parseCsv(text)) add(path, hash);
    return { paths, hashes };
  }
  for (const line of text.split('\n')) {
    const comma = line.indexOf(',');
    const second = comma === -1 ? -1 : line.indexOf(',', comma + 1);
    if (comma === -1) add(line.trimEnd(), '');
    else add(line.slice(0, comma), second === -1 ? line.slice(comma + 1).trimEnd() : line.slice(comma + 1, second));
  }
  return { paths, hashes };
}

/**
 * Where a listed file lies. `pip install --target` first installs into `lib/python` of a folder of its own, and then moves what is in and beside it into
 * one folder: what its records have as `../../bin/x` is `bin/x`.
 */
function listedPath(view: FileView, site: string, path: string): string {
  const listed = joinPath(site, path);
  if (!path.startsWith('../../') || path.startsWith('../../../') || view.lookup(listed) !== undefined) return listed;
  const moved = joinPath(site, path.slice('../../'.length));
  return view.lookup(moved) === undefined ? listed : moved;
}

/** A path whose segments need a closer look. */
const ODD = /^\/|\/$|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/;

/** A listed path below a folder: absolute ones stand for themselves, `..` never leaves the root. */
export function joinPath(folder: string, path: string): string {
  if (path !== '' && !ODD.test(path)) return folder === '' ? path : `${folder}/${path}`;
  const start = path.startsWith('/') ? [] : folder.split('/');
  const segments = start.filter((segment) => segment !== '');
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments.join('/');
}
