import { boolean, option, string } from '@oclif/core/flags';
import type { SigningAccess } from '../app/index.ts';
import { coreError, type Runtime } from '../core/index.ts';
import { keyAccess } from './ask-password.ts';
import { canAsk } from './ask-text.ts';
import { readTokenFromStdin } from './read-stdin.ts';
import { tufAccess, tufFlags, type TufFlagValues } from './tuf-flags.ts';

const SIGNER = 'SIGNER';
const SERVICES = 'SERVICES';
const TRUST = 'TRUST';

const many = { multiple: true, multipleNonGreedy: true } as const;

/** Flags of every command that signs: with what, and whom to tell. */
export const signingFlags = {
  key: string({
    summary:
      'Private key: a file in cosign’s encrypted format (COSIGN_PASSWORD or a prompt) or PEM, or plugin:NAME#KEY. Without it an identity signs.',
    helpValue: 'FILE',
    helpGroup: SIGNER,
  }),
  certificate: string({
    summary: 'PEM certificate that belongs to the key.',
    helpValue: 'FILE',
    helpGroup: SIGNER,
  }),
  'certificate-chain': string({
    summary: 'PEM certificates of the private authority that issued it.',
    helpValue: 'FILE',
    helpGroup: SIGNER,
  }),
  'identity-token': string({
    summary: 'Identity token: the token, a file with it, or - for standard input. Default: what the CI service offers.',
    helpValue: 'TOKEN',
    helpGroup: SIGNER,
  }),
  'identity-provider': string({
    summary: 'Take the identity from this provider only: github-actions, gitlab-ci ..., or interactive.',
    helpValue: 'ID',
    helpGroup: SIGNER,
  }),
  'oidc-flow': option({
    summary: 'How a person signs in, on a terminal: with a browser here, or a code to type in elsewhere.',
    options: ['browser', 'device'] as const,
    helpGroup: SIGNER,
  })(),
  'oidc-issuer': string({
    summary: 'Where a person signs in.',
    helpValue: 'URL',
    helpGroup: SIGNER,
  }),
  'signing-config': string({
    summary:
      'Services to use (signing configuration v0.2). Default for identities: the TUF repository’s; for keys: none.',
    helpValue: 'FILE',
    helpGroup: SERVICES,
  }),
  'fulcio-url': string({
    summary: 'Certificate authority.',
    helpValue: 'URL',
    helpGroup: SERVICES,
  }),
  'rekor-url': string({
    summary: 'Transparency log (repeatable: all).',
    helpValue: 'URL',
    helpGroup: SERVICES,
    ...many,
  }),
  'rekor-version': option({
    summary: 'Version of these logs. Default: 1.',
    options: ['1', '2'] as const,
    helpGroup: SERVICES,
  })(),
  'timestamp-server-url': string({
    summary: 'Timestamp authority (RFC 3161), the whole URL (repeatable: all).',
    helpValue: 'URL',
    helpGroup: SERVICES,
    ...many,
  }),
  'services-ca': string({
    summary: 'PEM file with certificates to trust for these services, beside the system’s.',
    helpValue: 'FILE',
    helpGroup: SERVICES,
  }),
  'trusted-root': string({
    summary: 'Trusted root that what was signed is verified with (repeatable). Default: the TUF repository’s.',
    helpValue: 'FILE',
    helpGroup: TRUST,
    ...many,
  }),
  'timestamp-certificate-chain': string({
    summary: 'PEM certificates of a timestamp authority that is believed beside it.',
    helpValue: 'FILE',
    helpGroup: TRUST,
  }),
  ...tufFlags,
  'insecure-ignore-sct': boolean({
    summary: 'Accept a certificate that no certificate transparency log vouches for.',
    default: false,
    helpGroup: TRUST,
  }),
};

/** Values of `signingFlags` after parsing. */
export interface SigningFlagValues extends TufFlagValues {
  readonly key: string | undefined;
  readonly certificate: string | undefined;
  readonly 'certificate-chain': string | undefined;
  readonly 'identity-token': string | undefined;
  readonly 'identity-provider': string | undefined;
  readonly 'oidc-flow': 'browser' | 'device' | undefined;
  readonly 'oidc-issuer': string | undefined;
  readonly 'signing-config': string | undefined;
  readonly 'fulcio-url': string | undefined;
  readonly 'rekor-url': string[] | undefined;
  readonly 'rekor-version': '1' | '2' | undefined;
  readonly 'timestamp-server-url': string[] | undefined;
  readonly 'services-ca': string | undefined;
  readonly 'trusted-root': string[] | undefined;
  readonly 'timestamp-certificate-chain': string | undefined;
  readonly 'insecure-ignore-sct': boolean;
}

/** How use cases take them. @throws AppError USAGE */
export function signingAccess(flags: SigningFlagValues, runtime: Runtime): SigningAccess {
  const { 'services-ca': servicesCaFile, 'timestamp-certificate-chain': timestampChainFile } = flags;
  checkTogether(flags);
  return {
    ...(flags.key === undefined ? identityChoice(flags, runtime) : keyChoice(flags, flags.key, runtime)),
    ...serviceChoice(flags),
    ...(servicesCaFile === undefined ? {} : { servicesCaFile }),
    trustedRootFiles: flags['trusted-root'] ?? [],
    ...(timestampChainFile === undefined ? {} : { timestampChainFile }),
    tuf: tufAccess(flags),
    insecureIgnoreSct: flags['insecure-ignore-sct'],
  };
}

/** Pairs of flags of which only one can be meant. In code, as usage lines of many conditions are read by nobody. */
const EITHER: readonly (readonly [keyof SigningFlagValues, readonly (keyof SigningFlagValues)[]])[] = [
  ['key', ['identity-token', 'identity-provider', 'oidc-flow', 'oidc-issuer', 'fulcio-url']],
  ['identity-token', ['identity-provider', 'oidc-flow', 'oidc-issuer']],
  ['signing-config', ['fulcio-url', 'rekor-url', 'timestamp-server-url']],
];

/** Flags that mean nothing without another. */
const WITH: readonly (readonly [keyof SigningFlagValues, keyof SigningFlagValues])[] = [
  ['certificate', 'key'],
  ['certificate-chain', 'certificate'],
  ['rekor-version', 'rekor-url'],
];

/** @throws AppError USAGE */
function checkTogether(flags: SigningFlagValues): void {
  for (const [one, others] of EITHER) {
    const other = flags[one] === undefined ? undefined : others.find((name) => flags[name] !== undefined);
    if (other !== undefined) throw coreError('USAGE', `--${one} and --${other} do not go together`);
  }
  const alone = WITH.find(([name, needed]) => flags[name] !== undefined && flags[needed] === undefined);
  if (alone !== undefined) throw coreError('USAGE', `--${alone[0]} goes with --${alone[1]}`);
}

function keyChoice(flags: SigningFlagValues, key: string, { env }: Runtime): SigningAccess {
  const { certificate: certificateFile, 'certificate-chain': certificateChainFile } = flags;
  return {
    ...keyAccess(key, env),
    ...(certificateFile === undefined ? {} : { certificateFile }),
    ...(certificateChainFile === undefined ? {} : { certificateChainFile }),
  };
}

function identityChoice(flags: SigningFlagValues, { env }: Runtime): SigningAccess {
  const { 'identity-token': identityToken, 'identity-provider': identityProvider, 'oidc-issuer': issuer } = flags;
  const { 'oidc-flow': flow = 'browser' } = flags;
  // nobody sits at a CI job, whatever it is connected to
  const someoneIsThere = canAsk(env);
  if (identityProvider === 'interactive' && !someoneIsThere) {
    throw coreError('USAGE', 'nobody can sign in: there is no terminal', {
      hint: 'give --identity-token, or take the identity that the CI service offers',
    });
  }
  const interactive = {
    flow,
    platform: process.platform,
    show: (line: string) => void process.stderr.write(`${line}\n`),
    ...(issuer === undefined ? {} : { issuer }),
  };
  return {
    readStdin: readTokenFromStdin,
    ...(identityToken === undefined ? {} : { identityToken }),
    ...(identityProvider === undefined ? {} : { identityProvider }),
    ...(someoneIsThere ? { interactive } : {}),
  };
}

function serviceChoice(flags: SigningFlagValues): SigningAccess {
  const { 'signing-config': signingConfigFile, 'fulcio-url': fulcioUrl } = flags;
  const apiVersion = flags['rekor-version'] === '2' ? 2 : 1;
  return {
    ...(signingConfigFile === undefined ? {} : { signingConfigFile }),
    ...(fulcioUrl === undefined ? {} : { fulcioUrl }),
    logUrls: (flags['rekor-url'] ?? []).map((url) => ({ url, apiVersion })),
    timestampUrls: flags['timestamp-server-url'] ?? [],
  };
}
