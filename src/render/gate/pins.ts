import { safeText } from '../../core/index.ts';
import type { WrittenPins } from '../../app/index.ts';

/** What was pinned in manifests, a line each, and what was not. */
export function renderPins({ written, missing }: WrittenPins): string {
  return [
    ...written.map(({ file, line, image, digest }) => `pinned ${safeText(`${file}:${line} ${image}`)} to ${digest}`),
    ...missing.map(({ file, line, image, reason }) => `not pinned ${safeText(`${file}:${line} ${image}`)}: ${reason}`),
  ].join('\n');
}
