/** Numbers that a seed decides: the same seed gives the same case on any machine. */
export interface Random {
  /** 0 to `below` - 1. */
  int(below: number): number;
  /** True once in `times`. */
  oneIn(times: number): boolean;
  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T;
}

/** Marsaglia's xorshift with a multiplied start; not for secrets. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  for (let warm = 0; warm < 8; warm += 1) next();
  const int = (below: number): number => (below <= 1 ? 0 : next() % below);
  return {
    int,
    oneIn: (times) => int(times) === 0,
    pick: (items) => {
      const item = items[int(items.length)];
      if (item === undefined) throw new TypeError('nothing to pick from');
      return item;
    },
  };
}
