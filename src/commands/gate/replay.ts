import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import type { ReplayGateResult } from '../../app/index.ts';
import {
  asOfTime,
  decisionOutputFlag,
  opaFlag,
  policyChoice,
  policyFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';

export default class GateReplay extends WaybillCommand<ReplayGateResult> {
  static override summary = 'Decide again from saved evidence, offline.';
  static override description =
    'Verifies everything in the evidence file again and decides by the policy given, for the time the evidence was collected at or --as-of. With the same policy the decision is ' +
    'the same, byte for byte; with another it shows what that one would have said. A replay is marked as such and never gates: what only the layers showed is as true as the file’s origin. Exit codes are those of gate check.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> evidence.json --policy policy.yaml',
    '<%= config.bin %> <%= command.id %> evidence.json --policy policy.yaml -o json=decision.json -o markdown=comment.md',
  ];
  static override args = {
    evidence: stringArg({
      name: 'EVIDENCE',
      description: 'File written by gate check --evidence-out.',
      required: true,
    }),
  };
  static override flags = {
    ...policyFlags,
    opa: opaFlag,
    'as-of': string({ summary: 'Decide for this time instead of the one of collection.', helpValue: 'RFC3339' }),
    output: decisionOutputFlag,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<ReplayGateResult>> {
    const { args, flags } = await this.parse(GateReplay);
    const runtime = start(flags);
    const { reportReplay } = await import('../../app/gate/index.ts');
    const { renderGate } = await import('../../render/index.ts');
    const { report, stdout, exitCode } = await reportReplay(
      {
        evidenceFile: args.evidence,
        ...policyChoice(flags),
        ...(flags.opa === undefined ? {} : { opa: flags.opa }),
        ...asOfTime(flags),
        outputs: flags.output ?? [],
        json: this.jsonEnabled(),
        spell: (decision, { format, file }) =>
          renderGate(decision, format, { ...this.decisionOptions(file), replay: true }),
      },
      runtime,
    );
    return { result: report, text: stdout, exitCode };
  }
}
