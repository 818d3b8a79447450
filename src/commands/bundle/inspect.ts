import { string as stringArg } from '@oclif/core/args';
import type { InspectBundleResult } from '../../app/index.ts';
import {
  bundleLimit,
  bundleLimitFlag,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class BundleInspect extends WaybillCommand<InspectBundleResult> {
  static override summary =
    'Show what a Sigstore bundle says: who signed, what, when, where it is logged. Verifies nothing.';
  static override description =
    'Certificate and its extensions by name, log entries, timestamps, and the statement’s type and subjects. Everything shown is the bundle’s own word: waybill verify and waybill blob ' +
    'verify tell what of it is true.';
  static override examples = ['<%= config.bin %> <%= command.id %> app.tar.gz.sigstore.json'];
  static override args = { file: stringArg({ name: 'FILE', description: 'The bundle.', required: true }) };
  static override flags = { ...bundleLimitFlag };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<InspectBundleResult>> {
    const { args, flags } = await this.parse(BundleInspect);
    start(flags);
    const { inspectBundle } = await import('../../app/verification/index.ts');
    const result = await inspectBundle({ file: args.file, ...bundleLimit(flags) });
    const { renderBundle } = await import('../../render/index.ts');
    return { result, text: renderBundle(result), exitCode: ExitCode.Passed };
  }
}
