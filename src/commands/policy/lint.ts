import { string as stringFlag } from '@oclif/core/flags';
import type { LintPolicyResult } from '../../app/index.ts';
import {
  asOfTime,
  eitherPolicy,
  eitherPolicyArg,
  eitherPolicyFlag,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';

export default class PolicyLint extends WaybillCommand<LintPolicyResult> {
  static override summary = 'Explain the mistakes of a policy file, with line and column.';
  static override description =
    'Checks the file and every file it refers to. Errors make it unusable. Warnings are about what is allowed but unwise: patterns and expressions that more images or people match than meant, rules, ' +
    'exceptions and names that nothing can meet, words that contradict each other, exceptions that have ended or end within 30 days, a lock that nobody signed. ' +
    'Exit 0: valid. Exit 2: not valid. Exit 1: valid, but there are warnings and --fail-on says so. The digest printed pins the policy: gate check --policy-digest.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> policy.yaml',
    '<%= config.bin %> <%= command.id %> policy.yaml --fail-on warning --format github',
    '<%= config.bin %> <%= command.id %> policy.yaml --as-of 2027-01-01T00:00:00Z',
  ];
  static override args = { file: eitherPolicyArg };
  static override flags = {
    policy: eitherPolicyFlag,
    'as-of': stringFlag({
      summary: 'Judge exceptions and effective days for this time instead of now.',
      helpValue: 'RFC3339',
    }),
    'fail-on': stringFlag({ summary: 'Exit 1 when there is one.', options: ['warning'] as const }),
    format: stringFlag({
      summary: 'How problems are written: for people, or as annotations of a GitHub workflow.',
      options: ['text', 'github'] as const,
      default: 'text',
    }),
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<LintPolicyResult>> {
    const { args, flags } = await this.parse(PolicyLint);
    const runtime = start(flags);
    const { lintExitCode, lintPolicyFile } = await import('../../app/policy/index.ts');
    const result = await lintPolicyFile({ file: eitherPolicy(args.file, flags.policy), ...asOfTime(flags) }, runtime);
    const { renderLint, renderLintForGithub } = await import('../../render/index.ts');
    return {
      result,
      text: flags.format === 'github' ? renderLintForGithub(result) : renderLint(result),
      exitCode: lintExitCode(result, { failOnWarnings: flags['fail-on'] !== undefined }),
    };
  }
}
