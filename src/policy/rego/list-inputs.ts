import type { EvidenceError, EvidenceView } from '../../evidence/index.ts';
import { checkBundle } from '../../verification/index.ts';
import { matchingRules, selects } from '../matching-rules.ts';
import { verifyLock } from '../base/lock-facts.ts';
import { policySigners, type BundleChecker } from '../signers/signers.ts';
import { verifyImageBundles } from '../signers/statements.ts';
import { policyTrust } from '../signers/trust.ts';
import type { LoadedPolicy } from '../file/types.ts';
import type { InputGap } from './input-gap.ts';
import type { PolicyInput } from './input-types.ts';
import { policyInput } from './policy-input.ts';
import { RegoRunner } from './rego-runner.ts';

/** One document that a Rego policy sees, or would see. */
export interface InputChoice {
  readonly reference: string;
  readonly rule: string;
  /** `linux/amd64` */
  readonly platform: string;
  /** Whether the rule has a Rego policy already. */
  readonly hasRego: boolean;
  /** Builds the document; or says why a policy sees none. */
  read(): { readonly input: PolicyInput } | { readonly gap: InputGap };
}

export interface InputChoices {
  /** By image, then platform, then rule. */
  readonly choices: readonly InputChoice[];
  /** What could not be collected, of every image. */
  readonly errors: readonly EvidenceError[];
}

/** Every document that Rego policies see of some evidence: for each image, platform and rule that speaks of it. Pure, as deciding is. */
export async function listPolicyInputs(
  evidence: EvidenceView,
  loaded: LoadedPolicy,
  options: { readonly now: Date; readonly checkBundle?: BundleChecker },
): Promise<InputChoices> {
  const { now } = options;
  const check = options.checkBundle ?? checkBundle;
  const signers = await policySigners(loaded, policyTrust(loaded, evidence), now);
  const lock = await verifyLock(loaded, evidence, { signers, check });
  // nothing is evaluated, so no thread is started
  const rego = new RegoRunner();
  const choices: InputChoice[] = [];
  for (const image of evidence.images) {
    const { name, reference } = image.evidence;
    const statements = await verifyImageBundles(image, signers, check);
    const rules = matchingRules(loaded.policy, name);
    for (const platform of image.platforms) {
      for (const rule of rules.filter((candidate) => selects(candidate, platform.name))) {
        const context = { loaded, rule, image, platform, statements, lock, rego, now };
        choices.push({
          reference,
          rule: rule.name,
          platform: platform.name,
          hasRego: rule.rego !== undefined,
          read: () => policyInput(context),
        });
      }
    }
  }
  const errors = evidence.images.flatMap((image) => [...image.errors, ...image.structure]);
  return { choices, errors };
}
