import { safeText } from '../core/index.ts';
import { counted } from './counted.ts';
import type { DetectBaseResult, DetectedBuild, LayerRow, LockBasesResult, LockedBase } from '../app/index.ts';

const MAX_COMMAND_CHARS = 60;
const MAX_FINDINGS = 50;
const MAX_CONTAINED = 3;
const MAX_DIFFERENCES = 5;

/**
 * What an image stands on: the level, the proof, the claims, the layer stack from the top down, and what was done to the base.
 * @param options.compared whether there was a lock to compare with; true unless told
 */
export function renderBase(result: DetectBaseResult, options: { readonly compared?: boolean } = {}): string {
  const lines = [`${safeText(result.image)}  ${result.platform}  ${result.digest}`, `level     ${result.level}`];
  for (const match of result.matches) {
    lines.push(
      `base      ${safeText(match.entry)}: ${baseName(match)} (bottom ${counted(match.layerCount, 'layer')}, seen ${match.observedAt})`,
      `          ${match.digest}`,
    );
  }
  for (const base of result.contained.slice(0, MAX_CONTAINED)) {
    const name = `${safeText(base.entry)}: ${baseName(base)}`;
    lines.push(
      `contains  ${base.matched} of ${base.total} files of ${name} (seen ${base.observedAt}), and ${base.extra} others`,
      ...(base.differs.length === 0
        ? []
        : [`          differs: ${safeText(base.differs.slice(0, MAX_DIFFERENCES).join(', '))}`]),
    );
  }
  for (const claim of result.claims) {
    const what = claim.name ?? claim.digest ?? `boundary after layer ${(claim.layerCount ?? 0) - 1}`;
    lines.push(`claim     ${claim.source}: ${safeText(what)} (the image says so)`);
  }
  for (const build of result.builds) lines.push(...buildLines(build));
  for (const conflict of result.conflicts) lines.push(`conflict  ${safeText(conflict)}`);
  lines.push('layers    top to bottom');
  for (const row of result.layers.toReversed()) lines.push(layerLine(row));
  for (const finding of result.tamper.slice(0, MAX_FINDINGS)) {
    lines.push(
      `${finding.critical ? 'CRITICAL' : 'change  '}  ${finding.class} ${safeText(finding.path)}: ${safeText(finding.message)}${finding.layer === undefined ? '' : `, in layer ${finding.layer}`}`,
    );
  }
  if (result.tamper.length > MAX_FINDINGS)
    lines.push(`          and ${result.tamper.length - MAX_FINDINGS} more: see --json`);
  if (result.matches.length > 0)
    lines.push('The proof is of the bottom layers: what stands between them and the application is not proved.');
  if (options.compared === false)
    lines.push('Nothing was compared with the layers: --lock FILE names what waybill base lock saw.');
  return lines.join('\n');
}

/** `docker.io/library/debian:13`, safe for a terminal; without the tag where there is none. */
export function baseName({ image, tag }: { readonly image: string; readonly tag: string | null }): string {
  return `${safeText(image)}${tag === null ? '' : `:${safeText(tag)}`}`;
}

/** The base first, then what else went into the build. */
function buildLines({ builder, complete, inputs, mode }: DetectedBuild): string[] {
  const who = builder === '' ? 'a builder without a name' : safeText(builder);
  const images = inputs.filter(({ kind }) => kind === 'image' || kind === 'unknown');
  const lines = [
    `build     by ${who}, says BuildKit’s unsigned provenance${mode === undefined ? '' : ` (mode=${mode})`}; it ${complete ? 'says that it lists every input' : 'does not say that it lists every input'}`,
  ];
  for (const { uri, digest, isBase, role } of images.slice(0, MAX_FINDINGS)) {
    const what = isBase === true ? 'base' : (role ?? (isBase === null ? 'base or input' : 'input'));
    lines.push(`          ${what}: ${safeText(uri)}${digest === undefined ? '' : ` ${digest}`}`);
  }
  if (images.length > MAX_FINDINGS) lines.push(`          and ${images.length - MAX_FINDINGS} more: see --json`);
  return lines;
}

function layerLine(row: LayerRow): string {
  const command = safeText(row.createdBy ?? '');
  return `  ${row.share.padEnd(7)} ${String(row.index).padStart(3)}  ${row.diffId.slice(0, 19)}  ${command.length > MAX_COMMAND_CHARS ? `${command.slice(0, MAX_COMMAND_CHARS)}…` : command}`.trimEnd();
}

/** What was appended to the lock, and what else became of it. */
export function renderLock(result: LockBasesResult): string {
  const { pulled, merged, pushed, signatureFile, pinned } = result;
  const lines = result.locked.flatMap(lockedLines);
  if (pulled !== undefined)
    lines.unshift(`pulled    ${safeText(pulled.reference)}: ${counted(pulled.added, 'new record')}`);
  if (merged !== undefined) lines.unshift(`merged    ${safeText(merged.file)}: ${counted(merged.added, 'new record')}`);
  lines.push(`${safeText(result.lockFile)}: ${counted(result.records, 'record')}, head ${result.head ?? '-'}`);
  if (signatureFile !== undefined) lines.push(`signed: ${safeText(signatureFile)}`);
  if (result.refused !== undefined) {
    lines.push(
      `gates do not believe it yet: ${safeText(result.refused.reason)} [${result.refused.code}]`,
      '  sign what is there: waybill base lock --no-observe with --key FILE or --sign',
    );
  }
  if (pinned === true) lines.push('the policy pins this head');
  if (pushed !== undefined)
    lines.push(
      `pushed: ${safeText(pushed.reference)}  ${pushed.artifact}${pushed.signed ? ', with its signature' : ''}`,
    );
  return lines.join('\n');
}

function lockedLines(base: LockedBase): string[] {
  const { authenticated, signedBy, unjudged, lostPlatforms, fileLists } = base;
  const lists = fileLists === 0 ? '' : `, ${counted(fileLists, 'file list')}`;
  const lines = [
    `${base.change.padEnd(9)} ${safeText(base.entry)}  ${baseName(base)}  ${base.digest}  ${counted(base.platforms, 'platform')}, ${counted(base.bundles, 'signature bundle')}${lists}`,
  ];
  if (authenticated.length > 0) lines.push(`          signed by ${safeText(authenticated.join(', '))}`);
  else if (unjudged !== undefined) lines.push(`          signatures not judged: ${safeText(unjudged)}`);
  else if (signedBy.length > 0) lines.push(`          not signed by ${safeText(signedBy.join(' or '))}`);
  if (lostPlatforms.length > 0) lines.push(`          no more: ${safeText(lostPlatforms.join(', '))}`);
  if (base.change === 'returned') lines.push('          the tag was moved back to an earlier image');
  return lines;
}
