import { boolean } from '@oclif/core/flags';
import type { ReleaseImageResult } from '../app/index.ts';
import {
  attachmentFlags,
  attachmentLimitFlags,
  imageAccess,
  imageArg,
  imageFlags,
  layerFlags,
  layerLimit,
  parsePairs,
  signedAnnotationFlag,
  signingAccess,
  signingFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../cli/index.ts';
import { ExitCode } from '../core/index.ts';

export default class Release extends WaybillCommand<ReleaseImageResult> {
  static override summary = 'SBOM, attestation, signature and self-verification in one step.';
  static override description =
    'For every platform of the image: generate the SBOM and attest it; then sign what the reference leads to (an index covers its platforms); then read everything back and ' +
    'verify it. What this key or identity attached before is left as it is: running it twice changes nothing.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --key release.key',
  ];
  static override args = { image: imageArg };
  static override flags = {
    annotation: signedAnnotationFlag,
    'allow-empty': boolean({ summary: 'An image without any package is fine.', default: false }),
    ...signingFlags,
    ...imageFlags,
    ...attachmentFlags,
    ...attachmentLimitFlags,
    ...layerFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<ReleaseImageResult>> {
    const { args, flags } = await this.parse(Release);
    const runtime = start(flags);
    const { releaseImage } = await import('../app/signing/index.ts');
    const result = await releaseImage(
      {
        image: args.image,
        access: imageAccess(flags),
        ...signingAccess(flags, runtime),
        annotations: parsePairs(flags.annotation ?? [], 'annotation'),
        allowEmpty: flags['allow-empty'],
        ...layerLimit(flags),
      },
      runtime,
    );
    const { renderRelease } = await import('../render/index.ts');
    return { result, text: renderRelease(result), exitCode: ExitCode.Passed };
  }
}
