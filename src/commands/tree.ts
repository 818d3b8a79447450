import type { ShowTreeResult } from '../app/index.ts';
import {
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

export default class Tree extends WaybillCommand<ShowTreeResult> {
  static override summary = 'Show what is attached to an image: signatures, attestations, other artifacts.';
  static override description = 'Shows only; `waybill verify` says what any of it is worth.';
  static override examples = ['<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2'];
  static override args = { image: imageArg };
  static override flags = { ...imageFlags, ...attachmentFlags, ...attachmentLimitFlags };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<ShowTreeResult>> {
    const { args, flags } = await this.parse(Tree);
    const runtime = start(flags);
    const { showTree } = await import('../app/store/index.ts');
    const result = await showTree({ image: args.image, access: imageAccess(flags) }, runtime);
    const { renderTree } = await import('../render/index.ts');
    return { result, text: renderTree(result), exitCode: ExitCode.Passed };
  }
}
