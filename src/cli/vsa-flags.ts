import { boolean, string } from '@oclif/core/flags';
import type { VsaOutputOptions } from '../app/index.ts';
import { coreError, type Runtime } from '../core/index.ts';
import { signingAccess, signingFlags, type SigningFlagValues } from './signing-flags.ts';

const GROUP = 'VERIFICATION SUMMARY';

/** Flags of commands that may sign what they decided: where it goes, and all that signing takes. None of them touches the decision. */
export const vsaFlags = {
  'vsa-out': string({
    summary:
      'Sign a verification summary (SLSA VSA) for each digest that is allowed, and write the bundles here, one per line.',
    helpValue: 'FILE',
    helpGroup: GROUP,
  }),
  'vsa-attach': boolean({
    summary: 'Attach the signed summaries to the image: a later gate whose rule has "vsa" accepts them.',
    helpGroup: GROUP,
  }),
  ...signingFlags,
};

/** Values of `vsaFlags` after parsing. */
export interface VsaFlagValues extends SigningFlagValues {
  readonly 'vsa-out': string | undefined;
  readonly 'vsa-attach': boolean | undefined;
}

/**
 * How use cases take them.
 * @throws AppError USAGE, also for flags of signing where nothing is to be signed
 */
export function vsaOutput(flags: VsaFlagValues, runtime: Runtime): { readonly vsa?: VsaOutputOptions } {
  const { 'vsa-out': file, 'vsa-attach': attach = false } = flags;
  if (file !== undefined || attach) {
    return { vsa: { signing: signingAccess(flags, runtime), attach, ...(file === undefined ? {} : { file }) } };
  }
  const alone = SIGNING_ONLY.find((name) => isGiven(flags[name]));
  if (alone === undefined) return {};
  throw coreError('USAGE', `--${alone} is for signing verification summaries, and none is asked for`, {
    hint: 'give --vsa-out FILE or --vsa-attach; who may have signed the image is said in the policy',
  });
}

function isGiven(value: SigningFlagValues[keyof SigningFlagValues]): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
}

/** `--tuf-ca` serves the policy's own repository too. */
const SIGNING_ONLY = (Object.keys(signingFlags) as (keyof SigningFlagValues)[]).filter((name) => name !== 'tuf-ca');
