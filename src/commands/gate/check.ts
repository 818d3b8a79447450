import { boolean, integer, string } from '@oclif/core/flags';
import type { GateReport } from '../../app/index.ts';
import {
  decisionOutputFlag,
  gateImageFlags,
  imageAccess,
  layerLimit,
  optionalImageArg,
  opaFlag,
  policyChoice,
  policyFlags,
  policyTrust,
  readStdin,
  vsaFlags,
  vsaOutput,
  WaybillCommand,
  withOwnCache,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';

export default class GateCheck extends WaybillCommand<GateReport> {
  static override summary = 'Decide whether images may run.';
  static override description =
    'Collects evidence (signatures, attestations, the base, the layers), verifies it, and decides by the policy. Images are named on the command line, listed in a file, or found in Kubernetes ' +
    'manifests and compose files, which must name them by digest. Exit 0: allowed (perhaps with warnings). Exit 1: a check failed. Any other: a check could not be evaluated, which ' +
    'denies too; the code is its class. The decision is written in either case. No variable that waybill reads and no file of the working folder weakens it: a cache folder that a ' +
    'variable names is not used, certificates are always checked. --vsa-out and --vsa-attach sign what was decided; the flags of signing change nothing about the decision.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2@sha256:... --policy policy.yaml',
    '<%= config.bin %> <%= command.id %> -f deploy.yaml --policy policy.yaml -o sarif=gate.sarif -o junit=gate.xml',
    'kubectl kustomize overlays/prod | <%= config.bin %> <%= command.id %> -f - --policy policy.yaml',
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app@sha256:... --policy policy.yaml --vsa-attach --key gate.key',
    '<%= config.bin %> <%= command.id %> oci:build:1.2 --as registry.example.com/shop/app --policy policy.yaml --evidence-out evidence.json --decision-out decision.json',
  ];
  static override strict = false;
  static override args = { image: optionalImageArg };
  static override flags = {
    ...policyFlags,
    opa: opaFlag,
    'from-file': string({
      summary: 'File with one image per line; # begins a comment (repeatable; - for stdin).',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    filename: string({
      char: 'f',
      summary:
        'Kubernetes manifests or a compose file: every image in it (repeatable; a folder for the manifests in it, - for stdin).',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'allow-kind': string({
      summary: 'Kind of object that holds no image; kinds that are not known are refused (repeatable).',
      helpValue: 'GROUP/KIND',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'allow-unpinned': boolean({ summary: 'Manifests may name images by tag: a warning, not a failed check.' }),
    'write-pins': boolean({
      summary: 'Write the digests of the images that are allowed into the manifests, behind their tags.',
      dependsOn: ['filename'],
    }),
    as: string({
      summary: 'Name of an image from a layout or archive: rules are found by it.',
      helpValue: 'REGISTRY/REPOSITORY',
    }),
    output: decisionOutputFlag,
    'evidence-out': string({
      summary: 'Write everything the decision rests on: `waybill gate replay` decides from it again.',
      helpValue: 'FILE',
    }),
    'full-evidence': boolean({
      summary:
        'Collect what every check looks at even where a verification summary spares it, so that `waybill policy try` can use the evidence.',
      dependsOn: ['evidence-out'],
    }),
    'decision-out': string({ summary: 'Write the decision.', helpValue: 'FILE' }),
    timeout: integer({
      helpValue: 'SECONDS',
      summary: 'Seconds that collecting evidence of one image may take.',
      default: 600,
      min: 1,
      max: 86_400,
    }),
    ...gateImageFlags,
    offline: boolean({
      summary:
        'No request but to the registry and for signing: trusted roots come from files, were kept, or ship with waybill.',
      default: false,
    }),
    ...vsaFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<GateReport>> {
    const { argv, flags } = await this.parse(GateCheck);
    const runtime = start(withOwnCache(flags));
    const { reportGate } = await import('../../app/gate/index.ts');
    const { renderGate, renderPins, renderVsas } = await import('../../render/index.ts');
    const { report, stdout, exitCode } = await reportGate(
      {
        images: argv.filter((image) => typeof image === 'string'),
        imageLists: flags['from-file'] ?? [],
        deployments: flags.filename ?? [],
        allowedKinds: flags['allow-kind'] ?? [],
        unpinned: flags['allow-unpinned'] ? 'warn' : 'deny',
        writePins: flags['write-pins'],
        readStdin: (maxBytes) => readStdin('images or manifests', maxBytes),
        ...policyChoice(flags),
        ...(flags.opa === undefined ? {} : { opa: flags.opa }),
        access: imageAccess(flags),
        deadlineMs: flags.timeout * 1000,
        ...(flags.as === undefined ? {} : { as: flags.as }),
        outputs: flags.output ?? [],
        json: this.jsonEnabled(),
        spell: (decision, { format, file }) => renderGate(decision, format, this.decisionOptions(file)),
        ...(flags['evidence-out'] === undefined ? {} : { evidenceFile: flags['evidence-out'] }),
        fullEvidence: flags['full-evidence'],
        ...(flags['decision-out'] === undefined ? {} : { decisionFile: flags['decision-out'] }),
        ...layerLimit(flags),
        ...policyTrust(flags),
        ...vsaOutput(flags, runtime),
      },
      runtime,
    );
    const vsas = report.vsas === undefined ? '' : renderVsas(report.vsas);
    const pins = report.pins === undefined ? '' : renderPins(report.pins);
    for (const text of [vsas, pins]) if (text !== '' && !this.jsonEnabled()) process.stderr.write(`${text}\n`);
    return { result: report, text: stdout, exitCode };
  }
}
