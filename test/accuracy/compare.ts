import { adjudicate, type Adjudication, type Side } from './adjudications.ts';
import type { Oracle } from './contract.ts';
import { findingKey, type Finding } from './finding.ts';
import { metadataFolder } from './oracles/pip.ts';

/** Something that only one side lists. */
export interface Difference {
  readonly side: Side;
  readonly finding: Finding;
  readonly adjudication?: Adjudication;
}

/** One line of the table. */
export interface Comparison {
  readonly image: string;
  readonly tool: string;
  readonly type: string;
  readonly theirs: number;
  readonly ours: number;
  /** On both sides. */
  readonly common: number;
  readonly differences: readonly Difference[];
}

export interface CompareOptions {
  readonly image: string;
  readonly rows: readonly Adjudication[];
}

/** With an oracle: package by package, at each place where the oracle names one. */
export function compareWithOracle(
  oracle: Oracle,
  lists: { readonly theirs: readonly Finding[]; readonly ours: readonly Finding[] },
  options: CompareOptions,
): Comparison {
  const placed = lists.theirs.some(({ places }) => places.length > 0);
  const ours = lists.ours.filter(({ type }) => type === oracle.type);
  const covered = placed
    ? spread(ours).filter((finding) => oracle.covers(finding.places[0] ?? '', finding))
    : ours.filter((finding) => finding.places.some((place) => oracle.covers(place, finding)));
  const key = placed
    ? (finding: Finding): string => `${findingKey(finding)} ${metadataFolder(finding.places[0] ?? '')}`
    : findingKey;
  const candidates = placed ? spread(ours) : ours;
  return compare(oracle.name, { theirs: spread(lists.theirs), ours: covered, candidates }, { ...options, key });
}

/** With another generator: type by type, by name and version alone. */
export function compareWithPeer(
  peer: string,
  lists: { readonly theirs: readonly Finding[]; readonly ours: readonly Finding[] },
  options: CompareOptions,
): readonly Comparison[] {
  const types = [...new Set([...lists.theirs, ...lists.ours].map(({ type }) => type))].toSorted();
  return types.map((type) => {
    const theirs = lists.theirs.filter((finding) => finding.type === type);
    const ours = lists.ours.filter((finding) => finding.type === type);
    return compare(peer, { theirs, ours, candidates: ours }, { ...options, key: findingKey });
  });
}

function compare(
  tool: string,
  lists: {
    readonly theirs: readonly Finding[];
    readonly ours: readonly Finding[];
    readonly candidates: readonly Finding[];
  },
  options: CompareOptions & { readonly key: (finding: Finding) => string },
): Comparison {
  const { image, rows, key } = options;
  const theirKeys = new Set(lists.theirs.map(key));
  const ourKeys = new Set(lists.candidates.map(key));
  const judged = (side: Side, finding: Finding, others: readonly Finding[]): Difference => {
    const adjudication = adjudicate(rows, { tool, side, image, finding, others });
    return { side, finding, ...(adjudication === undefined ? {} : { adjudication }) };
  };
  const missed = lists.theirs.filter((finding) => !ourKeys.has(key(finding)));
  const extra = lists.ours.filter((finding) => !theirKeys.has(key(finding)));
  return {
    image,
    tool,
    type: [...lists.theirs, ...lists.ours][0]?.type ?? '',
    theirs: theirKeys.size,
    ours: new Set(lists.ours.map(key)).size,
    common: [...theirKeys].filter((one) => ourKeys.has(one)).length,
    differences: [
      ...missed.map((finding) => judged('theirs', finding, lists.candidates)),
      ...extra.map((finding) => judged('ours', finding, lists.theirs)),
    ],
  };
}

/** One finding for each place. */
function spread(findings: readonly Finding[]): readonly Finding[] {
  return findings.flatMap((finding) =>
    finding.places.length < 2 ? [finding] : finding.places.map((place) => ({ ...finding, places: [place] })),
  );
}

/** Whether nothing is left to be judged or repaired. */
export function isSettled({ adjudication }: Difference): boolean {
  return adjudication !== undefined && adjudication.verdict !== 'open';
}
