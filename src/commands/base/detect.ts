import { string } from '@oclif/core/flags';
import type { DetectBaseResult } from '../../app/index.ts';
import {
  imageAccess,
  imageArg,
  imageFlags,
  layerFlags,
  layerLimit,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class BaseDetect extends WaybillCommand<DetectBaseResult> {
  static override summary = 'Tell what an image stands on, and how sure that is.';
  static override description =
    'none: nothing says what the base is. claimed: the image says so (annotation, label, unsigned provenance, history). content: the bottom layers are exactly, in order, those of a base in the ' +
    'lock. Every layer is read and verified; with a proved base, what upper layers did to it is listed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --lock bases.lock.jsonl',
  ];
  static override args = { image: imageArg };
  static override flags = {
    lock: string({ summary: 'Lock of observed bases (`waybill base lock`).', helpValue: 'FILE' }),
    ...imageFlags,
    ...layerFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<DetectBaseResult>> {
    const { args, flags } = await this.parse(BaseDetect);
    const runtime = start(flags);
    const { detectBase } = await import('../../app/base/index.ts');
    const result = await detectBase(
      {
        image: args.image,
        access: imageAccess(flags),
        ...(flags.lock === undefined ? {} : { lockFile: flags.lock }),
        ...layerLimit(flags),
      },
      runtime,
    );
    const { renderBase } = await import('../../render/index.ts');
    return { result, text: renderBase(result, { compared: flags.lock !== undefined }), exitCode: ExitCode.Passed };
  }
}
