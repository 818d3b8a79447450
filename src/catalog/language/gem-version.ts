/** A gem that another one needs. */
export interface GemRequirement {
  readonly name: string;
  /** All must hold: `~> 1.2`, `< 3`. None: any version. */
  readonly ranges: readonly string[];
}

const RANGE = /^(=|!=|>=|<=|>|<|~>)?\s*([0-9A-Za-z][0-9A-Za-z.-]{0,127})$/;

/** Orders versions as RubyGems does: numbers by value, words (pre-releases) before numbers. */
export function compareGemVersions(a: string, b: string): number {
  const left = segmentsOf(a);
  const right = segmentsOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const one = left[index] ?? 0;
    const other = right[index] ?? 0;
    if (one === other) continue;
    if (typeof one === 'string') return typeof other === 'string' && one > other ? 1 : -1;
    return typeof other === 'string' || one > other ? 1 : -1;
  }
  return 0;
}

/** Whether a version fits all ranges. What is not a range is taken to fit. */
export function satisfiesGem(version: string, ranges: readonly string[]): boolean {
  return ranges.every((range) => {
    const [, operator = '=', wanted = ''] = RANGE.exec(range.trim()) ?? [];
    if (wanted === '') return true;
    const order = compareGemVersions(version, wanted);
    if (operator === '=') return order === 0;
    if (operator === '!=') return order !== 0;
    if (operator === '~>') return order >= 0 && compareGemVersions(version, bump(wanted)) < 0;
    if (operator.endsWith('=') && order === 0) return true;
    return operator.startsWith('>') ? order > 0 : order < 0;
  });
}

/** `1.2.3` as `1.3`: the first version that `~> 1.2.3` leaves out. */
function bump(version: string): string {
  const segments = segmentsOf(version);
  const numbers = segments.slice(
    0,
    Math.max(
      1,
      segments.findIndex((item) => typeof item === 'string'),
    ) || undefined,
  );
  const kept = segments.some((item) => typeof item === 'string') ? numbers : segments;
  const parts = kept.length > 1 ? kept.slice(0, -1) : kept;
  return [...parts.slice(0, -1), Number(parts.at(-1) ?? 0) + 1].join('.');
}

function segmentsOf(version: string): readonly (number | string)[] {
  return (
    version
      .slice(0, 128)
      .replaceAll('-', '.pre.')
      .match(/\d+|[A-Za-z]+/g) ?? []
  ).map((part) => (/^\d/.test(part) ? Number(part) : part));
}
