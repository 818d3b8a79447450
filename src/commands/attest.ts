import { string } from '@oclif/core/flags';
import type { AttestImageResult } from '../app/index.ts';
import {
  attachmentFlags,
  bundleOutput,
  bundleOutputFlags,
  imageAccess,
  imageArg,
  imageFlags,
  signingAccess,
  signingFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../cli/index.ts';
import { ExitCode } from '../core/index.ts';

export default class Attest extends WaybillCommand<AttestImageResult> {
  static override summary = 'Attach a signed statement about an image: an SBOM, provenance, a VEX document.';
  static override description =
    'The predicate is embedded byte for byte. SBOMs and provenance speak of platform manifests: attest an index with --platform, once for each. TYPE is cyclonedx, spdx, ' +
    'slsaprovenance, slsaprovenance1, vuln, openvex, link, vsa, custom, or a URI. Signed with --key, or else by an identity, as `sign` does.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --type cyclonedx --predicate bom.json --key release.key',
  ];
  static override args = { image: imageArg };
  static override flags = {
    type: string({ summary: 'Predicate type: a short name or a URI.', helpValue: 'TYPE', required: true }),
    predicate: string({ summary: 'File with the predicate (JSON).', helpValue: 'FILE', required: true }),
    ...bundleOutputFlags,
    ...signingFlags,
    ...imageFlags,
    ...attachmentFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<AttestImageResult>> {
    const { args, flags } = await this.parse(Attest);
    const runtime = start(flags);
    const { attestImage } = await import('../app/index.ts');
    const result = await attestImage(
      {
        image: args.image,
        access: imageAccess(flags),
        ...signingAccess(flags, runtime),
        ...bundleOutput(flags),
        type: flags.type,
        predicateFile: flags.predicate,
      },
      runtime,
    );
    const { renderAttested } = await import('../render/index.ts');
    return { result, text: renderAttested(result), exitCode: ExitCode.Passed };
  }
}
