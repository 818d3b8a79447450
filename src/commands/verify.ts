import { boolean, integer, string } from '@oclif/core/flags';
import type { VerifyImageResult } from '../app/index.ts';
import {
  attachmentFlags,
  attachmentLimitFlags,
  imageAccess,
  imageArg,
  imageFlags,
  signerAccess,
  signerFlags,
  wantedStatement,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../cli/index.ts';

export default class Verify extends WaybillCommand<VerifyImageResult> {
  static override summary = 'Say who signed an image, and why each other bundle does not count.';
  static override description =
    'Exit 0: signed by at least --threshold of the keys and identities. Exit 1: it is not. Certificates (keyless signatures) need an identity and who vouches for it; whom to believe is Sigstore’s public trusted root unless told. A registry that does not answer is exit 4 or 5, never "unsigned". With --type an attestation of ' +
    'that type is wanted instead of an image signature; an attestation alone never counts as a signature.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --certificate-identity https://github.com/shop/app/.github/workflows/release.yml@refs/heads/main --certificate-oidc-issuer https://token.actions.githubusercontent.com',
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --key release.pub --insecure-ignore-tlog',
    '<%= config.bin %> <%= command.id %> oci:build:1.2 --key release.pub --insecure-ignore-tlog --type cyclonedx',
  ];
  static override args = { image: imageArg };
  static override flags = {
    type: string({ summary: 'Want an attestation of this type: a short name or a URI.', helpValue: 'TYPE' }),
    annotation: string({
      char: 'a',
      summary: 'Require this signed annotation (repeatable).',
      helpValue: 'KEY=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    threshold: integer({ summary: 'How many distinct keys and identities must have signed.', default: 1, min: 1 }),
    recursive: boolean({
      char: 'r',
      summary: 'Of an index, every platform manifest must verify by itself too.',
      default: false,
      exclusive: ['platform'],
    }),
    'allow-legacy': boolean({
      summary: 'Also judge signatures and attestations that cosign 1 and 2 attached under tags (.sig, .att).',
      default: false,
    }),
    ...signerFlags,
    ...imageFlags,
    ...attachmentFlags,
    ...attachmentLimitFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<VerifyImageResult>> {
    const { args, flags } = await this.parse(Verify);
    const runtime = start(flags);
    const { verifyImage, verifyExitCode } = await import('../app/verification/index.ts');
    const result = await verifyImage(
      {
        image: args.image,
        access: imageAccess(flags),
        signers: signerAccess(flags),
        allowLegacy: flags['allow-legacy'],
        recursive: flags.recursive,
        threshold: flags.threshold,
        ...wantedStatement(flags),
      },
      runtime,
    );
    const { renderVerification } = await import('../render/index.ts');
    return { result, text: renderVerification(result), exitCode: verifyExitCode(result) };
  }
}
