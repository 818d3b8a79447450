import { safeText } from '../core/index.ts';
import type { CopyImageResult } from '../app/index.ts';

/** What was copied, what was there, and what is missing. */
export function renderCopy(result: CopyImageResult): string {
  const { blobs, manifests, attached } = result;
  return [
    `copied      ${safeText(result.from)}`,
    `to          ${safeText(result.to)}`,
    `digest      ${result.digest} (${result.kind})`,
    `blobs       ${counts([
      [blobs.copied, `copied (${size(blobs.copiedBytes)})`],
      [blobs.mounted, `taken over (${size(blobs.mountedBytes)})`],
      [blobs.present, `there already (${size(blobs.presentBytes)})`],
    ])}`,
    `manifests   ${counts([
      [manifests.copied, 'copied'],
      [manifests.present, 'there already'],
    ])}`,
    `attached    ${counts([
      [attached.filter(({ outcome }) => outcome === 'copied').length, 'copied'],
      [attached.filter(({ outcome }) => outcome === 'present').length, 'there already'],
    ])}`,
    ...result.notCopied.map(
      ({ digest, subject, tag, code, reason }) =>
        `not copied  ${safeText(tag ?? digest ?? subject)}: ${code}: ${safeText(reason)}`,
    ),
    ...result.nondistributable.map((digest) => `left out    ${digest}: a layer that is not to be passed on`),
  ].join('\n');
}

function counts(parts: readonly (readonly [number, string])[]): string {
  const some = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return some.length === 0 ? 'none' : some.join(', ');
}

function size(bytes: number): string {
  return bytes < 100_000 ? `${bytes} bytes` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
