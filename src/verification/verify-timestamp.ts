import { checkPath, checkPathAt, findPath } from './certificate-path.ts';
import type { Certificate } from './certificate.ts';
import { Rejection, rejectAs } from './rejection.ts';
import { isSignerOf, parseTimestamp, tokenProblem, type TimestampToken } from './timestamp-token.ts';
import type { TrustedAuthority } from './trust-types.ts';
import { isWithin, showValidity } from './validity.ts';

/** A moment that somebody trusted vouches for. */
export interface TimeProof {
  readonly time: Date;
  /** Who runs the authority. */
  readonly operator: string;
}

/**
 * Verifies one RFC 3161 timestamp over a signature. All of it is ours, as the library reads no RSA with larger hashes, takes no certificate out of the
 * token, and looks at neither the purpose of the authority's certificate nor the attribute that binds it.
 * @throws Rejection TIMESTAMP_INVALID
 */
export function verifyTimestamp(
  bytes: Uint8Array,
  signature: Uint8Array,
  authorities: readonly TrustedAuthority[],
): TimeProof {
  const token = rejectAs('TIMESTAMP_INVALID', 'a timestamp does not parse', () => parseTimestamp(bytes));
  let problem = 'no trusted timestamp authority signed it';
  for (const authority of authorities) {
    try {
      if (verifyWith(token, signature, authority)) return { time: token.time, operator: authority.operator };
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      problem = error.message;
    }
  }
  throw new Rejection('TIMESTAMP_INVALID', `a timestamp does not verify: ${problem}`);
}

/** @returns false when the authority did not sign the token */
function verifyWith(token: TimestampToken, signature: Uint8Array, authority: TrustedAuthority): boolean {
  return rejectAs('TIMESTAMP_INVALID', 'it does not parse', () => {
    const candidates = [...authority.chain.slice(0, -1), ...token.certificates];
    const certificate = candidates.find((candidate) => isSignerOf(token, candidate));
    if (certificate === undefined) return false;
    const path = findPath(certificate, authority.chain, untrustedOf(token, authority));
    if (path === undefined) return false;
    if (!isWithin(authority.validFor, token.time)) {
      const when = `${showValidity(authority.validFor)}, not at ${token.time.toISOString()}`;
      throw new Rejection('TIMESTAMP_INVALID', `its authority is trusted ${when}`);
    }
    checkPath(path, 'timeStamping');
    checkPathAt(path, token.time);
    const problem = tokenProblem(token, signature, { certificate, key: certificate.key() });
    if (problem !== undefined) throw new Rejection('TIMESTAMP_INVALID', problem);
    return true;
  });
}

function untrustedOf(token: TimestampToken, authority: TrustedAuthority): readonly Certificate[] {
  return authority.takesIntermediates ? token.certificates : [];
}
