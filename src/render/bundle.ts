import type { InspectBundleResult } from '../app/index.ts';
import { safeText } from '../core/index.ts';

type Row = readonly [name: string, value: string];

/** What a bundle says, one fact a line, and that nothing of it is verified. */
export function renderBundle(result: InspectBundleResult): string {
  const rows: Row[] = [
    ['bundle', `${result.file}, version ${result.version}, ${result.content}`],
    ['digest', result.digest],
    ...(result.predicateType === undefined ? [] : [['type', result.predicateType] as const]),
    ...(result.subjects ?? []).map(({ name, digest }): Row => [
      'subject',
      `${digestText(digest)}${name === undefined ? '' : `  ${name}`}`,
    ]),
    ...(result.fileDigest === undefined ? [] : [['file', result.fileDigest] as const]),
    ...(result.keyHint === undefined ? [] : [['key hint', result.keyHint] as const]),
    ...result.certificates.slice(0, 1).flatMap(certificateRows),
    ...result.logEntries.map((entry): Row => ['log', logText(entry)]),
    ...result.timestamps.map((time): Row => ['timestamp', time]),
    ...result.problems.map((problem): Row => ['problem', problem]),
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(10)}${safeText(value)}`);
  return [...lines, 'Nothing of this is verified: it is what the bundle says.'].join('\n');
}

function digestText(digest: Readonly<Record<string, string>>): string {
  return Object.entries(digest)
    .map(([algorithm, hex]) => `${algorithm}:${hex}`)
    .join(' ');
}

function certificateRows(certificate: InspectBundleResult['certificates'][number]): readonly Row[] {
  return [
    ...certificate.names.map((name): Row => ['identity', name]),
    ...(certificate.issuer === undefined ? [] : [['issuer', certificate.issuer] as const]),
    ['valid', `${certificate.notBefore} to ${certificate.notAfter}`],
    ...Object.entries(certificate.extensions).map(([name, value]): Row => ['', `${name}: ${value}`]),
  ];
}

function logText({
  logIndex,
  type,
  integratedTime,
  hasPromise,
  hasProof,
  logId,
}: InspectBundleResult['logEntries'][number]): string {
  const proofs = [hasPromise ? 'promise' : '', hasProof ? 'inclusion proof' : ''].filter((text) => text !== '');
  const time = integratedTime === undefined ? '' : `, ${integratedTime}`;
  return `index ${logIndex}${time}, ${type}, ${proofs.join(' and ')}, log ${logId.slice(0, 16)}`;
}
