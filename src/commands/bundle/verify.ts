import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import type { VerifyBlobResult } from '../../app/index.ts';
import {
  bundleJudgingFlags,
  bundleLimit,
  signerAccess,
  wantedStatement,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';

export default class BundleVerify extends WaybillCommand<VerifyBlobResult> {
  static override summary = 'Verify a Sigstore bundle that lies at hand, against what it must speak of.';
  static override description =
    'For bundles that came by another way than a registry: of an image give its digest, of a file the file or its digest. A bundle is not verified without something that it must ' +
    'speak of. Exit 0: it verifies, by one of the keys and identities given. Exit 1: it does not.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> image.sigstore.json --subject sha256:... --type https://sigstore.dev/cosign/sign/v1 --key release.pub --insecure-ignore-tlog',
    '<%= config.bin %> <%= command.id %> provenance.sigstore.json --subject app.tar.gz --type slsaprovenance1 --certificate-identity me@example.com --certificate-oidc-issuer https://accounts.google.com --offline',
  ];
  static override args = { bundle: stringArg({ name: 'BUNDLE', description: 'The bundle.', required: true }) };
  static override flags = {
    subject: string({
      summary: 'What it must speak of: a file, or sha256: and a digest (of an image: of its manifest or index).',
      helpValue: 'FILE|sha256:HEX',
      required: true,
    }),
    ...bundleJudgingFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<VerifyBlobResult>> {
    const { args, flags } = await this.parse(BundleVerify);
    const runtime = start(flags);
    const { verifyBlob, verifyBlobExitCode } = await import('../../app/verification/index.ts');
    const result = await verifyBlob(
      {
        file: flags.subject,
        bundleFile: args.bundle,
        signers: signerAccess(flags),
        ...bundleLimit(flags),
        ...wantedStatement(flags),
      },
      runtime,
    );
    const { renderBlobVerification } = await import('../../render/index.ts');
    return { result, text: renderBlobVerification(result), exitCode: verifyBlobExitCode(result) };
  }
}
