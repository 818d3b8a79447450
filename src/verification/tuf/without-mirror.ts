import { AppError } from '../../core/index.ts';
import { isAway } from './mirror-reader.ts';
import type { TufTargetName } from './types.ts';

/** What to do without a mirror. Signing takes its services from one as well, and no command has those offline. */
const HINTS: Readonly<Record<TufTargetName, string>> = {
  'trusted_root.json':
    'try again later, or give the trusted root as a file with --trusted-root FILE (a policy: trust.trustedRoot); ' +
    'commands that verify take what is kept, else what ships with waybill, with --offline',
  'signing_config.v0.2.json':
    'try again later, or name the services to sign with: --signing-config FILE, or --fulcio-url and --rekor-url; --key needs none',
};

/** The same failure, with what to do when it means that the mirror could not be asked; a hint that it has already stays. */
export function withoutMirror(error: unknown, name: TufTargetName): unknown {
  if (!isAway(error) || error.hint !== undefined) return error;
  const { code, exitCode, message, details } = error;
  return new AppError(code, exitCode, message, {
    cause: error,
    hint: HINTS[name],
    ...(details === undefined ? {} : { details }),
  });
}
