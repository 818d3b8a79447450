import { compareCodeUnits } from '../../core/index.ts';
import { canonicalName, isSamePlatform, readConfigClaims, type PlatformView } from '../../evidence/index.ts';
import { lockBlob, recordsOfClaim, type BaseClaim, type BaseMatch, type Lock } from '../../provenance/index.ts';
import { sameContent, type BaseStanding } from './base-standing.ts';
import type { BaseEntry } from '../file/types.ts';
import type { VouchedClaim } from './vouched-claims.ts';

/** How a claim about the base stands to the lock and the layers. */
export interface JudgedClaim extends VouchedClaim {
  /** Entries of the policy that the claim names, by repository or by a digest in the lock. */
  readonly entries: readonly string[];
  /**
   * The layers bear it out: an entry it names is among the matches (where the digest is in the lock, with exactly that digest's layers; where the claim says
   * how many layers there are, with that many).
   */
  readonly confirmed: boolean;
  /**
   * How the layers contradict it: `certain` when it names a digest in the lock and the layers are others, or a top layer that the image does not have;
   * `likely` when the entry it names has been observed for this platform, and none of that is here.
   */
  readonly contradicted: 'certain' | 'likely' | 'no';
  /** A label that the matched base itself carries: it speaks of the base's base. */
  readonly inherited: boolean;
}

export interface ClaimJudgement {
  readonly lock: Lock;
  readonly platform: PlatformView;
  readonly entries: readonly BaseEntry[];
  readonly standing: BaseStanding;
}

/** Claims that name something, against the matches. History names nothing and is for drawing only. */
export function judgeClaims(claims: readonly VouchedClaim[], judgement: ClaimJudgement): readonly JudgedClaim[] {
  return claims
    .filter(({ claim }) => claim.name !== undefined || claim.digest !== undefined)
    .map((vouched) => judgeClaim(vouched, judgement));
}

function judgeClaim(vouched: VouchedClaim, { lock, platform, entries, standing }: ClaimJudgement): JudgedClaim {
  const { claim } = vouched;
  const matches = standing.matches.map(({ match }) => match);
  const inherited = isInherited(claim, matches);
  const byDigest = recordsOfClaim(lock, claim);
  const repository = claimedRepository(claim);
  const byName = entries
    .filter((entry) => entry.image !== undefined && entry.image === repository)
    .map((entry) => entry.name);
  const named = [...new Set([...byName, ...byDigest.map((record) => record.entry)])].toSorted(compareCodeUnits);
  const nameHolds = byName.length === 0 || matches.some((match) => byName.includes(match.entry));
  const digestHolds =
    byDigest.length === 0 || byDigest.some((record) => matches.some((match) => sameContent(match, record)));
  const depthHolds =
    claim.layerCount === undefined ||
    matches.some((match) => named.includes(match.entry) && match.layerCount === claim.layerCount);
  const topHolds = claim.topLayer === undefined || claim.layerCount !== undefined;
  const holds = nameHolds && digestHolds && depthHolds && topHolds;
  const confirmed = inherited || (named.length > 0 && holds);
  const observed = lock.records.some(
    (record) =>
      named.includes(record.entry) && record.platforms.some((item) => isSamePlatform(item.platform, platform.platform)),
  );
  const certain = !digestHolds || !topHolds;
  const contradicted = confirmed ? 'no' : certain ? 'certain' : observed ? 'likely' : 'no';
  return { ...vouched, entries: named, confirmed, contradicted, inherited };
}

/** A label that a matched base itself carries. */
export function isInherited(claim: BaseClaim, matches: readonly BaseMatch[]): boolean {
  if (claim.source !== 'label') return false;
  return matches.some(({ record, platform }) => {
    const parent = readConfigClaims(lockBlob(record, platform.config));
    return parent.some(
      (other) => other.source === 'label' && other.name === claim.name && other.digest === claim.digest,
    );
  });
}

/** The canonical registry and repository a claim names; undefined when it is no image name. */
export function claimedRepository(claim: BaseClaim): string | undefined {
  return claim.name === undefined ? undefined : canonicalName(claim.name);
}

/** What a claim says, for people. */
export function claimText(claim: BaseClaim): string {
  const what = [claim.name, claim.digest].filter((part) => part !== undefined).join('@');
  return `${claim.source} says ${what}`;
}
