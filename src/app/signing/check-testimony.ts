import type { SigningServices } from '../../signing/index.ts';
import type { SignatureProofs, SignerOptions } from '../../verification/index.ts';

/** What a verification of one's own signature says. */
export type OwnVerdict =
  | (SignatureProofs & { readonly ok: true })
  | { readonly ok: false; readonly code: string; readonly reason: string };

type Services = Pick<SigningServices, 'logs' | 'timestampAuthorities' | 'namesOperators'>;

/**
 * Verifies what was just signed under one trusted root that vouches for all that was asked for: as many log entries and timestamps as the services had to
 * give, of as many operators where a signing configuration names them. One root must know them all, as one must for whoever verifies.
 */
export async function checkTestimony(
  check: (options: SignerOptions) => Promise<OwnVerdict>,
  own: SignerOptions,
  services: Services | undefined,
): Promise<OwnVerdict> {
  const { trust = [] } = own;
  const worlds = trust.length === 0 ? [trust] : trust.map((source) => [source]);
  let verdict: OwnVerdict = { ok: false, code: 'LOG_UNVERIFIABLE', reason: 'nothing was verified' };
  for (const world of worlds) {
    verdict = await check({ ...own, trust: world });
    if (verdict.ok) verdict = missingTestimony(verdict, services) ?? verdict;
    if (verdict.ok) return verdict;
  }
  return verdict;
}

function missingTestimony(proofs: SignatureProofs, services: Services | undefined): OwnVerdict | undefined {
  if (services === undefined) return undefined;
  const { logs, timestampAuthorities, namesOperators = false } = services;
  const count = namesOperators ? countOperators : (entries: readonly Operated[]): number => entries.length;
  const entries = proofs.log.evaluated ? count(proofs.log.verified) : 0;
  if (entries < logs.needed) {
    const reason = `trusted logs vouch for ${entries} of the ${logs.needed} entries that were asked for`;
    return { ok: false, code: 'LOG_THRESHOLD', reason };
  }
  const stamps = proofs.timestamps.evaluated ? count(proofs.timestamps.verified) : 0;
  if (stamps >= timestampAuthorities.needed) return undefined;
  const reason = `trusted authorities vouch for ${stamps} of the ${timestampAuthorities.needed} timestamps that were asked for`;
  return { ok: false, code: 'TIME_THRESHOLD', reason };
}

interface Operated {
  readonly operator: string;
}

/** Those that the trusted root gives one operator count once; of those without, the configuration has said that they are different. */
function countOperators(entries: readonly Operated[]): number {
  const named = entries.filter(({ operator }) => operator !== '');
  return new Set(named.map(({ operator }) => operator)).size + entries.length - named.length;
}
