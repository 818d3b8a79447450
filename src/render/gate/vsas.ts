import { safeText } from '../../core/index.ts';
import type { VsaReport } from '../../app/index.ts';

/** Verification summaries that were signed, a line each, and who got none. */
export function renderVsas({ signedBy, emitted, omitted, file }: VsaReport): string {
  const who = signedBy === undefined ? '' : ` as ${safeText(signedBy.identity ?? signedBy.signer)}`;
  const where = file === undefined ? '' : `, in ${safeText(file)}`;
  return [
    ...emitted.map(
      ({ image, subject, referrer }) =>
        `signed a verification summary of ${safeText(image)} ${subject}${who}${where}${referrer === undefined ? '' : ', attached'}`,
    ),
    ...omitted.map(({ reference, reason }) => `no verification summary of ${safeText(reference)}: ${reason}`),
  ].join('\n');
}
