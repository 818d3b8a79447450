/** A segment pattern, or any number of whole segments. */
type Part = { readonly segment: string } | 'segments';

/**
 * Whether some text could match both patterns (see `compileGlob`). Time in proportion to the product of their lengths.
 * @param a,b patterns that `globProblem` accepts
 */
export function globsOverlap(a: string, b: string): boolean {
  const [left, right] = [partsOf(a), partsOf(b)];
  return overlap(left, right, {
    isWild: (part) => part === 'segments',
    meet: (one, other) => one === 'segments' || other === 'segments' || segmentsOverlap(one.segment, other.segment),
  });
}

/** At the end `**` is at least one segment, elsewhere any number. */
function partsOf(pattern: string): readonly Part[] {
  const segments = pattern.split('/');
  return segments.flatMap((segment, index): readonly Part[] => {
    if (segment !== '**') return [{ segment }];
    return index === segments.length - 1 ? [{ segment: '*' }, 'segments'] : ['segments'];
  });
}

function segmentsOverlap(a: string, b: string): boolean {
  return overlap([...a], [...b], {
    isWild: (char) => char === '*',
    meet: (one, other) => one === other,
  });
}

interface Meeting<T> {
  /** Stands for any number of items, none included. */
  readonly isWild: (item: T) => boolean;
  /** Whether two items that stand for one each can be the same. */
  readonly meet: (a: T, b: T) => boolean;
}

/** Whether two sequences with wildcards have a reading in common: from the end, each pair of positions once. */
function overlap<T>(a: readonly T[], b: readonly T[], { isWild, meet }: Meeting<T>): boolean {
  let after: boolean[] = [];
  for (let i = a.length; i >= 0; i -= 1) {
    const row: boolean[] = [];
    const one = a[i];
    for (let j = b.length; j >= 0; j -= 1) {
      const other = b[j];
      const skipOne = one !== undefined && isWild(one) && after[j] === true;
      const skipOther = other !== undefined && isWild(other) && row[j + 1] === true;
      if (one === undefined && other === undefined) row[j] = true;
      else if (skipOne || skipOther) row[j] = true;
      else if (one === undefined || other === undefined) row[j] = false;
      else if (isWild(one)) row[j] = row[j + 1] === true;
      else if (isWild(other)) row[j] = after[j] === true;
      else row[j] = after[j + 1] === true && meet(one, other);
    }
    after = row;
  }
  return after[0] === true;
}
