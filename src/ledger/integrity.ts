import { createHash } from 'node:crypto';
import type { FileEntry, FileView } from '../filesystem/index.ts';
import type { RecordedFile } from '../packages/index.ts';

/** What comparing one file with one record gave. */
export type Comparison =
  | { readonly outcome: 'verified' | 'unknown' }
  /** `found` is absent when a link took the place of a file. */
  | { readonly outcome: 'different'; readonly found?: string };

const VERIFIED: Comparison = { outcome: 'verified' };
const UNKNOWN: Comparison = { outcome: 'unknown' };

/**
 * Compares an entry with what a package recorded of it. Of a symbolic link the target counts, as apk and rpm record it; other databases record digests of
 * regular files only, so that a link there differs. A record that is cut counts as far as it goes. `unknown`: the pass over the layers made no digest of that kind.
 */
export function compareFile(view: FileView, entry: FileEntry, recorded: RecordedFile): Comparison {
  const { algorithm, hex } = recorded;
  if (algorithm === 'other') return entry.type === 'symlink' ? { outcome: 'different' } : UNKNOWN;
  if (entry.type === 'symlink') {
    return digestOf(algorithm, entry.linkTarget ?? '').startsWith(hex) ? VERIFIED : { outcome: 'different' };
  }
  const found = entry.sizeBytes === 0 ? digestOf(algorithm, '') : view.contentDigest(entry.path, algorithm);
  if (found === undefined) return UNKNOWN;
  return found.startsWith(hex) ? VERIFIED : { outcome: 'different', found };
}

function digestOf(algorithm: Exclude<RecordedFile['algorithm'], 'other'>, text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}
