import { isAppError, mapConcurrent } from '../../core/index.ts';
import type { SignedArtifact } from '../artifact.ts';
import type { Service, ServiceGroup, SigningServices } from '../config/services.ts';
import { signingError } from '../errors.ts';
import type { Testimony, Witness, WitnessContext } from './contract.ts';
import { rekorV1 } from './rekor-v1.ts';
import { rekorV2 } from './rekor-v2.ts';
import { timestampAuthority, type TimestampOptions } from './timestamp-authority.ts';

/** The witnesses of a run: logs and timestamp authorities. */
export interface WitnessPlan {
  readonly services: Pick<SigningServices, 'logs' | 'timestampAuthorities'>;
  readonly timestampPolicy?: string;
}

const CONCURRENT = 8;

/**
 * Refuses what cannot work before anything is sent: a key that a log does not take; a certificate that nothing would give a time to.
 * @throws AppError SIGNING_UNSUPPORTED
 */
export function checkPlan(
  plan: WitnessPlan,
  signed: Pick<SignedArtifact, 'artifact' | 'publicKey'> & { readonly shortLived: boolean },
): void {
  const { logs, timestampAuthorities } = plan.services;
  const chosen = logs.candidates.slice(0, logs.needed);
  for (const service of chosen) logWitness(service).check(signed);
  if (!signed.shortLived || timestampAuthorities.needed > 0) return;
  if (!chosen.some(({ apiVersion }) => apiVersion === 1)) {
    throw signingError(
      'SIGNING_UNSUPPORTED',
      'nothing would say when the signature was made, and the certificate is short-lived',
      {
        hint: 'add a timestamp authority; logs of version 2 have no time of their own',
      },
    );
  }
}

/**
 * Lets every kind of witness testify, as many of each as the plan needs. A candidate that fails is replaced by the next one where the plan has more of
 * them than it needs.
 * @throws AppError of the first failure that cannot be made up for
 */
export async function gather(
  plan: WitnessPlan,
  signed: SignedArtifact,
  context: WitnessContext,
): Promise<readonly Testimony[]> {
  const options: TimestampOptions = plan.timestampPolicy === undefined ? {} : { policy: plan.timestampPolicy };
  const { logs, timestampAuthorities } = plan.services;
  const [entries, timestamps] = await Promise.all([
    enough(logs, logWitness, { signed, context }),
    enough(timestampAuthorities, (service) => timestampAuthority(service, options), { signed, context }),
  ]);
  return [...entries, ...timestamps];
}

async function enough(
  group: ServiceGroup,
  witness: (service: Service) => Witness,
  { signed, context }: { readonly signed: SignedArtifact; readonly context: WitnessContext },
): Promise<readonly Testimony[]> {
  const spare = group.candidates.slice(group.needed);
  const one = async (service: Service): Promise<Testimony> => {
    try {
      const chosen = witness(service);
      chosen.check(signed);
      return await chosen.testify(signed, context);
    } catch (error) {
      const next = isAppError(error) && error.code !== 'INTERRUPTED' ? spare.shift() : undefined;
      if (next === undefined) throw error;
      return one(next);
    }
  };
  return mapConcurrent(group.candidates.slice(0, group.needed), CONCURRENT, one);
}

function logWitness(service: Service): Witness {
  return service.apiVersion === 2 ? rekorV2(service) : rekorV1(service);
}
