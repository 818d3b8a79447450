import { string } from '@oclif/core/flags';
import { askNewPassword, WaybillCommand, type CommandOutcome, type StartRuntime } from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';
import type { GenerateKeyResult } from '../../app/index.ts';

export default class KeyGenerate extends WaybillCommand<GenerateKeyResult> {
  static override summary = 'Make a key pair for signing.';
  static override description =
    'Writes PREFIX.key (ECDSA P-256, encrypted as cosign does, mode 0600) and PREFIX.pub. Existing files are never overwritten. The password comes from ' +
    'COSIGN_PASSWORD (empty for none) or a prompt.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --output-key-prefix keys/release',
  ];
  static override flags = {
    'output-key-prefix': string({
      summary: 'Path of the files without .key and .pub.',
      helpValue: 'PREFIX',
      default: 'waybill',
    }),
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<GenerateKeyResult>> {
    const { flags } = await this.parse(KeyGenerate);
    const runtime = start(flags);
    const { generateKeyFiles } = await import('../../app/signing/index.ts');
    const result = await generateKeyFiles(
      {
        prefix: flags['output-key-prefix'],
        password: () => askNewPassword('Password for the private key', runtime.env),
      },
      runtime,
    );
    return {
      result,
      text: `private key  ${result.privateKeyFile}\npublic key   ${result.publicKeyFile}\nfingerprint  ${result.fingerprint}`,
      exitCode: ExitCode.Passed,
    };
  }
}
