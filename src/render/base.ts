import { safeText } from '../core/index.ts';
import type { DetectBaseResult, LayerRow, LockBasesResult } from '../app/index.ts';

const MAX_COMMAND_CHARS = 60;
const MAX_FINDINGS = 50;

/** What an image stands on: the level, the proof, the claims, the layer stack from the top down, and what was done to the base. */
export function renderBase(result: DetectBaseResult): string {
  const lines = [`${safeText(result.image)}  ${result.platform}  ${result.digest}`, `level     ${result.level}`];
  for (const match of result.matches) {
    lines.push(
      `base      ${safeText(match.entry)}: ${safeText(match.image)}${match.tag === null ? '' : `:${safeText(match.tag)}`} (bottom ${match.layerCount} layers, seen ${match.observedAt})`,
      `          ${match.digest}`,
    );
  }
  for (const claim of result.claims) {
    const what = claim.name ?? claim.digest ?? `boundary after layer ${(claim.layerCount ?? 0) - 1}`;
    lines.push(`claim     ${claim.source}: ${safeText(what)} (the image says so)`);
  }
  for (const conflict of result.conflicts) lines.push(`conflict  ${safeText(conflict)}`);
  lines.push('layers    top to bottom');
  for (const row of result.layers.toReversed()) lines.push(layerLine(row));
  for (const finding of result.tamper.slice(0, MAX_FINDINGS)) {
    lines.push(
      `${finding.critical ? 'CRITICAL' : 'change  '}  ${finding.class} ${safeText(finding.path)}: ${safeText(finding.message)}`,
    );
  }
  if (result.tamper.length > MAX_FINDINGS)
    lines.push(`          and ${result.tamper.length - MAX_FINDINGS} more: see --json`);
  if (result.matches.length > 0)
    lines.push('The proof is of the bottom layers: what stands between them and the application is not proved.');
  return lines.join('\n');
}

function layerLine(row: LayerRow): string {
  const command = safeText(row.createdBy ?? '');
  return `  ${row.share.padEnd(7)} ${String(row.index).padStart(3)}  ${row.diffId.slice(0, 19)}  ${command.length > MAX_COMMAND_CHARS ? `${command.slice(0, MAX_COMMAND_CHARS)}…` : command}`.trimEnd();
}

/** What was appended to the lock. */
export function renderLock(result: LockBasesResult): string {
  const rows = result.locked.map(
    (base) =>
      `${base.change.padEnd(9)} ${safeText(base.entry)}  ${safeText(base.image)}${base.tag === null ? '' : `:${safeText(base.tag)}`}  ${base.digest}  ${base.platforms} platform(s), ${base.bundles} signature bundle(s)`,
  );
  const signature = result.signatureFile === undefined ? [] : [`signed: ${safeText(result.signatureFile)}`];
  return [...rows, `${safeText(result.lockFile)}: ${result.records} records, head ${result.head}`, ...signature].join(
    '\n',
  );
}
