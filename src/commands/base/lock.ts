import { boolean, string } from '@oclif/core/flags';
import { string as stringArg } from '@oclif/core/args';
import type { LockBasesResult } from '../../app/index.ts';
import {
  attachmentFlags,
  imageAccess,
  parsePairs,
  policyFlags,
  policyTrust,
  registryFlags,
  signingAccess,
  signingFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';
import { coreError, ExitCode } from '../../core/index.ts';

/** Flags that say how to sign, and do nothing where nothing is signed. */
const SIGNING_ONLY = [
  'certificate',
  'certificate-chain',
  'oidc-flow',
  'oidc-issuer',
  'signing-config',
  'fulcio-url',
  'rekor-url',
  'timestamp-server-url',
  'timestamp-certificate-chain',
] as const;

export default class BaseLock extends WaybillCommand<LockBasesResult> {
  static override summary = 'Observe where the allowed bases’ tags point and append it to the policy’s lock.';
  static override description =
    'Reads and verifies every layer of every platform of the bases that the policy allows (its tags without wildcards), keeps manifests, configs and signature bundles, and appends ' +
    'one line for each tag. The lock is append-only and hash-chained. --source reads a base from somewhere else: a mirror, a layout, an archive. Of bases whose entry says ' +
    'squashed: allow (of all with --files) the files are listed too, so that flattened images can be compared with them. What was asked for is done in this order: --pull, --merge, ' +
    'observe, sign, --pin-head, --push.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --policy policy.yaml',
    '<%= config.bin %> <%= command.id %> --policy policy.yaml --key release.key',
    '<%= config.bin %> <%= command.id %> debian --policy policy.yaml --source debian:12=oci:mirror:debian-12',
    '<%= config.bin %> <%= command.id %> --policy policy.yaml --pull registry.example.com/locks/bases:prod --push registry.example.com/locks/bases:prod --sign',
    '<%= config.bin %> <%= command.id %> --policy policy.yaml --merge other.lock.jsonl --no-observe',
  ];
  static override strict = false;
  static override args = {
    name: stringArg({
      name: 'NAME',
      description: 'Bases to observe, by their name in the policy (several may be given). Default: all.',
    }),
  };
  static override flags = {
    policy: policyFlags.policy,
    source: string({
      summary: 'Read a base’s tag from this reference (repeatable).',
      helpValue: 'NAME:TAG=REFERENCE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    files: boolean({ summary: 'List the files of every base.', default: false }),
    observe: boolean({ summary: 'Look where the tags point.', allowNo: true, default: true }),
    pull: string({
      summary: 'Take the lock from this OCI artifact first; it goes on from the one here, or the other way.',
      helpValue: 'REFERENCE',
    }),
    merge: string({ summary: 'Join this lock into the policy’s: both chains become one.', helpValue: 'FILE' }),
    push: string({ summary: 'Store the lock as this OCI artifact, with its signature.', helpValue: 'REFERENCE' }),
    'pin-head': boolean({ summary: 'Write the lock’s new head into the policy’s lockHead.', default: false }),
    sign: boolean({
      summary: 'Sign the lock as an identity, for lockSignedBy: writes LOCK.sigstore.json beside it.',
      default: false,
    }),
    ...signingFlags,
    key: string({
      summary: 'Sign the lock with this private key, for lockSignedBy: writes LOCK.sigstore.json beside it.',
      helpValue: 'FILE',
      helpGroup: 'SIGNER',
    }),
    ...registryFlags,
    ...attachmentFlags,
    offline: boolean({
      summary:
        'No request but to registries and for signing: trusted roots come from files, were kept, or ship with waybill.',
      default: false,
    }),
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<LockBasesResult>> {
    const { argv, flags } = await this.parse(BaseLock);
    const runtime = start(flags);
    const { key, sign, pull, push, merge: mergeFile } = flags;
    const isSigned = sign || [key, flags['identity-token'], flags['identity-provider']].some(Boolean);
    const idle = SIGNING_ONLY.find((name) => !isSigned && flags[name] !== undefined);
    if (idle !== undefined) throw coreError('USAGE', `--${idle} goes with --key or --sign: nothing is signed without`);
    const { lockBases } = await import('../../app/base/index.ts');
    const result = await lockBases(
      {
        policyFile: flags.policy,
        entries: argv.filter((name) => typeof name === 'string'),
        sources: new Map(Object.entries(parsePairs(flags.source ?? [], 'source'))),
        access: imageAccess(flags),
        files: flags.files,
        observe: flags.observe,
        pinHead: flags['pin-head'],
        ...policyTrust(flags),
        ...(pull === undefined ? {} : { pull }),
        ...(push === undefined ? {} : { push }),
        ...(mergeFile === undefined ? {} : { mergeFile }),
        ...(isSigned ? { signing: signingAccess(flags, runtime) } : {}),
      },
      runtime,
    );
    const { renderLock } = await import('../../render/index.ts');
    return { result, text: renderLock(result), exitCode: ExitCode.Passed };
  }
}
