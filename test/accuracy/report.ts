import type { Adjudication } from './adjudications.ts';
import { isSettled, type Comparison, type Difference } from './compare.ts';
import { findingKey } from './finding.ts';

const HEAD = ['image', 'compared with', 'type', 'theirs', 'ours', 'recall', 'precision', 'judged', 'open'];

/** The table, and below it every difference that is not settled; with `all` the settled ones too. */
export function printComparisons(comparisons: readonly Comparison[], all: boolean): void {
  const rows = comparisons.map((one) => {
    const settled = one.differences.filter(isSettled);
    const covered = one.ours - one.differences.filter(({ side }) => side === 'ours').length;
    return [
      one.image,
      one.tool,
      one.type,
      String(one.theirs),
      String(one.ours),
      percent(one.common, one.theirs),
      percent(covered, one.ours),
      String(settled.length),
      String(one.differences.length - settled.length),
    ];
  });
  const widths = HEAD.map((head, index) => Math.max(head.length, ...rows.map((row) => row[index]?.length ?? 0)));
  for (const row of [HEAD, ...rows])
    console.log(
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  for (const one of comparisons) {
    const shown = one.differences.filter((difference) => all || !isSettled(difference));
    if (shown.length > 0) console.log(`\n${one.image}, ${one.tool}, ${one.type}:`);
    for (const difference of shown) console.log(`  ${describe(one.tool, difference)}`);
  }
}

/** Rows that settled nothing: what they were about is gone. */
export function unusedAdjudications(
  rows: readonly Adjudication[],
  comparisons: readonly Comparison[],
): readonly Adjudication[] {
  const used = new Set(comparisons.flatMap(({ differences }) => differences.map(({ adjudication }) => adjudication)));
  return rows.filter((row) => !used.has(row));
}

function describe(tool: string, { side, finding, adjudication }: Difference): string {
  const who = side === 'ours' ? 'only ours' : `only ${tool}`;
  const where = finding.places.length === 0 ? '' : `  ${finding.places.slice(0, 3).join(' ')}`;
  const why = adjudication === undefined ? '' : `\n      ${adjudication.verdict}: ${adjudication.reason}`;
  return `${who}: ${findingKey(finding)}${where}${why}`;
}

function percent(part: number, whole: number): string {
  if (whole === 0) return '-';
  return part === whole ? '100 %' : `${Math.min(99.9, (100 * part) / whole).toFixed(1)} %`;
}
