import { LIMITS } from '../core/index.ts';
import type { CapturedFile, FileView } from '../filesystem/index.ts';
import type { Diagnostic } from '../packages/index.ts';
import type { Cataloger } from './contract.ts';

const MiB = 1024 * 1024;
const MAX_CAPTURED_FILES = 250_000;
/** Bytes that links lead to again, each time parsed again, of one rule: what caches share with environments by hard links is of that order. */
const MAX_REPEATED_BYTES = 128 * MiB;
/** Those of single files that are so large as no manifest that is linked ever was. */
const LARGE_BYTES = MiB;
const MAX_LARGE_REPEATED_BYTES = 16 * MiB;

export function tooMany(cataloger: Cataloger, what: string): Diagnostic {
  const message = `${cataloger.title}: ${what}`;
  return { code: 'too-many-packages', severity: 'error', message, source: cataloger.id };
}

/**
 * The view with at most so many files per rule, the first by path, and so many bytes read by path: links to one file are read, and parsed, once for each.
 * `diagnostics` grows when it had more.
 */
export function limitView(
  view: FileView,
  cataloger: Cataloger,
): { readonly view: FileView; readonly diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const captured: FileView['captured'] = (ruleId) => {
    const found = view.captured(ruleId);
    const files = withoutRepetitions(found);
    if (files.length < found.length) {
      const message = `${found.length - files.length} of ${found.length} files of ${ruleId} are links to others that were read as often as any real image has it; they are not read again`;
      diagnostics.push(tooMany(cataloger, message));
    }
    const count = readableCount(files);
    if (count === files.length) return files;
    const message = `${files.length} files of ${ruleId} are more, in number or in bytes, than any real image has; after ${count} the rest is not read`;
    diagnostics.push(tooMany(cataloger, message));
    return files.slice(0, count);
  };
  let bytesLeft: number = LIMITS.capturedBytesTotal;
  const read: FileView['read'] = (path) => {
    const bytes = view.read(path);
    if (bytes === undefined || bytesLeft < 0) return undefined;
    bytesLeft -= bytes.byteLength;
    if (bytesLeft >= 0) return bytes;
    diagnostics.push(
      tooMany(
        cataloger,
        `the files beside its records have more bytes than any real image; from /${path} on they are not read`,
      ),
    );
    return undefined;
  };
  const limited: FileView = {
    get size() {
      return view.size;
    },
    get idLimit() {
      return view.idLimit;
    },
    lookup: (path) => view.lookup(path),
    resolve: (path) => view.resolve(path),
    list: (directory) => view.list(directory),
    folder: (directory) => view.folder(directory),
    entries: () => view.entries(),
    folders: () => view.folders(),
    captured,
    read,
    contentDigest: (path, algorithm) => view.contentDigest(path, algorithm),
  };
  return { view: limited, diagnostics };
}

/** How many of the files may be read. Bytes that hard links share are counted for each: they are parsed as often. */
function readableCount(files: readonly CapturedFile[]): number {
  let bytesLeft: number = LIMITS.capturedBytesTotal;
  const end = files.findIndex(({ bytes }, index) => {
    bytesLeft -= bytes.byteLength;
    return bytesLeft < 0 || index >= MAX_CAPTURED_FILES;
  });
  return end < 0 ? files.length : end;
}

/** Without links that lead to the same bytes again, once those were too many. Files that nothing leads to twice stay, wherever they lie. */
function withoutRepetitions(files: readonly CapturedFile[]): readonly CapturedFile[] {
  const seen = new Map<ArrayBufferLike, Set<number>>();
  let [left, largeLeft] = [MAX_REPEATED_BYTES, MAX_LARGE_REPEATED_BYTES];
  return files.filter(({ bytes: { buffer, byteOffset, byteLength } }) => {
    if (byteLength === 0) return true;
    const places = seen.get(buffer) ?? new Set();
    seen.set(buffer, places);
    if (!places.has(byteOffset)) {
      places.add(byteOffset);
      return true;
    }
    const isLarge = byteLength > LARGE_BYTES;
    if (left <= 0 || (isLarge && largeLeft <= 0)) return false;
    left -= byteLength;
    if (isLarge) largeLeft -= byteLength;
    return true;
  });
}
