import { integer, string } from '@oclif/core/flags';
import type { GateReport } from '../../app/index.ts';
import {
  attachmentLimitFlags,
  gateAttachmentFlags,
  imageAccess,
  imageArg,
  imageFlags,
  layerFlags,
  ownCacheDirectory,
  layerLimit,
  parseDigestFlag,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';

export default class GateCheck extends WaybillCommand<GateReport> {
  static override summary = 'Decide whether images may run.';
  static override description =
    'Collects evidence (signatures, attestations, the base, the layers), verifies it, and decides by the policy. Exit 0: allowed (perhaps with warnings). Exit 1: a check failed. ' +
    'Any other: a check could not be evaluated, which denies too; the code is its class. The decision is written in either case. No variable that waybill reads and no ' +
    'file of the working folder weakens it: a cache folder that a variable names is not used, certificates are always checked.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2@sha256:... --policy policy.yaml',
    '<%= config.bin %> <%= command.id %> oci:build:1.2 --as registry.example.com/shop/app --policy policy.yaml --evidence-out evidence.json --decision-out decision.json',
  ];
  static override strict = false;
  static override args = { image: imageArg };
  static override flags = {
    policy: string({ summary: 'Policy file.', helpValue: 'FILE', required: true }),
    'policy-digest': string({
      summary: 'Refuse any other policy than the one with this digest (`waybill policy lint` prints it).',
      helpValue: 'sha256:HEX',
    }),
    as: string({
      summary: 'Name of an image from a layout or archive: rules are found by it.',
      helpValue: 'REGISTRY/REPOSITORY',
    }),
    'evidence-out': string({
      summary: 'Write everything the decision rests on: `waybill gate replay` decides from it again.',
      helpValue: 'FILE',
    }),
    'decision-out': string({ summary: 'Write the decision.', helpValue: 'FILE' }),
    timeout: integer({
      summary: 'Seconds that collecting evidence of one image may take.',
      default: 600,
      min: 1,
      max: 86_400,
    }),
    'insecure-registry': imageFlags['insecure-registry'],
    'registry-realm': imageFlags['registry-realm'],
    'registry-ca': imageFlags['registry-ca'],
    authfile: imageFlags.authfile,
    ...gateAttachmentFlags,
    ...attachmentLimitFlags,
    ...layerFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<GateReport>> {
    const { argv, flags } = await this.parse(GateCheck);
    // a layer cache that a variable chose could have been filled by whoever set it
    const runtime = start({ ...flags, cache: flags.cache && ownCacheDirectory(process.env) !== undefined });
    const { reportGate } = await import('../../app/index.ts');
    const { report, exitCode } = await reportGate(
      {
        images: argv.filter((image) => typeof image === 'string'),
        policyFile: flags.policy,
        access: imageAccess({ ...flags, platform: undefined }),
        deadlineMs: flags.timeout * 1000,
        ...(flags['policy-digest'] === undefined
          ? {}
          : { policyDigest: parseDigestFlag(flags['policy-digest'], 'policy-digest') }),
        ...(flags.as === undefined ? {} : { as: flags.as }),
        ...(flags['evidence-out'] === undefined ? {} : { evidenceFile: flags['evidence-out'] }),
        ...(flags['decision-out'] === undefined ? {} : { decisionFile: flags['decision-out'] }),
        ...layerLimit(flags),
      },
      runtime,
    );
    const { renderDecision } = await import('../../render/index.ts');
    return { result: report, text: renderDecision(report.decision, this.textOptions()).trimEnd(), exitCode };
  }
}
