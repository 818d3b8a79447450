import { boolean, string } from '@oclif/core/flags';
import type { ShowTrustResult } from '../../app/index.ts';
import { tufAccess, tufFlags, WaybillCommand, type CommandOutcome, type StartRuntime } from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class TrustShow extends WaybillCommand<ShowTrustResult> {
  static override summary =
    'Show whom signatures are believed to come from: authorities and logs, until when, and where that is from.';
  static override description =
    'Reads the trusted root of a TUF repository (Sigstore’s public one unless told), or of a file. A repository is asked at most once a day; when it cannot be asked, what was kept is ' +
    'used until it expires. Nothing kept is believed without checking it again from the first root on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --tuf-mirror github',
    '<%= config.bin %> <%= command.id %> --output trusted_root.json',
    '<%= config.bin %> <%= command.id %> --trusted-root trusted_root.json --json',
  ];
  static override flags = {
    'trusted-root': string({
      summary: 'Show this file; nothing is fetched.',
      helpValue: 'FILE',
      exclusive: ['tuf-mirror', 'tuf-root', 'tuf-ca', 'offline'],
    }),
    ...tufFlags,
    offline: boolean({ summary: 'Make no request: what was kept, else what ships with waybill.' }),
    output: string({
      summary: 'Write the trusted root to this new file, byte for byte, for machines without a network.',
      helpValue: 'FILE',
    }),
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<ShowTrustResult>> {
    const { flags } = await this.parse(TrustShow);
    const runtime = start(flags);
    const { 'trusted-root': trustedRootFile, output: outputFile, offline } = flags;
    const { showTrust } = await import('../../app/verification/index.ts');
    const result = await showTrust(
      {
        ...tufAccess(flags),
        offline,
        ...(trustedRootFile === undefined ? {} : { trustedRootFile }),
        ...(outputFile === undefined ? {} : { outputFile }),
      },
      runtime,
    );
    const { renderTrust } = await import('../../render/index.ts');
    return { result, text: renderTrust(result, this.tableOptions()), exitCode: ExitCode.Passed };
  }
}
