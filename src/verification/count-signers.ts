/**
 * How many of the trusted keys and identities are met, each by a signer of its own. One signer who meets two rules counts once, and so do two signers who
 * meet only one rule, or an expression that many meet would let one workflow be all who are asked for.
 * @param rulesBySigner the rules (or their names) that each signer meets
 */
export function countDistinctSigners(rulesBySigner: ReadonlyMap<string, Iterable<string>>): number {
  const holders = new Map<string, string>();
  // who finds a rule taken makes its holder look for another: the greatest number of pairs
  const place = (id: string, tried: Set<string>): boolean => {
    for (const rule of rulesBySigner.get(id) ?? []) {
      if (tried.has(rule)) continue;
      tried.add(rule);
      const holder = holders.get(rule);
      if (holder !== undefined && !place(holder, tried)) continue;
      holders.set(rule, id);
      return true;
    }
    return false;
  };
  return [...rulesBySigner.keys()].filter((id) => place(id, new Set())).length;
}
