import { closeSync, openSync, readSync } from 'node:fs';
import { binaryCataloger } from '../../src/catalog/binary/classifier.ts';
import type { CatalogResult } from '../../src/catalog/contract.ts';
import type { CapturedFile, CaptureRule, FileEntry } from '../../src/filesystem/index.ts';
import { compilePatterns, PatternScan } from '../../src/formats/index.ts';
import { memoryView } from './memory-view.ts';

const CHUNK_BYTES = 1024 * 1024;

/** What the classifiers find in files of this machine. @param files by path in a made-up image, where each really lies */
export function classifyFiles(files: ReadonlyMap<string, string>): CatalogResult {
  return classify(files, readChunks);
}

/** What the classifiers find in files with these bytes. @param files by path in a made-up image */
export function classifyBytes(files: ReadonlyMap<string, Buffer>): CatalogResult {
  return classify(files, (bytes) => [bytes]);
}

function classify<File>(files: ReadonlyMap<string, File>, chunksOf: (file: File) => Iterable<Buffer>): CatalogResult {
  const captured = new Map<string, CapturedFile[]>();
  for (const [path, file] of files) {
    for (const rule of binaryCataloger.captures) {
      if (!wants(rule, path)) continue;
      const hits = scan(rule, chunksOf(file));
      if (hits.length === 0) continue;
      const list = captured.get(rule.id) ?? [];
      captured.set(rule.id, list);
      list.push({ entry: entryOf(path), bytes: Buffer.from(JSON.stringify(hits)) });
    }
  }
  const view = { ...memoryView({}), captured: (id: string) => captured.get(id) ?? [] };
  return binaryCataloger.catalog({ view, distribution: undefined });
}

/** Whether any classifier looks into a file of this name. */
export function isCandidate(path: string): boolean {
  return binaryCataloger.captures.some((rule) => wants(rule, path));
}

function wants({ names, prefixes, pathSuffixes }: CaptureRule, path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (names?.includes(name) === true || prefixes?.some((prefix) => name.startsWith(prefix)) === true) return true;
  return pathSuffixes?.some((suffix) => path === suffix || path.endsWith(`/${suffix}`)) ?? false;
}

function scan({ extract }: CaptureRule, chunks: Iterable<Buffer>): readonly unknown[] {
  if (extract?.kind !== 'patterns') return [];
  const scanner = new PatternScan(compilePatterns(extract.patterns));
  for (const chunk of chunks) scanner.add(chunk);
  return scanner.end();
}

function* readChunks(file: string): Generator<Buffer> {
  const handle = openSync(file, 'r');
  try {
    for (;;) {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const read = readSync(handle, chunk);
      if (read === 0) return;
      yield chunk.subarray(0, read);
    }
  } finally {
    closeSync(handle);
  }
}

function entryOf(path: string): FileEntry {
  return { id: 0, path, type: 'file', sizeBytes: 0, mode: 0o755, uid: 0, gid: 0, mtime: 0, layer: 0 };
}
