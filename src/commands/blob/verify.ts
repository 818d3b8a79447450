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

export default class BlobVerify extends WaybillCommand<VerifyBlobResult> {
  static override summary = 'Verify a Sigstore bundle over a file.';
  static override description =
    'The bundle is the file’s own signature, or a statement (attestation) of which the file is a subject. In place of a file its digest is enough: sha256:..., except for Ed25519 ' +
    'signatures. Exit 0: it verifies, by one of the keys and identities given. Exit 1: it does not.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> app.tar.gz --certificate-identity me@example.com --certificate-oidc-issuer https://accounts.google.com',
    '<%= config.bin %> <%= command.id %> app.tar.gz --bundle provenance.sigstore.json --type slsaprovenance1 --key release.pub --insecure-ignore-tlog',
  ];
  static override args = {
    file: stringArg({ name: 'FILE', description: 'The file, or sha256: and its digest.', required: true }),
  };
  static override flags = {
    bundle: string({ summary: 'The bundle. Default: the one beside the file, FILE.sigstore.json.', helpValue: 'FILE' }),
    ...bundleJudgingFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<VerifyBlobResult>> {
    const { args, flags } = await this.parse(BlobVerify);
    const runtime = start(flags);
    const { verifyBlob, verifyBlobExitCode } = await import('../../app/verification/index.ts');
    const result = await verifyBlob(
      {
        file: args.file,
        ...(flags.bundle === undefined ? {} : { bundleFile: flags.bundle }),
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
