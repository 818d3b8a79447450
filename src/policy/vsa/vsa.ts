import { asObject, member } from '../../attestation/index.ts';
import { isDigest, type Digest, type JsonValue } from '../../core/index.ts';
import { parseInstant } from '../file/values.ts';

/** Where waybill keeps, in a verification summary, what the specification has no member for. */
export const VSA_MEMBER = 'https://waybill.dev/vsa/v1';

/** What a decision compares of a verification summary. */
export interface VsaFacts {
  readonly result: string;
  readonly policyDigest: Digest | undefined;
  readonly resourceUri: string;
  /** When the verifier says that it verified. */
  readonly timeVerified: Date | undefined;
  /** What waybill adds to its own; undefined in those of other verifiers. */
  readonly own: OwnVsaFacts | undefined;
}

export interface OwnVsaFacts {
  /** Rules of the policy that this resource passed. */
  readonly rules: ReadonlyMap<string, 'pass' | 'warn'>;
  /** When the first of the exceptions lapses that it rested on; undefined when it rested on none. */
  readonly validUntil: Date | undefined;
}

const MAX_RULES = 1024;

/**
 * Reads the predicate of a verification summary (VSA).
 * @param predicate of a verified statement; any JSON
 * @returns undefined when members that every summary has are missing or of another type
 * @see https://slsa.dev/spec/v1.1/verification_summary
 */
export function readVsa(predicate: JsonValue): VsaFacts | undefined {
  const object = asObject(predicate);
  if (object === undefined) return undefined;
  const [result, resourceUri] = [member(object, 'verificationResult'), member(object, 'resourceUri')];
  if (typeof result !== 'string' || typeof resourceUri !== 'string') return undefined;
  const policy = asObject(member(object, 'policy'));
  const digests = policy === undefined ? undefined : asObject(member(policy, 'digest'));
  const hex = digests === undefined ? undefined : member(digests, 'sha256');
  const digest = typeof hex === 'string' ? `sha256:${hex}` : undefined;
  const extra = member(object, VSA_MEMBER);
  const own = extra === undefined ? undefined : readOwn(extra);
  // a member of ours that cannot be read may have said what forbids to use the rest
  if (extra !== undefined && own === undefined) return undefined;
  return {
    result,
    resourceUri,
    policyDigest: isDigest(digest) ? digest : undefined,
    timeVerified: readTime(member(object, 'timeVerified')),
    own,
  };
}

function readOwn(value: JsonValue): OwnVsaFacts | undefined {
  const object = asObject(value);
  const rules = object === undefined ? undefined : asObject(member(object, 'rules'));
  if (object === undefined || rules === undefined) return undefined;
  const entries = Object.entries(rules);
  const outcomes = entries.filter((entry): entry is [string, 'pass' | 'warn'] =>
    ['pass', 'warn'].includes(entry[1] as string),
  );
  const until = member(object, 'validUntil');
  const validUntil = readTime(until);
  if (outcomes.length !== entries.length || entries.length > MAX_RULES) return undefined;
  if (until !== undefined && validUntil === undefined) return undefined;
  return { rules: new Map(outcomes), validUntil };
}

function readTime(value: JsonValue | undefined): Date | undefined {
  return typeof value === 'string' ? parseInstant(value) : undefined;
}
