/** One figure of a benchmark's table. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** Of all rounds: what the machine can do when left alone. */
  readonly best?: string;
  readonly target?: string;
  readonly met?: boolean;
}

export function atMost(what: string, value: number, limit: { target: number; digits: number; unit: string }): Row {
  const { target, digits, unit } = limit;
  return { what, measured: `${value.toFixed(digits)}${unit}`, target: `${target}${unit}`, met: value <= target };
}

export function printRows(rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ what }) => what.length));
  for (const { what, measured, best, target, met } of rows) {
    const aside = best === undefined ? '' : `   best ${best}`;
    const verdict = target === undefined ? aside : `   at most ${target.padEnd(8)} ${met ? 'met' : 'MISSED'}`;
    console.log(`${what.padEnd(width)}  ${measured.padStart(9)}${verdict}`);
  }
}
