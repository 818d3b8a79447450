import type { Digest } from '../../core/index.ts';
import type { EvidenceNeeds, EvidenceView } from '../../evidence/index.ts';
import { checkBundle } from '../../verification/index.ts';
import { judgeVsa } from './check-vsa.ts';
import { evidenceNeeds } from '../evidence-needs.ts';
import { matchingRules } from '../matching-rules.ts';
import { policySigners } from '../signers/signers.ts';
import { verifyImageBundles } from '../signers/statements.ts';
import { policyTrust } from '../signers/trust.ts';
import type { LoadedPolicy, Policy } from '../file/types.ts';

/** Whether some rule may be settled by a verification summary, so that looking at bundles first is worth it. */
export function hasVsaRules({ rules }: Policy): boolean {
  return rules.some((rule) => rule.vsa !== undefined);
}

/**
 * What each platform of one image still needs once its bundles are there: rules that a verification summary settles look at nothing else. Pure; deciding
 * judges the summaries again, and whatever was not collected for want of need is an error there, never a pass.
 * @param found evidence of one image, without anything of its layers
 */
export async function needsAfterBundles(
  found: EvidenceView,
  loaded: LoadedPolicy,
  now: Date,
): Promise<(manifest: Digest) => EvidenceNeeds> {
  const [image] = found.images;
  const name = image?.evidence.name ?? null;
  const settled = new Map<Digest, ReadonlySet<string>>();
  const rules = matchingRules(loaded.policy, name).filter(({ vsa }) => vsa !== undefined);
  if (image !== undefined && rules.length > 0) {
    const signers = await policySigners(loaded, policyTrust(loaded, found), now);
    const statements = await verifyImageBundles(image, signers, checkBundle);
    for (const platform of image.platforms) {
      const names = rules.filter((rule) => {
        const { vsa } = rule;
        if (vsa === undefined) return false;
        return judgeVsa({ loaded, rule, image, platform, statements, now }, vsa).accepted !== undefined;
      });
      settled.set(platform.manifest, new Set(names.map((rule) => rule.name)));
    }
  }
  return (manifest) => evidenceNeeds(loaded.policy, name, settled.get(manifest));
}
