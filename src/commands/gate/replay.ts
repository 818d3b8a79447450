import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import type { ReplayGateResult } from '../../app/index.ts';
import {
  parseDigestFlag,
  parseTimeFlag,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';

export default class GateReplay extends WaybillCommand<ReplayGateResult> {
  static override summary = 'Decide again from saved evidence, offline.';
  static override description =
    'Verifies everything in the evidence file again and decides by the policy given, for the time the evidence was collected at or --as-of. With the same policy the decision is ' +
    'the same, byte for byte; with another it shows what that one would have said. A replay is marked as such and never gates: what only the layers showed is as true as the file’s origin. Exit codes are those of gate check.';
  static override examples = ['<%= config.bin %> <%= command.id %> evidence.json --policy policy.yaml'];
  static override args = {
    evidence: stringArg({
      name: 'EVIDENCE',
      description: 'File written by gate check --evidence-out.',
      required: true,
    }),
  };
  static override flags = {
    policy: string({ summary: 'Policy file.', helpValue: 'FILE', required: true }),
    'policy-digest': string({
      summary: 'Refuse any other policy than the one with this digest.',
      helpValue: 'sha256:HEX',
    }),
    'as-of': string({ summary: 'Decide for this time instead of the one of collection.', helpValue: 'RFC3339' }),
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<ReplayGateResult>> {
    const { args, flags } = await this.parse(GateReplay);
    start(flags);
    const { replayGate } = await import('../../app/index.ts');
    const result = await replayGate({
      evidenceFile: args.evidence,
      policyFile: flags.policy,
      ...(flags['policy-digest'] === undefined
        ? {}
        : { policyDigest: parseDigestFlag(flags['policy-digest'], 'policy-digest') }),
      ...(flags['as-of'] === undefined ? {} : { asOf: parseTimeFlag(flags['as-of'], 'as-of') }),
    });
    const { renderDecision } = await import('../../render/index.ts');
    return {
      result,
      text: renderDecision(result.decision, { ...this.textOptions(), replay: true }).trimEnd(),
      exitCode: result.decision.exitCode,
    };
  }
}
