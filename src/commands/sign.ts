import type { SignImageResult } from '../app/index.ts';
import {
  attachmentFlags,
  keyAccess,
  imageAccess,
  imageArg,
  imageFlags,
  keyFlag,
  parsePairs,
  signedAnnotationFlag,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../cli/index.ts';
import { ExitCode } from '../core/index.ts';

export default class Sign extends WaybillCommand<SignImageResult> {
  static override summary = 'Sign an image with a private key.';
  static override description =
    'Signs exactly what the reference leads to: for an index that is the index, which covers its platforms; --platform signs one platform’s manifest. The signature is a ' +
    'Sigstore bundle attached as an OCI referrer, as cosign 3 makes it. No transparency log is used.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --key release.key',
    '<%= config.bin %> <%= command.id %> oci:build:1.2 --key release.key --annotation env=prod',
  ];
  static override args = { image: imageArg };
  static override flags = {
    key: keyFlag,
    annotation: signedAnnotationFlag,
    ...imageFlags,
    ...attachmentFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<SignImageResult>> {
    const { args, flags } = await this.parse(Sign);
    const runtime = start(flags);
    const { signImage } = await import('../app/index.ts');
    const result = await signImage(
      {
        image: args.image,
        access: imageAccess(flags),
        ...keyAccess(flags.key, runtime.env),
        annotations: parsePairs(flags.annotation ?? [], 'annotation'),
      },
      runtime,
    );
    return {
      result,
      text: `signed    ${result.subject} (${result.kind})\nkey       ${result.signer}\nbundle    ${result.bundle}`,
      exitCode: ExitCode.Passed,
    };
  }
}
