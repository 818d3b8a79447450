import type { AlsoKnownAs, Package } from './package.ts';

/** The finding as another name of a package. */
export function asOtherName(finding: Package, purl: string): AlsoKnownAs {
  const [weakest] = finding.evidence.toSorted((a, b) => a.confidence - b.confidence);
  return {
    purl,
    foundBy: finding.foundBy,
    locations: finding.locations,
    ...(weakest === undefined ? {} : { evidence: weakest }),
  };
}
