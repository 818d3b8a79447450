import { safeText } from '../core/index.ts';
import type {
  AcceptedSignature,
  AcceptedSigner,
  VerifiedSubject,
  VerifyBlobResult,
  VerifyImageResult,
} from '../app/index.ts';

type Wanted = VerifyImageResult['wanted'];

/** Who signed, one line each, then why each other bundle does not count; for each platform where they were asked for. */
export function renderVerification(result: VerifyImageResult): string {
  const { platforms, wanted } = result;
  const isIndex = result.kind === 'index';
  const covers = isIndex && platforms === undefined && wanted === 'signature';
  const lines = [
    `${verdictWord(result, wanted)}  ${safeText(result.image)}`,
    `digest    ${result.digest}${covers ? ' (index: covers all its platforms)' : isIndex ? ' (index)' : ''}`,
    ...subjectLines(result, wanted),
  ];
  for (const platform of platforms ?? []) {
    lines.push('', `${verdictWord(platform, wanted)}  ${safeText(platform.platform)}`, `digest    ${platform.digest}`);
    lines.push(...subjectLines(platform, wanted));
  }
  return lines.join('\n');
}

function subjectLines(result: VerifiedSubject, wanted: Wanted): readonly string[] {
  const lines: string[] = [];
  for (const item of result.accepted) lines.push(acceptedLine(item, wanted));
  for (const item of result.rejected) {
    const bundle = item.bundle ?? item.referrer;
    const which = bundle === undefined ? '' : ` (bundle ${bundle})`;
    lines.push(`refused   ${item.code}: ${safeText(item.reason)}${which}`);
  }
  const claimed = result.rejected.find((item) => item.code === 'IDENTITY_MISMATCH')?.claimedIdentity;
  if (claimed !== undefined) lines.push(identityHint(claimed));
  if (!result.verified && result.rejected.some((item) => item.code === 'LOG_MISSING'))
    lines.push('hint      signatures without a transparency log entry are accepted with --insecure-ignore-tlog');
  return lines;
}

/** Whether the bundle over a file verifies, by whom, or why not. */
export function renderBlobVerification(result: VerifyBlobResult): string {
  const lines = [
    `${result.verified ? 'VERIFIED' : 'NOT VERIFIED'}  ${safeText(result.file)}`,
    `digest    ${result.digest}`,
  ];
  if (result.signer !== undefined) {
    const { kind = 'signature', predicateType, signer } = result;
    lines.push(signerLine(signer, { what: kind, facts: predicateType === undefined ? [] : [predicateType] }));
  }
  if (result.reason !== undefined) lines.push(`refused   ${result.code}: ${safeText(result.reason)}`);
  if (result.code === 'IDENTITY_MISMATCH' && result.claimedIdentity !== undefined)
    lines.push(identityHint(result.claimedIdentity));
  return lines.join('\n');
}

function identityHint(claimed: string): string {
  return `hint      the certificate says ${safeText(claimed)}; expect that only if it is who should have signed`;
}

function acceptedLine(item: AcceptedSignature, wanted: string): string {
  const annotations = Object.entries(item.annotations).map(([key, value]) => `${key}=${value}`);
  const layout = item.legacy === true ? ['in the layout of cosign 1 and 2'] : [];
  return signerLine(item, { what: wanted, facts: [item.predicateType, ...layout, ...annotations] });
}

interface SignedFacts {
  readonly what: string;
  readonly facts: readonly string[];
}

/** Who, by whose word, when, where it is logged, and what: on one line, for people and for grep. */
function signerLine(item: AcceptedSigner, { what, facts }: SignedFacts): string {
  const who =
    item.kind === 'key'
      ? `by key ${safeText(item.signer.join(', '))} (${item.fingerprint})`
      : `by ${safeText(item.identity ?? '')}${item.issuer === undefined ? '' : `, vouched for by ${safeText(item.issuer)}`}`;
  const parts = [
    `accepted  ${what} ${who}`,
    ...item.times
      .slice(0, 1)
      .map(({ time, source }) => `${time} by ${source === 'clock' ? 'this machine’s clock' : `a ${source}`}`),
    ...item.logs.map(
      ({ index, operator }) => `log index ${safeText(index)}${operator === '' ? '' : ` (${safeText(operator)})`}`,
    ),
    ...(item.logVerified ? [] : ['no transparency log verified']),
    ...facts.map((text) => safeText(text)),
  ];
  return parts.join(', ');
}

function verdictWord(result: VerifiedSubject, wanted: Wanted): string {
  if (result.verified) return 'VERIFIED';
  if (result.code === 'UNSIGNED') return wanted === 'signature' ? 'UNSIGNED' : 'NO ATTESTATION of this type';
  if (result.code === 'THRESHOLD_NOT_MET') return `NOT VERIFIED (${result.signers} of ${result.threshold} signers)`;
  return 'NOT VERIFIED';
}
