import { recordHasDigest, type BuildInput, type Lock, type LockRecord } from '../../provenance/index.ts';
import { isImageEntry, isTagAllowed, tagLeftAt } from '../base/base-standing.ts';
import type { RuleContext } from '../context.ts';
import type { BaseEntry } from '../file/types.ts';

/** Whether an input may be an image: one is, and what cannot be told might be one. */
export function mayBeImage({ kind }: BuildInput): boolean {
  return kind === 'image' || kind === 'unknown';
}

/**
 * Whether the lock knows an image input as one of the allowed entries: by name and digest together, under a tag that the entry allows, and not longer ago
 * than its history allows.
 */
export function isAllowedInput(context: RuleContext, input: BuildInput, allow: readonly string[]): boolean {
  const { lock, policy } = context.loaded;
  const { digest, repository } = input;
  if (lock === undefined || input.kind !== 'image' || digest === undefined || repository === undefined) return false;
  return lock.records.some((record) => {
    if (!recordHasDigest(record, digest) || !allow.includes(record.entry)) return false;
    const entry = policy.bases?.entries.find((candidate) => candidate.name === record.entry);
    if (entry === undefined || !isImageEntry(entry)) return false;
    if (entry.image !== record.image || entry.image !== repository) return false;
    return isTagAllowed(entry, record) && !hasLapsed({ lock, entry, record }, context.now);
  });
}

/** The tag left what this record saw longer ago than the entry's history allows, on every platform of it. */
function hasLapsed(
  { lock, entry, record }: { readonly lock: Lock; readonly entry: BaseEntry; readonly record: LockRecord },
  now: Date,
): boolean {
  const { history } = entry;
  if (history === undefined) return false;
  return record.platforms.every((platform) => {
    const left = tagLeftAt(lock, { record, platform });
    return left !== undefined && now.getTime() - left.getTime() > history;
  });
}

/** An input for people: what it was for, where that is known, and its digest. */
export function inputText({ uri, digest, role }: BuildInput): string {
  const what = role === undefined || role === 'stage' ? '' : ` (${role})`;
  return `${uri}${digest === undefined || uri.includes(digest) ? '' : ` ${digest}`}${what}`;
}
