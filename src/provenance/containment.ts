import { compareCodeUnits, type Digest } from '../core/index.ts';
import type { FileView } from '../filesystem/index.ts';
import { isSamePlatform } from '../image/index.ts';
import { compareWithBase, fileFact, recordDatabases, sameFact, type BaseComparisonInput } from './compare-base.ts';
import { isListedFile, readFileList, type FileListBytes } from './file-list.ts';
import { lockBlob } from './lock.ts';
import { matchBases, type MatchableImage } from './match-bases.ts';
import type { BaseContainment, BaseMatch, Lock, PackageRecords } from './types.ts';

/** Paths of one kind that a containment names; the counts are exact. */
const MAX_PATHS = 1000;

/** Most file lists that one image is compared with, newest first; for one that was not, deciding has no fact and says so. */
const MAX_FILE_LISTS = 64;

/** A base with fewer files than this proves nothing by its files: too many images happen to have them. */
export const MIN_CONTAINED_FILES = 50;

/** An image as it is looked at file by file. */
export interface ContainingImage extends Pick<BaseComparisonInput, 'final' | 'env' | 'workingDirectory'> {
  readonly records?: PackageRecords;
}

/**
 * Looks for a locked base in an image's final view, file by file: type, mode, owner, content or link target, and extended attributes. Where all of it is there,
 * what else the image has is compared with the base as upper layers are: critical additions, accounts, package databases.
 * @param list hostile; its digest has been compared
 * @param image its final view with COMPARISON_CAPTURES and COMPARISON_DIGESTS, what its configuration says, and records of its rpm, opkg and pacman databases, without which
 *   these are compared as files
 * @throws AppError LOCK_FILE_LIST_MALFORMED
 */
export function findContainment(list: FileListBytes, image: ContainingImage): BaseContainment {
  const { view: base, records: before } = readFileList(list.bytes);
  const { final, records: after, ...configured } = image;
  const records = before === undefined || after === undefined ? undefined : { base: before, final: after };
  const databases = recordDatabases(records);
  const relinked = changedByLinks(final);
  const missing: string[] = [];
  const changed: string[] = [];
  let total = 0;
  for (const entry of base.entries()) {
    if (!isListedFile(entry, databases)) continue;
    total += 1;
    const now = final.lookup(entry.path);
    if (now === undefined || now.path !== entry.path) missing.push(entry.path);
    else if (relinked.has(entry.path) || !sameFact(fileFact(base, entry), fileFact(final, now)))
      changed.push(entry.path);
  }
  const extra = extraFiles(base, final, databases);
  const compared = records === undefined ? {} : { records };
  const matched = total - missing.length - changed.length;
  const isWhole = matched === total && total >= MIN_CONTAINED_FILES;
  return {
    fileList: list.digest,
    total,
    matched,
    missing: missing.toSorted(compareCodeUnits).slice(0, MAX_PATHS),
    changed: changed.toSorted(compareCodeUnits).slice(0, MAX_PATHS),
    extra: extra.length,
    extraFiles: extra.slice(0, MAX_PATHS),
    ...(isWhole ? { comparison: compareWithBase({ ...configured, ...compared, base, final, layerCount: 0 }) } : {}),
  };
}

/** Files whose mode, owner or attributes are those of a hard link to them: its header sets them, under whatever name the link has. */
function changedByLinks(final: FileView): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const entry of final.entries()) {
    const target = entry.hardLinkTo === undefined ? undefined : final.lookup(entry.hardLinkTo);
    if (target === undefined) continue;
    const { mode, uid, gid, xattrs } = fileFact(final, target);
    const link = fileFact(final, entry);
    // archives tell attributes with the file itself, seldom with links to it
    const attributes = link.xattrs === undefined || xattrs === undefined ? {} : { xattrs };
    const set = { ...link, mode, uid, gid, ...attributes };
    if (!sameFact(link, set)) changed.add(target.path);
  }
  return changed;
}

function extraFiles(base: FileView, final: FileView, databases: readonly string[]): readonly string[] {
  const extra: string[] = [];
  for (const entry of final.entries()) {
    if (isListedFile(entry, databases) && base.lookup(entry.path)?.path !== entry.path) extra.push(entry.path);
  }
  return extra.toSorted(compareCodeUnits);
}

/** File lists of this platform's locked bases, each once; none where layers tell the base, which is worth more. */
export function candidateLists(lock: Lock, image: MatchableImage): readonly FileListBytes[] {
  if (matchBases(lock, image).length > 0) return [];
  const lists = new Map<Digest, FileListBytes>();
  for (const record of lock.records.toReversed()) {
    for (const { platform, fileList } of record.platforms) {
      if (fileList === undefined || lists.size >= MAX_FILE_LISTS || lists.has(fileList)) continue;
      if (isSamePlatform(platform, image.platform))
        lists.set(fileList, { digest: fileList, bytes: lockBlob(record, fileList) });
    }
  }
  return [...lists.values()].toSorted((a, b) => compareCodeUnits(a.digest, b.digest));
}

/** Records of the lock by the containments that were found for a platform, in the order of the lock; `layerCount` is 0, as files say nothing of layers. */
export function containedRecords(
  lock: Lock,
  platform: MatchableImage['platform'],
  found: readonly BaseContainment[],
): readonly { readonly match: BaseMatch; readonly containment: BaseContainment }[] {
  if (found.length === 0) return [];
  const byList = new Map(found.map((containment) => [containment.fileList, containment]));
  return lock.records.flatMap((record) =>
    record.platforms.flatMap((base) => {
      const containment = base.fileList === undefined ? undefined : byList.get(base.fileList);
      if (containment === undefined || !isSamePlatform(base.platform, platform)) return [];
      return [{ match: { entry: record.entry, record, platform: base, layerCount: 0 }, containment }];
    }),
  );
}
