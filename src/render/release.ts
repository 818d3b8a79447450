import { signerLines } from './signed.ts';
import { safeText } from '../core/index.ts';
import type { ReleaseImageResult } from '../app/index.ts';

/** What was made and what was there already, one line each. */
export function renderRelease(result: ReleaseImageResult): string {
  const steps = result.steps.map((step) => {
    const platform = step.platform === undefined ? '' : ` ${safeText(step.platform)}`;
    const packages = step.packages === undefined ? '' : `, ${step.packages} packages`;
    return `${step.outcome === 'made' ? 'made   ' : 'present'}   ${step.what}${platform} on ${step.subject}${packages}, verified`;
  });
  return [
    `released  ${safeText(result.image)}`,
    `digest    ${result.digest} (${result.kind})`,
    ...signerLines(result),
    ...steps,
  ].join('\n');
}
