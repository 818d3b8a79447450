import { boolean, string } from '@oclif/core/flags';
import { ownCacheDirectory } from './cache-directory.ts';
import { parseDigestFlag } from './parse-value.ts';
import { tufFlags } from './tuf-flags.ts';
import type { CommonFlags } from './waybill-command.ts';

/** The policy that decides. */
export const policyFlags = {
  policy: string({ summary: 'Policy file.', helpValue: 'FILE', required: true }),
  'policy-digest': string({
    summary: 'Refuse any other policy than the one with this digest (`waybill policy lint` prints it).',
    helpValue: 'sha256:HEX',
  }),
};

/** What compiles the Rego sources that a policy names; bundles need none. */
export const opaFlag = string({
  summary:
    'The opa program that compiles Rego sources of the policy: an absolute path, or a name on PATH. Never looked for unless given.',
  helpValue: 'PROGRAM',
});

/** How the trusted root is got that a policy does not bring along. */
export const policyTrustFlags = {
  offline: boolean({
    summary: 'No request but to the registry: trusted roots come from files, were kept, or ship with waybill.',
    default: false,
  }),
  'tuf-ca': tufFlags['tuf-ca'],
};

/** Values of `policyTrustFlags` as use cases take them. */
export function policyTrust(flags: { readonly offline: boolean; readonly 'tuf-ca': string | undefined }): {
  readonly offline: boolean;
  readonly tufCaFile?: string;
} {
  const { offline, 'tuf-ca': tufCaFile } = flags;
  return { offline, ...(tufCaFile === undefined ? {} : { tufCaFile }) };
}

/** How decisions are written. */
export const decisionOutputFlag = string({
  char: 'o',
  summary:
    'text, json (the decision itself), sarif, junit, markdown (for pull requests) or github (annotations), and where to (repeatable). Text goes to stdout unless another does.',
  helpValue: 'FORMAT[=FILE]',
  multiple: true,
  multipleNonGreedy: true,
});

/** Values of `policyFlags` as use cases take them. @throws AppError USAGE */
export function policyChoice(flags: { readonly policy: string; readonly 'policy-digest': string | undefined }): {
  readonly policyFile: string;
  readonly policyDigest?: ReturnType<typeof parseDigestFlag>;
} {
  const digest = flags['policy-digest'];
  return {
    policyFile: flags.policy,
    ...(digest === undefined ? {} : { policyDigest: parseDigestFlag(digest, 'policy-digest') }),
  };
}

/** Common flags of whoever decides: a layer cache that a variable chose could have been filled by whoever set it, and is not used. */
export function withOwnCache(flags: CommonFlags): CommonFlags {
  return { ...flags, cache: flags.cache !== false && ownCacheDirectory(process.env) !== undefined };
}
