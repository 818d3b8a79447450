import { safeText } from '../core/index.ts';
import type { VerifyImageResult } from '../app/index.ts';

/** Who signed, one line each, then why each other bundle does not count. */
export function renderVerification(result: VerifyImageResult): string {
  const lines = [
    `${verdictWord(result)}  ${safeText(result.image)}`,
    `digest    ${result.digest}${result.kind === 'index' ? ' (index: covers all its platforms)' : ''}`,
  ];
  for (const item of result.accepted) {
    const annotations = Object.entries(item.annotations).map(([key, value]) => `${safeText(key)}=${safeText(value)}`);
    lines.push(`accepted  ${result.wanted} by key ${safeText(item.signer.join(', '))} (${item.fingerprint})`);
    lines.push(
      `          ${safeText(item.predicateType)}, no transparency log verified${annotations.length === 0 ? '' : `, ${annotations.join(' ')}`}`,
    );
  }
  for (const item of result.rejected) {
    lines.push(`refused   ${item.code}: ${safeText(item.reason)}`);
    if (item.bundle !== undefined || item.referrer !== undefined)
      lines.push(`          bundle ${item.bundle ?? item.referrer}`);
  }
  if (!result.verified && result.rejected.some((item) => item.code === 'LOG_MISSING'))
    lines.push('hint      signatures without a transparency log entry are accepted with --insecure-ignore-tlog');
  return lines.join('\n');
}

function verdictWord(result: VerifyImageResult): string {
  if (result.verified) return 'VERIFIED';
  if (result.code === 'UNSIGNED') return result.wanted === 'signature' ? 'UNSIGNED' : 'NO ATTESTATION of this type';
  if (result.code === 'THRESHOLD_NOT_MET') return `NOT VERIFIED (${result.signers} of ${result.threshold} signers)`;
  return 'NOT VERIFIED';
}
