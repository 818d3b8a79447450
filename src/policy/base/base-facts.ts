import type { BaseContainment, BaseLevel, LockRecord } from '../../provenance/index.ts';
import { claimText, type JudgedClaim } from './base-claims.ts';
import type { BaseStanding, JudgedMatch } from './base-standing.ts';
import type { Basis } from '../decision.ts';
import type { BaseCheck, BaseEntry } from '../file/types.ts';

/** A locked base whose file list was looked for in the image; `match.layerCount` is 0, as it says nothing of layers. */
export interface ContainedBase extends JudgedMatch {
  readonly containment: BaseContainment;
}

/** What the base check found out before it judges. */
export interface BaseFacts {
  readonly check: BaseCheck;
  readonly entries: readonly BaseEntry[];
  readonly standing: BaseStanding;
  /** File lists of locked bases that were looked for, best first. */
  readonly contained: readonly ContainedBase[];
  /** The base whose files prove it, where layers do not; it stands in `standing` too. */
  readonly proof?: ContainedBase;
  readonly claims: readonly JudgedClaim[];
  readonly level: BaseLevel;
}

/** What was observed: repository and tag. */
export function recordName({ image, tag }: LockRecord): string {
  return tag === null ? image : `${image}:${tag}`;
}

/** A matched base, for people. */
export function matchText(judged: BaseStanding['matches'][number]): string {
  const { record } = judged.match;
  return `${recordName(record)} (entry ${record.entry}, ${record.digest})`;
}

/** What a statement about the match rests on: digests, layers, and what the image says. */
export function matchBasis(facts: BaseFacts): Basis {
  const decisive = facts.standing.allowed.length > 0 ? facts.standing.allowed : facts.standing.longest;
  const depth = decisive[0]?.match.layerCount ?? 0;
  return {
    digests: decisive.flatMap(({ match }) => [match.record.digest, match.platform.manifest]),
    layers: Array.from({ length: depth }, (_, index) => index),
    notes: facts.claims.map(({ claim }) => claimText(claim)),
  };
}
