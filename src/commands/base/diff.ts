import { string } from '@oclif/core/flags';
import type { DiffBaseResult } from '../../app/index.ts';
import {
  imageAccess,
  imageArg,
  imageFlags,
  layerFlags,
  layerLimit,
  policyFlags,
  policyTrust,
  policyTrustFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class BaseDiff extends WaybillCommand<DiffBaseResult> {
  static override summary = 'Tell which packages a rebuild on today’s base would change.';
  static override description =
    'Compares the packages of the image’s own base, by its bottom layers and the policy’s lock, with those of the base that the tag leads to now, or that --to names. Every layer of both is ' +
    'read and verified. upgraded, downgraded, changed (which of the versions is newer cannot be said), added, removed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --policy policy.yaml',
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --policy policy.yaml --to docker.io/library/debian:13-slim',
  ];
  static override args = { image: imageArg };
  static override flags = {
    policy: policyFlags.policy,
    to: string({ summary: 'Base to compare with. Default: where the base’s tag leads now.', helpValue: 'REFERENCE' }),
    ...imageFlags,
    ...layerFlags,
    ...policyTrustFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<DiffBaseResult>> {
    const { args, flags } = await this.parse(BaseDiff);
    const runtime = start(flags);
    const { diffBase } = await import('../../app/base/index.ts');
    const result = await diffBase(
      {
        image: args.image,
        policyFile: flags.policy,
        access: imageAccess(flags),
        ...(flags.to === undefined ? {} : { to: flags.to }),
        ...layerLimit(flags),
        ...policyTrust(flags),
      },
      runtime,
    );
    const { renderBaseDiff } = await import('../../render/index.ts');
    return { result, text: renderBaseDiff(result, this.tableOptions()), exitCode: ExitCode.Passed };
  }
}
