import { boolean, option } from '@oclif/core/flags';
import type { CleanImageResult } from '../app/index.ts';
import {
  askYes,
  attachmentFlags,
  attachmentLimitFlags,
  imageAccess,
  imageArg,
  imageFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../cli/index.ts';
import { ExitCode } from '../core/index.ts';

export default class Clean extends WaybillCommand<CleanImageResult> {
  static override summary = 'Remove signatures, attestations and other things attached to an image.';
  static override description =
    'Removes them from the image and from each platform of an index, in registries that delete and in OCI layouts; the tags that cosign’s older versions used go as well. The ' +
    'image itself stays. Asks first, unless --yes; look with --dry-run.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --dry-run',
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --type signature --yes',
  ];
  static override args = { image: imageArg };
  static override flags = {
    type: option({ options: ['signature', 'attestation', 'all'] as const })({
      summary: 'What to remove.',
      default: 'all',
    }),
    'dry-run': boolean({ summary: 'Only say what would be removed.', default: false }),
    yes: boolean({ char: 'y', summary: 'Do not ask.', default: false }),
    ...imageFlags,
    ...attachmentFlags,
    ...attachmentLimitFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<CleanImageResult>> {
    const { args, flags } = await this.parse(Clean);
    const runtime = start(flags);
    const { cleanImage } = await import('../app/store/index.ts');
    const { renderClean, renderCleanItems } = await import('../render/index.ts');
    const result = await cleanImage(
      {
        image: args.image,
        access: imageAccess(flags),
        type: flags.type,
        dryRun: flags['dry-run'],
        confirm: (items) =>
          flags.yes
            ? Promise.resolve(true)
            : askYes(`${renderCleanItems(items)}\nremove ${items.length} of them for good`, 'say --yes, or --dry-run'),
      },
      runtime,
    );
    return { result, text: renderClean(result, flags['dry-run']), exitCode: ExitCode.Passed };
  }
}
