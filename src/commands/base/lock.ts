import { string } from '@oclif/core/flags';
import { string as stringArg } from '@oclif/core/args';
import type { LockBasesResult } from '../../app/index.ts';
import {
  keyAccess,
  imageAccess,
  imageFlags,
  parsePairs,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class BaseLock extends WaybillCommand<LockBasesResult> {
  static override summary = 'Observe where the allowed bases’ tags point and append it to the policy’s lock.';
  static override description =
    'Reads and verifies every layer of every platform of the bases that the policy allows (its tags without wildcards), keeps manifests, configs and signature bundles, and appends ' +
    'one line for each tag. The lock is append-only and hash-chained. --source reads a base from somewhere else: a mirror, a layout, an archive.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --policy policy.yaml',
    '<%= config.bin %> <%= command.id %> --policy policy.yaml --key release.key',
    '<%= config.bin %> <%= command.id %> debian --policy policy.yaml --source debian:12=oci:mirror:debian-12',
  ];
  static override strict = false;
  static override args = {
    name: stringArg({
      name: 'NAME',
      description: 'Bases to observe, by their name in the policy (several may be given). Default: all.',
    }),
  };
  static override flags = {
    policy: string({ summary: 'Policy file.', helpValue: 'FILE', required: true }),
    source: string({
      summary: 'Read a base’s tag from this reference (repeatable).',
      helpValue: 'NAME:TAG=REFERENCE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    key: string({
      summary: 'Sign the lock with this private key, for lockSignedBy: writes LOCK.sigstore.json beside it.',
      helpValue: 'FILE',
    }),
    'insecure-registry': imageFlags['insecure-registry'],
    'registry-realm': imageFlags['registry-realm'],
    'registry-ca': imageFlags['registry-ca'],
    authfile: imageFlags.authfile,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<LockBasesResult>> {
    const { argv, flags } = await this.parse(BaseLock);
    const runtime = start(flags);
    const { key } = flags;
    const { lockBases } = await import('../../app/index.ts');
    const result = await lockBases(
      {
        policyFile: flags.policy,
        entries: argv.filter((name) => typeof name === 'string'),
        sources: new Map(Object.entries(parsePairs(flags.source ?? [], 'source'))),
        access: imageAccess({ ...flags, platform: undefined }),
        ...(key === undefined ? {} : { key: keyAccess(key, runtime.env) }),
      },
      runtime,
    );
    const { renderLock } = await import('../../render/index.ts');
    return { result, text: renderLock(result), exitCode: ExitCode.Passed };
  }
}
