import { integer, string } from '@oclif/core/flags';
import type { ContainerdJudgement } from '../../app/index.ts';
import {
  gateImageFlags,
  imageAccess,
  layerLimit,
  opaFlag,
  policyChoice,
  policyFlags,
  policyTrust,
  policyTrustFlags,
  readStdin,
  WaybillCommand,
  withOwnCache,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';

export default class GateContainerd extends WaybillCommand<ContainerdJudgement> {
  static override summary = 'Judge images for containerd, as one of its image verifiers.';
  static override description =
    'containerd runs every program in its verifier folder before it pulls an image (with verify_on_run also before it runs one): with -name, -digest and -stdin-media-type, and the descriptor on ' +
    'stdin. Put a program there that runs this command with your policy and hands those arguments on after --. The reason is one line on stdout; exit 0 lets the image pass, any other ' +
    'code blocks it, and so does everything that goes wrong. What is judged is the digest, in the repository that was named. An index is let through only where all of its platforms are ' +
    'approved: rules for some platforms approve those alone. The folder must hold the program on every node: containerd takes an empty folder for permission.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --policy /etc/waybill/policy.yaml -- -name registry.example.com/shop/app:1.2 -digest sha256:... -stdin-media-type application/vnd.oci.descriptor.v1+json',
    '# /opt/containerd/image-verifier/bin/waybill, mode 0755:\n#!/bin/sh\nexec <%= config.bin %> <%= command.id %> --policy /etc/waybill/policy.yaml -- "$@"',
  ];
  static override strict = false;
  static override flags = {
    ...policyFlags,
    opa: opaFlag,
    timeout: integer({
      helpValue: 'SECONDS',
      summary: 'Seconds that collecting evidence may take; containerd waits 10 seconds unless told otherwise.',
      default: 8,
      min: 1,
      max: 3600,
    }),
    'evidence-out': string({ summary: 'Write everything the decision rests on.', helpValue: 'FILE' }),
    'decision-out': string({ summary: 'Write the decision.', helpValue: 'FILE' }),
    ...gateImageFlags,
    ...policyTrustFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<ContainerdJudgement>> {
    const { argv, flags } = await this.parse(GateContainerd);
    const runtime = start(withOwnCache(flags));
    const { verifyForContainerd } = await import('../../app/gate/index.ts');
    const { judgement, exitCode } = await verifyForContainerd(
      {
        words: argv.filter((word) => typeof word === 'string'),
        readStdin: (maxBytes) => readStdin('the descriptor', maxBytes),
        ...policyChoice(flags),
        ...(flags.opa === undefined ? {} : { opa: flags.opa }),
        access: imageAccess(flags),
        deadlineMs: flags.timeout * 1000,
        ...(flags['evidence-out'] === undefined ? {} : { evidenceFile: flags['evidence-out'] }),
        ...(flags['decision-out'] === undefined ? {} : { decisionFile: flags['decision-out'] }),
        ...layerLimit(flags),
        ...policyTrust(flags),
      },
      runtime,
    );
    return { result: judgement, text: judgement.reason, exitCode };
  }
}
