import type { SignImageResult } from '../app/index.ts';
import {
  attachmentFlags,
  bundleOutput,
  bundleOutputFlags,
  imageAccess,
  imageArg,
  imageFlags,
  parsePairs,
  signedAnnotationFlag,
  signingAccess,
  signingFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../cli/index.ts';
import { ExitCode } from '../core/index.ts';

export default class Sign extends WaybillCommand<SignImageResult> {
  static override summary = 'Sign an image with a private key or an identity.';
  static override description =
    'Signs exactly what the reference leads to: for an index that is the index, which covers its platforms; --platform signs one platform’s manifest. The signature is a ' +
    'Sigstore bundle attached as an OCI referrer, as cosign 3 makes it; it is verified before it is attached. With --key nobody is told of it, unless services are named. ' +
    'Without, an identity signs (keyless): its name and the signature go into a public log.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2',
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --key release.key',
    '<%= config.bin %> <%= command.id %> oci:build:1.2 --key release.key --annotation env=prod',
    '<%= config.bin %> <%= command.id %> oci:build:1.2 --identity-token token.txt --no-upload --bundle app.sigstore.json',
  ];
  static override args = { image: imageArg };
  static override flags = {
    annotation: signedAnnotationFlag,
    ...bundleOutputFlags,
    ...signingFlags,
    ...imageFlags,
    ...attachmentFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<SignImageResult>> {
    const { args, flags } = await this.parse(Sign);
    const runtime = start(flags);
    const { signImage } = await import('../app/signing/index.ts');
    const result = await signImage(
      {
        image: args.image,
        access: imageAccess(flags),
        ...signingAccess(flags, runtime),
        ...bundleOutput(flags),
        annotations: parsePairs(flags.annotation ?? [], 'annotation'),
      },
      runtime,
    );
    const { renderSigned } = await import('../render/index.ts');
    return { result, text: renderSigned(result), exitCode: ExitCode.Passed };
  }
}
