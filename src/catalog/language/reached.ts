/** Roots and all that these need, directly or not. What `needs` does not know is left out. Time grows with the edges. */
export function reached(roots: readonly string[], needs: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const seen = new Set<string>();
  const open: (readonly string[])[] = [roots];
  for (let ids = open.pop(); ids !== undefined; ids = open.pop()) {
    for (const id of ids) {
      const further = needs.get(id);
      if (further === undefined || seen.has(id)) continue;
      seen.add(id);
      open.push(further);
    }
  }
  return seen;
}
