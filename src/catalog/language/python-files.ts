import { parseCsv } from '../../formats/index.ts';
import type { FileView } from '../../filesystem/index.ts';
import type { OwnedPaths } from '../os/owned-paths.ts';
import { decodeText } from './json-fields.ts';

/** Where a distribution's own record lies. */
export interface PythonRecordPlace {
  /** Folder of METADATA or PKG-INFO, or the `.egg-info` file itself. Without leading slash. */
  readonly record: string;
  readonly site: string;
  readonly kind: 'dist-info' | 'egg-info' | 'egg' | 'egg-info-file';
}

/**
 * Absolute paths of the files on disk that a distribution says it installed: RECORD, else `installed-files.txt`, else only its own record.
 * @see https://packaging.python.org/en/latest/specifications/recording-installed-packages/
 */
export function pythonFiles(view: FileView, place: PythonRecordPlace, paths: OwnedPaths): readonly string[] {
  if (place.kind === 'egg-info-file') return paths.onDisk([place.record]);
  const record = place.kind === 'dist-info' ? view.read(`${place.record}/RECORD`) : undefined;
  if (record !== undefined) {
    const listed = firstFields(decodeText(record));
    return paths.onDisk(listed.map((path) => joinPath(place.site, path)));
  }
  const installed = place.kind === 'egg-info' ? view.read(`${place.record}/installed-files.txt`) : undefined;
  const listed = installed === undefined ? [] : decodeText(installed).split(/\r?\n/);
  return paths.onDisk([
    ...listed.filter((path) => path !== '').map((path) => joinPath(place.record, path)),
    ...view.list(place.record).map((entry) => entry.path),
  ]);
}

/** The first field of every row; most records have no quotes, and splitting their other fields would be for nothing. */
function firstFields(text: string): readonly string[] {
  if (text.includes('"')) return parseCsv(text).map(([path = '']) => path);
  const paths: string[] = [];
  for (const line of text.split('\n')) {
    const comma = line.indexOf(',');
    const path = comma === -1 ? line.trimEnd() : line.slice(0, comma);
    if (path !== '') paths.push(path);
  }
  return paths;
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
