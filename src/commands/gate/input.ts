import { integer, string } from '@oclif/core/flags';
import type { showPolicyInput, ShowPolicyInputOptions } from '../../app/index.ts';
import {
  asOfTime,
  gateImageFlags,
  imageAccess,
  layerLimit,
  optionalImageArg,
  policyChoice,
  policyFlags,
  policyTrust,
  policyTrustFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

type PolicyInput = Awaited<ReturnType<typeof showPolicyInput>>;

export default class GateInput extends WaybillCommand<PolicyInput> {
  static override summary = 'Print the document that a Rego policy sees of an image.';
  static override description =
    'Looks at everything a policy may ask for, as gate check does for a rule with a Rego policy, or reads saved evidence, and prints what the policy gets as input: one platform of one image, as ' +
    'one rule sees it. Where there is more than one such document, --platform and --rule choose. Whatever could not be collected ends the command: no policy is shown a document with a hole in it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --policy policy.yaml --platform linux/amd64 > input.json',
    '<%= config.bin %> <%= command.id %> --evidence evidence.json --policy policy.yaml > input.json; opa eval -d extra.rego -i input.json data.waybill.deny',
  ];
  static override args = { image: optionalImageArg };
  static override flags = {
    ...policyFlags,
    evidence: string({
      summary: 'File written by gate check --evidence-out, instead of an image.',
      helpValue: 'FILE',
      exclusive: ['as'],
    }),
    rule: string({ summary: 'Name of the rule whose policy looks.', helpValue: 'NAME' }),
    platform: string({ summary: 'Platform of the image.', helpValue: 'OS/ARCH' }),
    'as-of': string({ summary: 'Time decided for, instead of now or that of collection.', helpValue: 'RFC3339' }),
    as: string({
      summary: 'Name of an image from a layout or archive: rules are found by it.',
      helpValue: 'REGISTRY/REPOSITORY',
    }),
    timeout: integer({
      helpValue: 'SECONDS',
      summary: 'Seconds that collecting evidence of the image may take.',
      default: 600,
      min: 1,
      max: 86_400,
    }),
    ...gateImageFlags,
    ...policyTrustFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<PolicyInput>> {
    const { args, flags } = await this.parse(GateInput);
    const runtime = start(flags);
    const app = await import('../../app/gate/index.ts');
    const options: ShowPolicyInputOptions = {
      ...policyChoice(flags),
      source: app.policyInputSource({
        image: args.image,
        evidence: flags.evidence,
        // that of --platform is chosen from what was collected
        access: imageAccess({ ...flags, platform: undefined }),
        deadlineMs: flags.timeout * 1000,
        ...(flags.as === undefined ? {} : { as: flags.as }),
        ...layerLimit(flags),
        ...policyTrust(flags),
      }),
      ...(flags.rule === undefined ? {} : { rule: flags.rule }),
      ...(flags.platform === undefined ? {} : { platform: flags.platform }),
      ...asOfTime(flags),
    };
    const result = await app.showPolicyInput(options, runtime);
    const { renderPolicyInput } = await import('../../render/index.ts');
    return { result, text: renderPolicyInput(result), exitCode: ExitCode.Passed };
  }
}
