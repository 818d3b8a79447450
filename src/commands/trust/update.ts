import type { UpdateTrustResult } from '../../app/index.ts';
import { tufAccess, tufFlags, WaybillCommand, type CommandOutcome, type StartRuntime } from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class TrustUpdate extends WaybillCommand<UpdateTrustResult> {
  static override summary = 'Fetch the trusted root and the signing configuration now, and say what changed.';
  static override description =
    'Other commands ask the repository at most once a day. This one asks now and fails when that is not possible. It is also how a machine is prepared for work with --offline.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --tuf-mirror https://tuf.example.com --tuf-root root.json',
  ];
  static override flags = { ...tufFlags };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<UpdateTrustResult>> {
    const { flags } = await this.parse(TrustUpdate);
    const runtime = start(flags);
    const { updateTrust } = await import('../../app/verification/index.ts');
    const result = await updateTrust(tufAccess(flags), runtime);
    const { renderTrustUpdate } = await import('../../render/index.ts');
    return { result, text: renderTrustUpdate(result), exitCode: ExitCode.Passed };
  }
}
