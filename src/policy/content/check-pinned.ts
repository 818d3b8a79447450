import type { ImageView } from '../../evidence/index.ts';
import type { CheckResult } from '../decision.ts';
import { byStrictness, passed, shortList } from '../outcome.ts';

/**
 * A manifest that deploys an image by tag deploys whatever the tag leads to when it is applied, which nobody has checked. Nothing to say of images that no manifest
 * names.
 */
export function checkPinned(image: ImageView): readonly CheckResult[] {
  const { deployed, requested, name, digest } = image.evidence;
  if (deployed === undefined) return [];
  // a reference that could not even be read is an error already
  if (name === null && digest === null) return [];
  const places = deployed.places.map(({ file, line, column, path }) => `${file}:${line}:${column} ${path}`);
  const basis = digest === null ? {} : { digests: [digest] };
  if (requested.digest !== null) {
    return [passed({ check: 'pinned', code: 'IMAGE_PINNED', reason: 'manifests name the image by its digest', basis })];
  }
  return [
    byStrictness(deployed.unpinned, {
      check: 'pinned',
      code: 'IMAGE_NOT_PINNED',
      reason: `${shortList(places, 3)} names no digest: what the tag leads to when it is deployed is not what was checked`,
      basis,
      remedy:
        digest === null ? 'write the digest behind the tag' : `write @${digest} behind it, or let --write-pins do so`,
    }),
  ];
}
