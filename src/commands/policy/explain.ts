import { boolean, string } from '@oclif/core/flags';
import type { ExplainPolicyResult } from '../../app/index.ts';
import {
  asOfTime,
  eitherPolicy,
  eitherPolicyArg,
  eitherPolicyFlag,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class PolicyExplain extends WaybillCommand<ExplainPolicyResult> {
  static override summary = 'Say in plain words what a policy demands.';
  static override description =
    'For each rule: which images, who must sign, what is proved about the base, what denies and what only warns, which words were left out and what then holds, what will be collected and whether layers are read; ' +
    'then the exceptions and until when they hold, who may vouch, and the allowed bases. Reads the policy and its files, no image.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> policy.yaml',
    '<%= config.bin %> <%= command.id %> policy.yaml --image registry.example.com/shop/app',
    '<%= config.bin %> <%= command.id %> policy.yaml --checks',
  ];
  static override args = { file: eitherPolicyArg };
  static override flags = {
    policy: eitherPolicyFlag,
    image: string({ summary: 'Only what speaks of an image of this name.', helpValue: 'NAME' }),
    checks: boolean({ summary: 'List every check that image.checks of a rule may name.' }),
    'as-of': string({
      summary: 'Tell which rules deny and which exceptions hold at this time instead of now.',
      helpValue: 'RFC3339',
    }),
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<ExplainPolicyResult>> {
    const { args, flags } = await this.parse(PolicyExplain);
    const runtime = start(flags);
    const { explainPolicyFile } = await import('../../app/policy/index.ts');
    const result = await explainPolicyFile(
      {
        file: eitherPolicy(args.file, flags.policy),
        ...(flags.image === undefined ? {} : { image: flags.image }),
        ...asOfTime(flags),
      },
      runtime,
    );
    const { renderExplanation } = await import('../../render/index.ts');
    return {
      result,
      text: renderExplanation(result, { ...this.textOptions(), listChecks: flags.checks }),
      exitCode: ExitCode.Passed,
    };
  }
}
