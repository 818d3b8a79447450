import { boolean, string } from '@oclif/core/flags';
import type { InitPolicyResult } from '../../app/index.ts';
import { completeAnswers, WaybillCommand, type CommandOutcome, type StartRuntime } from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

export default class PolicyInit extends WaybillCommand<InitPolicyResult> {
  static override summary = 'Write a first policy.';
  static override description =
    'Writes a commented policy from flags, or from answers where flags leave something out and there is a terminal, and prints what to do next. The policy passes waybill policy lint. ' +
    'A file that is there is never overwritten.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --image "registry.example.com/shop/**" --key keys/release.pub --base debian=debian:12 --sbom',
    '<%= config.bin %> <%= command.id %> --image ghcr.io/acme/shop --certificate-identity https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main --certificate-oidc-issuer https://token.actions.githubusercontent.com --provenance',
  ];
  static override flags = {
    image: string({
      summary: 'Images the policy is about: registry and repository, * within a part, ** across parts (repeatable).',
      helpValue: 'PATTERN',
      multiple: true,
      multipleNonGreedy: true,
    }),
    key: string({
      summary: 'Public key of who signs; lies under the policy’s folder.',
      helpValue: 'FILE',
      exclusive: ['certificate-identity', 'certificate-oidc-issuer'],
    }),
    'certificate-identity': string({
      summary: 'Who signs without a key: the exact identity in the certificate.',
      helpValue: 'ID',
    }),
    'certificate-oidc-issuer': string({
      summary: 'Who vouches for that identity: the exact issuer.',
      helpValue: 'URL',
    }),
    base: string({
      summary: 'An allowed base (repeatable; one name may have several tags).',
      helpValue: 'NAME=IMAGE:TAG',
      multiple: true,
      multipleNonGreedy: true,
    }),
    sbom: boolean({ summary: 'Demand an SBOM attestation that waybill’s own scan confirms.' }),
    provenance: boolean({ summary: 'Demand SLSA provenance.' }),
    out: string({ summary: 'File to write.', helpValue: 'FILE', default: 'policy.yaml' }),
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<InitPolicyResult>> {
    const { flags } = await this.parse(PolicyInit);
    const runtime = start(flags);
    const { initPolicy, refuseTaken } = await import('../../app/policy/index.ts');
    await refuseTaken(flags.out);
    const answers = await completeAnswers(
      {
        images: flags.image ?? [],
        key: flags.key,
        certificateIdentity: flags['certificate-identity'],
        certificateOidcIssuer: flags['certificate-oidc-issuer'],
        bases: flags.base ?? [],
        sbom: flags.sbom,
        provenance: flags.provenance,
      },
      runtime.env,
    );
    const result = await initPolicy({ file: flags.out, ...answers }, runtime);
    const { renderInit, renderNextSteps } = await import('../../render/index.ts');
    return { result, text: renderInit(result), advice: renderNextSteps(result), exitCode: ExitCode.Passed };
  }
}
