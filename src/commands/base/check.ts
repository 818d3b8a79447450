import { boolean, string } from '@oclif/core/flags';
import type { CheckBaseResult } from '../../app/index.ts';
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

export default class BaseCheck extends WaybillCommand<CheckBaseResult> {
  static override summary = 'Tell how an image’s base stands today.';
  static override description =
    'current: a tag that the policy allows leads to it still. behind: since when no tag does, and how many other images its tag led to since. unknown: the bottom layers are those of no ' +
    'base in the lock. Alarms: behind for longer than the policy’s freshness allows, a base that the policy does not allow, a base digest that the image names and that nobody ever saw under ' +
    'that repository’s tags, a tag that was moved back or is gone, a platform that it lost, an operating system past its end of life, a lock that looked too long ago. Read from the lock ' +
    'alone, offline but for the image; with --refresh the registries are asked too. Exit 1: unknown, or an alarm. To be behind for a while is none.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --policy policy.yaml',
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --policy policy.yaml --refresh --json',
  ];
  static override args = { image: imageArg };
  static override flags = {
    policy: policyFlags.policy,
    refresh: boolean({
      summary: 'Also ask the registries where the tags lead now. Nothing is written.',
      default: false,
    }),
    as: string({
      summary: 'Name of an image from a layout or archive: rules for it say how long it may be behind.',
      helpValue: 'REGISTRY/REPOSITORY',
    }),
    ...imageFlags,
    ...layerFlags,
    ...policyTrustFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<CheckBaseResult>> {
    const { args, flags } = await this.parse(BaseCheck);
    const runtime = start(flags);
    const { checkBase, checkBaseExitCode } = await import('../../app/base/index.ts');
    const result = await checkBase(
      {
        image: args.image,
        policyFile: flags.policy,
        access: imageAccess(flags),
        refresh: flags.refresh,
        ...(flags.as === undefined ? {} : { as: flags.as }),
        ...layerLimit(flags),
        ...policyTrust(flags),
      },
      runtime,
    );
    const { renderBaseCheck } = await import('../../render/index.ts');
    return { result, text: renderBaseCheck(result), exitCode: checkBaseExitCode(result) };
  }
}
