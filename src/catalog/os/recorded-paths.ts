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
