import { boolean, string } from '@oclif/core/flags';
import type { TryPolicyResult } from '../../app/index.ts';
import { asOfTime, opaFlag, WaybillCommand, type CommandOutcome, type StartRuntime } from '../../cli/index.ts';

export default class PolicyTry extends WaybillCommand<TryPolicyResult> {
  static override summary = 'Show what a candidate policy would newly deny and allow.';
  static override description =
    'Decides recorded evidence again, offline: by the candidate, and by the policy in force if one is given. Prints which images are newly denied and newly allowed, with reasons and counts. Evidence that was ' +
    'collected for a policy that asked for less may lack what the candidate looks at: such checks are errors, and said to be (gate check --full-evidence collects what verification summaries spare, too). This is a replay and never gates: exit 0 whatever the verdicts are, ' +
    'unless --fail-on-denied. A file that cannot be opened as evidence is told, and its class is the exit code.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --evidence evidence/ --policy candidate.yaml --against policy.yaml',
    '<%= config.bin %> <%= command.id %> --evidence evidence/ --policy policy.yaml --as-of 2027-01-15T00:00:00Z --fail-on-denied',
  ];
  static override flags = {
    opa: opaFlag,
    evidence: string({
      summary: 'Evidence file, or folder that is searched for *.json (repeatable).',
      helpValue: 'PATH',
      required: true,
      multiple: true,
      multipleNonGreedy: true,
    }),
    policy: string({ summary: 'The candidate.', helpValue: 'FILE', required: true }),
    against: string({ summary: 'The policy in force, to compare with.', helpValue: 'FILE' }),
    'as-of': string({
      summary: 'Decide for this time instead of the one of collection.',
      helpValue: 'RFC3339',
    }),
    'fail-on-denied': boolean({
      summary: 'Exit 1 when an image is newly denied; without --against, when one is denied.',
    }),
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<TryPolicyResult>> {
    const { flags } = await this.parse(PolicyTry);
    const runtime = start(flags);
    const { tryPolicy, tryPolicyExitCode } = await import('../../app/policy/index.ts');
    const result = await tryPolicy(
      {
        evidence: flags.evidence,
        policyFile: flags.policy,
        ...(flags.opa === undefined ? {} : { opa: flags.opa }),
        ...(flags.against === undefined ? {} : { againstFile: flags.against }),
        ...asOfTime(flags),
      },
      runtime,
    );
    const { renderPolicyTrial } = await import('../../render/index.ts');
    return {
      result,
      text: renderPolicyTrial(result, this.textOptions()),
      exitCode: tryPolicyExitCode(result, { failOnDenied: flags['fail-on-denied'] }),
    };
  }
}
