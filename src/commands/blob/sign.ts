import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import type { SignBlobsResult } from '../../app/index.ts';
import {
  signingAccess,
  signingFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class BlobSign extends WaybillCommand<SignBlobsResult> {
  static override summary = 'Sign files, and all files in folders.';
  static override description =
    'Each file gets a Sigstore bundle with its own signature, which is verified before it is written; of a folder every file does, except bundles. All files of one run share the key or the identity. `blob verify` ' +
    'verifies it, cosign verify-blob does too.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> app.tar.gz --key release.key --bundle app.sigstore.json',
    '<%= config.bin %> <%= command.id %> dist --bundle {name}.sigstore.json',
  ];
  static override strict = false;
  static override args = {
    file: stringArg({
      name: 'FILE',
      description: 'Files and folders to sign, one or more.',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    bundle: string({
      summary: 'Where the bundle goes; {name} stands for the file. Default: {name}.sigstore.json.',
      helpValue: 'FILE',
    }),
    ...signingFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<SignBlobsResult>> {
    const { argv, flags } = await this.parse(BlobSign);
    const runtime = start(flags);
    const { signBlobs } = await import('../../app/signing/index.ts');
    const result = await signBlobs(
      {
        files: argv.map(String),
        ...(flags.bundle === undefined ? {} : { bundleFile: flags.bundle }),
        ...signingAccess(flags, runtime),
      },
      runtime,
    );
    const { renderBlobsSigned } = await import('../../render/index.ts');
    return { result, text: renderBlobsSigned(result), exitCode: ExitCode.Passed };
  }
}
