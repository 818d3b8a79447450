import { boolean, integer, option, string } from '@oclif/core/flags';
import type { SignerAccess } from '../app/index.ts';
import { coreError } from '../core/index.ts';
import { parsePairs } from './parse-pairs.ts';
import { tufAccess, tufFlags } from './tuf-flags.ts';

const SIGNERS = 'SIGNERS';
const TRUST = 'TRUST';

const KEY_ALGORITHMS = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa', 'ed25519'] as const;

const many = { multiple: true, multipleNonGreedy: true, helpGroup: SIGNERS } as const;

/** What cosign calls the extensions that GitHub's workflows have, and our names of them. */
const WORKFLOW_FLAGS = {
  'certificate-github-workflow-name': 'githubWorkflowName',
  'certificate-github-workflow-ref': 'githubWorkflowRef',
  'certificate-github-workflow-repository': 'githubWorkflowRepository',
  'certificate-github-workflow-sha': 'githubWorkflowSha',
  'certificate-github-workflow-trigger': 'githubWorkflowTrigger',
} as const;

function workflowFlag(name: string) {
  return string({
    summary: `Require this ${name} of the GitHub workflow that signed.`,
    helpValue: 'TEXT',
    helpGroup: SIGNERS,
  });
}

/** Flags of every command that judges signatures: who may have signed, and whom to believe about it. */
export const signerFlags = {
  key: string({ summary: 'Public key file (repeatable: any of them counts).', helpValue: 'FILE', ...many }),
  'certificate-identity': string({
    summary: 'Who may have signed: the exact identity in the certificate (repeatable: any of them counts).',
    helpValue: 'ID',
    ...many,
  }),
  'certificate-identity-regexp': string({
    summary: 'The same as an expression (RE2) that the whole identity must match.',
    helpValue: 'RE',
    ...many,
  }),
  'certificate-oidc-issuer': string({
    summary: 'Who must have vouched for the identity: the exact issuer.',
    helpValue: 'URL',
    helpGroup: SIGNERS,
    exclusive: ['certificate-oidc-issuer-regexp'],
  }),
  'certificate-oidc-issuer-regexp': string({
    summary: 'The same as an expression that the whole issuer must match.',
    helpValue: 'RE',
    helpGroup: SIGNERS,
  }),
  'certificate-extension': string({
    summary:
      'Require this of the certificate, by name: sourceRepositoryUri, sourceRepositoryRef, buildTrigger ... (repeatable: all must hold).',
    helpValue: 'NAME=TEXT',
    ...many,
  }),
  'certificate-github-workflow-name': workflowFlag('name'),
  'certificate-github-workflow-ref': workflowFlag('ref'),
  'certificate-github-workflow-repository': workflowFlag('repository'),
  'certificate-github-workflow-sha': workflowFlag('commit'),
  'certificate-github-workflow-trigger': workflowFlag('trigger'),
  'trusted-root': string({
    summary: 'Trusted root in place of a repository’s (repeatable); nothing is fetched for it.',
    helpValue: 'FILE',
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: TRUST,
    exclusive: ['tuf-mirror', 'tuf-root', 'tuf-ca'],
  }),
  'certificate-chain': string({
    summary: 'PEM certificates of a private authority that may issue certificates.',
    helpValue: 'FILE',
    helpGroup: TRUST,
  }),
  'timestamp-certificate-chain': string({
    summary: 'PEM certificates of a timestamp authority beside it.',
    helpValue: 'FILE',
    helpGroup: TRUST,
    dependsOn: ['certificate-chain'],
  }),
  'key-algorithm': option({
    summary: 'Algorithms that keys and certificates may have (repeatable). Default: all of these.',
    options: KEY_ALGORITHMS,
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: TRUST,
  })(),
  ...tufFlags,
  offline: boolean({
    summary: 'Make no request at all: trust from files, from what was kept, or what ships with waybill.',
    default: false,
    helpGroup: TRUST,
  }),
  'insecure-ignore-tlog': boolean({
    summary: 'Accept signatures without a verified transparency log entry.',
    default: false,
    helpGroup: TRUST,
  }),
  'insecure-ignore-sct': boolean({
    summary: 'Accept certificates that no certificate transparency log vouches for.',
    default: false,
    helpGroup: TRUST,
  }),
  'log-threshold': integer({
    summary: 'Distinct operators of logs that must vouch.',
    min: 0,
    max: 16,
    helpGroup: TRUST,
  }),
  'timestamp-threshold': integer({
    summary: 'Distinct operators that must say when it was signed.',
    min: 0,
    max: 16,
    helpGroup: TRUST,
  }),
  'sct-threshold': integer({
    summary: 'Distinct operators of certificate logs that must vouch.',
    min: 0,
    max: 16,
    helpGroup: TRUST,
  }),
  'max-log-entries': integer({
    summary: 'A bundle with more log entries than this does not count. Default: 32.',
    helpValue: 'COUNT',
    min: 1,
    max: 1024,
    helpGroup: TRUST,
  }),
};

type WorkflowFlag = keyof typeof WORKFLOW_FLAGS;

/** Values of `signerFlags` after parsing. */
export interface SignerFlagValues extends Readonly<Record<WorkflowFlag, string | undefined>> {
  readonly key: string[] | undefined;
  readonly 'certificate-identity': string[] | undefined;
  readonly 'certificate-identity-regexp': string[] | undefined;
  readonly 'certificate-oidc-issuer': string | undefined;
  readonly 'certificate-oidc-issuer-regexp': string | undefined;
  readonly 'certificate-extension': string[] | undefined;
  readonly 'trusted-root': string[] | undefined;
  readonly 'certificate-chain': string | undefined;
  readonly 'timestamp-certificate-chain': string | undefined;
  readonly 'tuf-mirror': string | undefined;
  readonly 'tuf-root': string | undefined;
  readonly 'tuf-ca': string | undefined;
  readonly offline: boolean;
  readonly 'insecure-ignore-tlog': boolean;
  readonly 'insecure-ignore-sct': boolean;
  readonly 'log-threshold': number | undefined;
  readonly 'timestamp-threshold': number | undefined;
  readonly 'sct-threshold': number | undefined;
  readonly 'max-log-entries': number | undefined;
  readonly 'key-algorithm': (typeof KEY_ALGORITHMS)[number][] | undefined;
}

/**
 * How use cases take them.
 * @throws AppError USAGE when they name nobody, or an identity without issuer
 */
export function signerAccess(flags: SignerFlagValues): SignerAccess {
  const keyFiles = flags.key ?? [];
  const identities = identityRules(flags);
  if (keyFiles.length + identities.length === 0) {
    throw coreError('USAGE', 'who must have signed is missing', {
      hint: 'give --key FILE, or --certificate-identity ID with --certificate-oidc-issuer URL',
    });
  }
  const { 'certificate-chain': certificateChainFile, 'timestamp-certificate-chain': timestampChainFile } = flags;
  const { 'key-algorithm': algorithms } = flags;
  refuseContradictions(flags);
  const thresholds = {
    ...(flags['log-threshold'] === undefined ? {} : { logs: flags['log-threshold'] }),
    ...(flags['timestamp-threshold'] === undefined ? {} : { timestamps: flags['timestamp-threshold'] }),
    ...(flags['sct-threshold'] === undefined ? {} : { scts: flags['sct-threshold'] }),
  };
  return {
    keyFiles,
    identities,
    trustedRootFiles: flags['trusted-root'] ?? [],
    ...(certificateChainFile === undefined ? {} : { certificateChainFile }),
    ...(timestampChainFile === undefined ? {} : { timestampChainFile }),
    tuf: tufAccess(flags),
    offline: flags.offline,
    insecureIgnoreTlog: flags['insecure-ignore-tlog'],
    insecureIgnoreSct: flags['insecure-ignore-sct'],
    thresholds,
    ...(flags['max-log-entries'] === undefined ? {} : { maxLogEntries: flags['max-log-entries'] }),
    ...(algorithms === undefined ? {} : { algorithms }),
  };
}

/** What is ignored cannot be asked for. @throws AppError USAGE */
function refuseContradictions(flags: SignerFlagValues): void {
  const pairs = [
    ['insecure-ignore-tlog', 'log-threshold'],
    ['insecure-ignore-sct', 'sct-threshold'],
  ] as const;
  const found = pairs.find(([ignored, asked]) => flags[ignored] && (flags[asked] ?? 0) > 0);
  if (found !== undefined) throw coreError('USAGE', `--${found[0]} and --${found[1]} do not go together`);
}

function identityRules(flags: SignerFlagValues): SignerAccess['identities'] {
  const extensions = requiredExtensions(flags);
  const patterns = [
    ...(flags['certificate-identity'] ?? []),
    ...(flags['certificate-identity-regexp'] ?? []).map((regexp) => ({ regexp })),
  ];
  const regexp = flags['certificate-oidc-issuer-regexp'];
  const issuer = regexp === undefined ? flags['certificate-oidc-issuer'] : { regexp };
  const hasExtensions = Object.keys(extensions).length > 0;
  if (patterns.length === 0 && issuer === undefined && !hasExtensions) return [];
  // certificates of a private authority name no issuer
  if (issuer === undefined && flags['certificate-chain'] === undefined) {
    throw coreError(
      'USAGE',
      'an identity is only as good as who vouches for it: --certificate-oidc-issuer is missing',
      {
        hint: 'https://token.actions.githubusercontent.com for GitHub workflows, https://gitlab.com for GitLab’s',
      },
    );
  }
  const common = { issuer: issuer ?? null, ...(hasExtensions ? { extensions } : {}) };
  if (patterns.length === 0) return [common];
  return patterns.map((identity) => ({
    ...common,
    identity,
    name: typeof identity === 'string' ? identity : identity.regexp,
  }));
}

function requiredExtensions(flags: SignerFlagValues): Readonly<Record<string, string>> {
  const named = Object.entries(WORKFLOW_FLAGS).flatMap(([flag, name]) => {
    const value = flags[flag as WorkflowFlag];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...parsePairs(flags['certificate-extension'] ?? [], 'certificate-extension'), ...Object.fromEntries(named) };
}
