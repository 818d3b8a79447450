import { safeText } from '../core/index.ts';
import type { ChangedPackage, CheckBaseResult, CheckedBase, DiffBaseResult } from '../app/index.ts';
import { baseName } from './base.ts';
import { counted } from './counted.ts';
import { renderTable, type TableColumn, type TableOptions } from './table.ts';

/** How the base of each platform stands today, and what is alarming. */
export function renderBaseCheck(result: CheckBaseResult): string {
  const lines = [`${safeText(result.image)}  ${result.digest}`];
  for (const platform of result.platforms) lines.push(...platformLines(platform));
  if (!result.refreshed) lines.push('Where tags lead is from the lock; --refresh asks the registries.');
  return lines.join('\n');
}

function platformLines({ platform, state, base, behind, endOfLife, observedAt, alarms }: CheckedBase): string[] {
  const lines = [`${state.padEnd(9)} ${platform}${base === undefined ? '' : `  ${baseName(base)}  ${base.digest}`}`];
  if (state === 'unknown') lines.push('          its bottom layers are those of no base in the lock');
  if (behind !== undefined) {
    lines.push(
      `          since ${behind.since}; ${safeText(behind.tag)} led to ${counted(behind.images, 'other image')} since, now ${behind.current}`,
    );
  }
  if (observedAt !== undefined) lines.push(`          tags last looked at ${observedAt}`);
  if (endOfLife !== undefined) lines.push(`          maintained until ${endOfLife}`);
  for (const { code, reason } of alarms) lines.push(`ALARM     ${code}: ${safeText(reason)}`);
  return lines;
}

const COLUMNS: readonly TableColumn<ChangedPackage>[] = [
  { title: 'CHANGE', value: ({ change }) => change },
  { title: 'PACKAGE', value: ({ name }) => name, shrink: 1 },
  { title: 'TYPE', value: ({ type }) => type },
  { title: 'FROM', value: ({ from }) => (from ?? []).join(' '), shrink: 2 },
  { title: 'TO', value: ({ to }) => to ?? '', shrink: 2 },
];

/** What a rebuild on another base would change. */
export function renderBaseDiff(result: DiffBaseResult, options: TableOptions): string {
  const { from, to, packages, unchanged, same } = result;
  const lines = [
    `${safeText(result.image)}  ${result.platform}  ${result.digest}`,
    `from  ${baseName(from)}  ${from.digest} (bottom ${counted(from.layerCount, 'layer')})`,
    `to    ${safeText(to.reference)}  ${to.digest}`,
  ];
  if (packages.length > 0) lines.push('', renderTable(COLUMNS, packages, options).trimEnd(), '');
  lines.push(
    same
      ? 'the same base: a rebuild would change nothing of it'
      : `${counted(packages.length, 'package')} would change, ${unchanged} would not`,
  );
  return lines.join('\n');
}
