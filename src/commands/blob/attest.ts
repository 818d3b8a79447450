import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import type { AttestBlobResult } from '../../app/index.ts';
import {
  signingAccess,
  signingFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class BlobAttest extends WaybillCommand<AttestBlobResult> {
  static override summary = 'Sign a statement about files.';
  static override description =
    'Makes one in-toto statement with all the files, and all in the folders given, as its subjects and the predicate embedded byte for byte, or takes a statement that is ready. The bundle is verified before ' +
    'it is written; `blob verify --type` verifies it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> app.tar.gz --type slsaprovenance1 --predicate provenance.json --bundle app.intoto.sigstore.json --key release.key',
    '<%= config.bin %> <%= command.id %> --statement statement.json --bundle app.intoto.sigstore.json',
  ];
  static override strict = false;
  static override args = {
    file: stringArg({
      name: 'FILE',
      description: 'Files and folders that the statement is about, one or more.',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    type: string({
      summary: 'Predicate type: a short name or a URI.',
      helpValue: 'TYPE',
      dependsOn: ['predicate'],
    }),
    predicate: string({ summary: 'File with the predicate (JSON).', helpValue: 'FILE', dependsOn: ['type'] }),
    statement: string({
      summary: 'File with an in-toto statement to sign as it is, in place of FILE, --type and --predicate.',
      helpValue: 'FILE',
      exclusive: ['type', 'predicate'],
    }),
    bundle: string({ summary: 'Where the bundle goes.', helpValue: 'FILE', required: true }),
    ...signingFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<AttestBlobResult>> {
    const { argv, flags } = await this.parse(BlobAttest);
    const runtime = start(flags);
    const { type, predicate, statement } = flags;
    const { attestBlob } = await import('../../app/signing/index.ts');
    const result = await attestBlob(
      {
        files: argv.map(String),
        ...(type === undefined || predicate === undefined ? {} : { predicate: { type, file: predicate } }),
        ...(statement === undefined ? {} : { statementFile: statement }),
        bundleFile: flags.bundle,
        ...signingAccess(flags, runtime),
      },
      runtime,
    );
    const { renderBlobAttested } = await import('../../render/index.ts');
    return { result, text: renderBlobAttested(result), exitCode: ExitCode.Passed };
  }
}
