import { gunzipSync, gzipSync } from 'node:zlib';
import { canonicalJson, parseStrictJson, sha256Digest, type Digest, type JsonValue } from '../core/index.ts';
import {
  LayerRecorder,
  RecordKind,
  squash,
  type FileEntry,
  type FileType,
  type FileView,
} from '../filesystem/index.ts';
import { COMPARISON_CAPTURES, fileFact } from './compare-base.ts';
import { provenanceError } from './errors.ts';
import { isOfDatabases, isStatusFile, PACKAGE_DATABASES } from './package-databases.ts';
import type { FileFact, PackageRecords } from './types.ts';
import { isVolatilePath } from './volatile-paths.ts';

const MiB = 1024 * 1024;
/** Longest list, packed and unpacked: several times what the largest base images need. */
const MAX_PACKED_BYTES = 16 * MiB;
const MAX_BYTES = 256 * MiB;
const MAX_ROWS = 1_000_000;
/** Contents that one list keeps. Beyond it a database counts as one that cannot be read. */
const MAX_CONTENT_BYTES = 16 * MiB;

/** A base's final view as a lock keeps it: gzip of one canonical JSON object a line, sorted by path; before them one with records of rpm, opkg and pacman, where there are any. */
export interface FileListBytes {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

type Row = FileFact & { readonly path: string; readonly content?: string; readonly rules?: readonly string[] };

/**
 * Lists a base's files: path, type, mode, owner, SHA-256 or link target of everything but volatile paths, and the contents that are compared line by line
 * (accounts, package databases, certificate stores). The same view gives the same bytes on every machine.
 * @param view with COMPARISON_CAPTURES captured and COMPARISON_DIGESTS taken
 * @param records those of its databases that this room does not read itself
 * @throws AppError LOCK_FILE_LIST_TOO_LARGE
 */
export function writeFileList(view: FileView, records?: PackageRecords): FileListBytes {
  const contents = keptContents(view);
  const lines = recordLines(records);
  let totalBytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  for (const entry of view.entries()) {
    const kept = contents.get(entry.path);
    if (entry.path === '' || (kept === undefined && isVolatilePath(entry.path, entry.linkTarget))) continue;
    const row: Row = { path: entry.path, ...fileFact(view, entry), ...kept };
    const line = canonicalJson(row as unknown as JsonValue);
    totalBytes += Buffer.byteLength(line) + 1;
    if (totalBytes > MAX_BYTES || lines.length >= MAX_ROWS) throw tooLarge();
    lines.push(line);
  }
  const bytes = gzipSync(lines.map((line) => `${line}\n`).join(''), { level: 9 });
  if (bytes.byteLength > MAX_PACKED_BYTES) throw tooLarge();
  // the header names the system that packed it: unknown, so that every system writes the same
  bytes[9] = 0xff;
  return { digest: sha256Digest(bytes), bytes };
}

/** What the records say of the packages; their files are asked of the image alone. */
function recordLines(records: PackageRecords | undefined): string[] {
  if (records === undefined || records.databases.length + records.unreadable.length === 0) return [];
  const { databases, unreadable } = records;
  const stanzas = records.stanzas.map(({ files: _files, ...stanza }) => stanza);
  return [canonicalJson({ records: { databases, stanzas, unreadable } })];
}

function tooLarge(): Error {
  return provenanceError('LOCK_FILE_LIST_TOO_LARGE', 'the base has more files than a file list may name', {
    hint: `at most ${MAX_ROWS} files and ${MAX_PACKED_BYTES} bytes packed; lock this base without --files and squashed: allow`,
  });
}

function keptContents(view: FileView): ReadonlyMap<string, Pick<Row, 'content' | 'rules'>> {
  const found = new Map<string, { readonly content: string; readonly rules: string[] }>();
  let totalBytes = 0;
  for (const { id } of COMPARISON_CAPTURES) {
    for (const { entry, bytes } of view.captured(id)) {
      // lists of dpkg's packages are asked of the image alone; where every package has a status file, that is its database
      if (id === 'provenance/dpkg-lists' && !isStatusFile(entry.path)) continue;
      const known = found.get(entry.path);
      if (known === undefined) totalBytes += bytes.byteLength;
      if (totalBytes > MAX_CONTENT_BYTES) return found;
      if (known === undefined) found.set(entry.path, { content: Buffer.from(bytes).toString('base64'), rules: [id] });
      else known.rules.push(id);
    }
  }
  return found;
}

/** What a file list says. */
export interface FileList {
  /** A file system whose only layer is the list. Its entries are of layer -1: never those of an image. */
  readonly view: FileView;
  readonly records?: PackageRecords;
}

/**
 * Reads a file list.
 * @param bytes hostile; its digest has been compared
 * @throws AppError LOCK_FILE_LIST_MALFORMED
 */
export function readFileList(bytes: Uint8Array): FileList {
  if (bytes.byteLength > MAX_PACKED_BYTES) throw malformed('it is too large');
  const recorder = new LayerRecorder(COMPARISON_CAPTURES.map(({ id }) => id));
  let rows = 0;
  let records: PackageRecords | undefined;
  for (const line of unpack(bytes).split('\n')) {
    if (line === '') continue;
    if (++rows > MAX_ROWS) throw malformed('it has too many lines');
    const where = `line ${rows} of a file list`;
    if (rows === 1 && line.startsWith('{"records":')) records = readRecords(line, where);
    else addRow(recorder, readRow(line, where));
  }
  const view = squash({ layers: [recorder.finish()], firstLayer: -1, diagnostics: [] });
  return { view, ...(records === undefined ? {} : { records }) };
}

function unpack(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(gunzipSync(bytes, { maxOutputLength: MAX_BYTES }));
  } catch {
    throw malformed('it cannot be unpacked');
  }
}

const KINDS: Readonly<Record<FileType, RecordKind>> = {
  file: RecordKind.File,
  directory: RecordKind.Directory,
  symlink: RecordKind.Symlink,
  'character-device': RecordKind.CharacterDevice,
  'block-device': RecordKind.BlockDevice,
  fifo: RecordKind.Fifo,
};

function addRow(recorder: LayerRecorder, row: Row): void {
  const { path, type, mode, uid, gid, sizeBytes, linkTarget, xattrs, sha256, content, rules = [] } = row;
  const input = {
    path,
    mode,
    uid,
    gid,
    mtime: 0,
    sizeBytes,
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(xattrs === undefined
      ? {}
      : {
          xattrs: Object.fromEntries(Object.entries(xattrs).map(([name, hex]) => [name, Buffer.from(hex, 'hex')])),
        }),
  };
  const record = recorder.add(input, KINDS[type as FileType]);
  if (record < 0) return;
  if (sha256 !== undefined) recorder.setDigest(record, 'sha256', sha256);
  if (content === undefined) return;
  const known = COMPARISON_CAPTURES.map(({ id }) => id);
  const wanted = rules.map((rule) => known.indexOf(rule)).filter((index) => index !== -1);
  recorder.capture(record, wanted, recorder.keep(Buffer.from(content, 'base64'), true));
}

const MEMBERS: ReadonlySet<string> = new Set([
  'path',
  'type',
  'mode',
  'uid',
  'gid',
  'sizeBytes',
  'sha256',
  'linkTarget',
  'xattrs',
  'content',
  'rules',
]);

type JsonObject = { readonly [key: string]: JsonValue | undefined };

function asObject(value: JsonValue | undefined, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${where} is no object`);
  return value as JsonObject;
}

const STANZA_MEMBERS = ['database', 'name', 'architecture', 'version', 'sha256'] as const;

function readRecords(line: string, where: string): PackageRecords {
  const document = asObject(parseStrictJson(Buffer.from(line), where, { maxBytes: MAX_BYTES }), where);
  const { databases, unreadable, stanzas, ...more } = asObject(document['records'], where);
  const isKnown = Object.keys(document).length === 1 && Object.keys(more).length === 0;
  if (!isKnown || !isTexts(databases) || !isTexts(unreadable) || !Array.isArray(stanzas))
    throw malformed(`${where} has no records`);
  return {
    databases,
    unreadable,
    stanzas: (stanzas as readonly JsonValue[]).map((item) => {
      const stanza = asObject(item, where);
      const text = (key: (typeof STANZA_MEMBERS)[number]): string => {
        const member = stanza[key];
        if (typeof member !== 'string') throw malformed(`${where} has no records`);
        return member;
      };
      if (Object.keys(stanza).length !== STANZA_MEMBERS.length) throw malformed(`${where} has no records`);
      return {
        database: text('database'),
        name: text('name'),
        architecture: text('architecture'),
        version: text('version'),
        sha256: text('sha256'),
        files: [],
      };
    }),
  };
}

function readRow(line: string, where: string): Row {
  const row = asObject(parseStrictJson(Buffer.from(line), where, { maxBytes: MAX_BYTES }), where);
  for (const key of Object.keys(row)) if (!MEMBERS.has(key)) throw malformed(`${where} has an unknown member`);
  const { path, type, sha256, linkTarget, content, rules } = row;
  if (typeof path !== 'string' || !isPath(path)) throw malformed(`${where} has no path`);
  if (typeof type !== 'string' || !Object.hasOwn(KINDS, type)) throw malformed(`${where} has no type`);
  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)))
    throw malformed(`${where} has no SHA-256`);
  if (linkTarget !== undefined && typeof linkTarget !== 'string') throw malformed(`${where} has no link target`);
  if (content !== undefined && typeof content !== 'string') throw malformed(`${where} has no content`);
  if (rules !== undefined && !isTexts(rules)) throw malformed(`${where} has no rules`);
  const count = (key: string, most: number): number => {
    const number = row[key];
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0 || number > most)
      throw malformed(`${where} has no ${key}`);
    return number;
  };
  return {
    path,
    type,
    mode: count('mode', 0o7777),
    uid: count('uid', 0xffff_ffff),
    gid: count('gid', 0xffff_ffff),
    sizeBytes: count('sizeBytes', Number.MAX_SAFE_INTEGER),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(row['xattrs'] === undefined ? {} : { xattrs: readXattrs(row['xattrs'], where) }),
    ...(content === undefined ? {} : { content }),
    ...(rules === undefined ? {} : { rules }),
  };
}

function readXattrs(value: JsonValue, where: string): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${where} has no xattrs`);
  return Object.fromEntries(
    Object.entries(value).map(([name, hex]) => {
      if (typeof hex !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(hex)) throw malformed(`${where} has no xattrs`);
      return [name, hex] as const;
    }),
  );
}

function isPath(path: string): boolean {
  return (
    path !== '' && path.length <= 4096 && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && (value as readonly JsonValue[]).every((item) => typeof item === 'string');
}

function malformed(what: string): Error {
  return provenanceError('LOCK_FILE_LIST_MALFORMED', `a file list of the lock cannot be read: ${what}`, {
    hint: 'the lock was edited by hand; restore it from version control',
  });
}

/**
 * Whether a path counts where files are compared one by one: no folder, nothing volatile, no database that is compared by its records.
 * @param databases those of records; what lies beside them is theirs too
 */
export function isListedFile(entry: FileEntry, databases: readonly string[]): boolean {
  const { path } = entry;
  return (
    entry.type !== 'directory' &&
    !isVolatilePath(path, entry.linkTarget) &&
    !PACKAGE_DATABASES.some((database) => database === path) &&
    !isOfDatabases(path, databases)
  );
}
