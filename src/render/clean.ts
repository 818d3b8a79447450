import { safeText } from '../core/index.ts';
import type { CleanImageResult, CleanedItem } from '../app/index.ts';

/** What was removed, or would be. */
export function renderClean(result: CleanImageResult, dryRun: boolean): string {
  const { items, removed } = result;
  const head = [`image     ${safeText(result.image)}`, `digest    ${result.digest} (${result.kind})`];
  if (items.length === 0) return [...head, 'nothing to remove'].join('\n');
  const verdict = removed ? 'removed' : dryRun ? 'would be removed' : 'not removed';
  return [...head, renderCleanItems(items), `${items.length} ${verdict}`].join('\n');
}

/** One line for each. */
export function renderCleanItems(items: readonly CleanedItem[]): string {
  return items.map(line).join('\n');
}

function line({ kind, digest, subject, platform, tag, artifactType, predicateType }: CleanedItem): string {
  const what =
    kind === 'listing'
      ? 'list entry that leads nowhere'
      : kind === 'signature'
        ? kind
        : [kind, predicateType ?? artifactType].filter(Boolean).join(' ');
  const where = platform === undefined ? subject : `${platform} ${subject}`;
  // what goes is the manifest; the bundle that `tree` names is in it
  const item = tag === undefined ? `manifest ${digest}` : `tag ${tag}`;
  return `${safeText(what)}  ${safeText(item)}  on ${safeText(where)}`;
}
