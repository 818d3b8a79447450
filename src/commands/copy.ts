import { boolean, string } from '@oclif/core/flags';
import type { CopyImageResult } from '../app/index.ts';
import {
  attachmentFlags,
  attachmentLimitFlags,
  destinationArg,
  imageAccess,
  imageFlags,
  sourceArg,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../cli/index.ts';

export default class Copy extends WaybillCommand<CopyImageResult> {
  static override summary = 'Copy an image with everything that is attached to it.';
  static override description =
    'Copies byte for byte between registries and OCI layouts: an index with all its platforms, and signatures, attestations, SBOMs and whatever else is attached to any of ' +
    'them. Digests stay what they are, so signatures stay good. What is there already is not sent again; the tag is set last. Run it again to go on with a copy that broke off.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 mirror.example.com/shop/app:1.2',
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 oci:backup:1.2 --allow-legacy',
    '<%= config.bin %> <%= command.id %> oci-archive:app.tar registry.example.com/shop/app:1.2',
  ];
  static override args = { source: sourceArg, destination: destinationArg };
  static override flags = {
    referrers: boolean({
      summary: 'Copy what is attached to the image.',
      allowNo: true,
      default: true,
    }),
    'allow-legacy': boolean({
      summary: 'Copy cosign’s older attachments too: the tags sha256-….sig, .att and .sbom.',
      default: false,
    }),
    'allow-nondistributable-artifacts': boolean({
      summary: 'Copy layers too that their makers keep elsewhere (of Windows, mostly).',
      default: false,
    }),
    strict: boolean({
      summary: 'Exit 7 when anything attached could not be copied.',
      default: false,
    }),
    ...imageFlags,
    platform: string({
      summary: 'Copy one platform of an index: os/arch[/variant]. Default: the index and all its platforms.',
      helpValue: 'linux/amd64',
      helpGroup: 'IMAGE',
    }),
    ...attachmentFlags,
    'to-attachment-repository': string({
      summary: 'Repository for what is attached to the copy, if not the copy’s own.',
      helpValue: 'HOST/REPOSITORY',
      helpGroup: 'IMAGE',
    }),
    'max-referrers': attachmentLimitFlags['max-referrers'],
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<CopyImageResult>> {
    const { args, flags } = await this.parse(Copy);
    const runtime = start(flags);
    const { copyImageWithAttachments, copyExitCode } = await import('../app/store/index.ts');
    const elsewhere = flags['to-attachment-repository'];
    const result = await copyImageWithAttachments(
      {
        from: args.source,
        to: args.destination,
        access: imageAccess(flags),
        ...(elsewhere === undefined ? {} : { toAttachmentRepository: elsewhere }),
        referrers: flags.referrers,
        legacy: flags['allow-legacy'],
        nondistributable: flags['allow-nondistributable-artifacts'],
      },
      runtime,
    );
    const { renderCopy } = await import('../render/index.ts');
    return { result, text: renderCopy(result), exitCode: copyExitCode(result, flags.strict) };
  }
}
