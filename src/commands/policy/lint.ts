import { string } from '@oclif/core/args';
import type { LintPolicyResult } from '../../app/index.ts';
import { WaybillCommand, type CommandOutcome, type StartRuntime } from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class PolicyLint extends WaybillCommand<LintPolicyResult> {
  static override summary = 'Explain the mistakes of a policy file, with line and column.';
  static override description =
    'Exit 0: valid (warnings may be listed). Exit 2: not valid. The digest printed pins the policy: gate check --policy-digest.';
  static override examples = ['<%= config.bin %> <%= command.id %> policy.yaml'];
  static override args = { file: string({ name: 'FILE', description: 'Policy file (YAML or JSON).', required: true }) };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<LintPolicyResult>> {
    const { args, flags } = await this.parse(PolicyLint);
    const runtime = start(flags);
    const { lintPolicyFile } = await import('../../app/index.ts');
    const result = await lintPolicyFile(args.file, runtime);
    const { renderLint } = await import('../../render/index.ts');
    return { result, text: renderLint(result), exitCode: result.valid ? ExitCode.Passed : ExitCode.Usage };
  }
}
