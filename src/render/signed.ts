import { safeText } from '../core/index.ts';
import type {
  AttestBlobResult,
  AttestImageResult,
  SignBlobsResult,
  SignedBy,
  SignedSubject,
  SignImageResult,
  Witnessed,
} from '../app/index.ts';

/** What was signed, by whom, and where the bundle is. */
export function renderSigned(result: SignImageResult): string {
  return subjects('signed', result).join('\n');
}

/** The same of a statement. */
export function renderAttested(result: AttestImageResult): string {
  const { document } = result;
  return [
    ...subjects('attested', result),
    ...(document === undefined
      ? []
      : [`document  ${document.digest} (${document.sizeBytes} bytes, ${safeText(document.mediaType)})`]),
  ].join('\n');
}

/** The bundles of files. */
export function renderBlobsSigned(result: SignBlobsResult): string {
  const files = result.files.flatMap((item) => [
    `signed    ${safeText(item.file)} (${item.digest})`,
    ...witnessLines(item),
    `bundle    ${safeText(item.bundleFile)}`,
  ]);
  return [...files, ...signerLines(result)].join('\n');
}

/** The bundle of a statement about files. */
export function renderBlobAttested(result: AttestBlobResult): string {
  return [
    ...result.subjects.map(({ name = '', digest }) => `attested  ${safeText(name)} (${digest})`),
    `type      ${safeText(result.predicateType)}`,
    ...signerLines(result),
    ...witnessLines(result),
    `bundle    ${safeText(result.bundleFile)}`,
  ].join('\n');
}

/** Who signed: a key by its fingerprint, an identity by its name. */
export function signerLines({ signer, identity, issuer, provider }: SignedBy): readonly string[] {
  if (identity === undefined) return [`key       ${signer}`];
  return [
    `signer    ${safeText(identity)}`,
    ...(issuer === undefined ? [] : [`issuer    ${safeText(issuer)}`]),
    ...(provider === undefined ? [] : [`identity  from ${safeText(provider)}`]),
  ];
}

function subjects(verb: string, result: SignImageResult): readonly string[] {
  const { platforms = [] } = result;
  return [
    ...platforms.flatMap((item) => [
      `${verb.padEnd(9)} ${item.subject} (${safeText(item.platform ?? '')})`,
      ...made(item),
    ]),
    `${verb.padEnd(9)} ${result.subject} (${result.kind})`,
    ...(verb === 'signed' ? [] : [`type      ${safeText(result.predicateType)}`]),
    ...signerLines(result),
    ...made(result),
  ];
}

function made(item: SignedSubject): readonly string[] {
  return [
    ...witnessLines(item),
    `bundle    ${item.bundle}${item.referrer === undefined ? ' (not attached)' : ''}`,
    ...(item.bundleFile === undefined ? [] : [`file      ${safeText(item.bundleFile)}`]),
  ];
}

function witnessLines({ logs, times }: Witnessed): readonly string[] {
  return [
    ...logs.map(({ index, operator }) => `log       index ${safeText(index)} of ${safeText(operator)}`),
    ...times.map(({ time, source, operator }) => `time      ${time} by a ${source} of ${safeText(operator)}`),
  ];
}
