import { createHash } from 'node:crypto';
import type { RecordedFile } from '../../packages/index.ts';
import type { OwnedPaths } from './owned-paths.ts';

/** What a package's record says of files, by where they are on disk, or would be if they were there. */
export function recordedOnDisk(
  owned: OwnedPaths,
  recorded: ReadonlyMap<string, RecordedFile>,
): ReadonlyMap<string, RecordedFile> {
  const found = new Map<string, RecordedFile>();
  for (const [path, digest] of recorded) {
    const place = owned.locate(path);
    if (place !== undefined) found.set(place, digest);
  }
  return found;
}

/** A link's recorded target as a record that the ledger compares; undefined where it is not known in which bytes it was written. */
export function recordedLink(target: string): RecordedFile | undefined {
  if (!/^[ -~]{1,4096}$/.test(target)) return undefined;
  return { algorithm: 'sha256', hex: createHash('sha256').update(target).digest('hex') };
}
