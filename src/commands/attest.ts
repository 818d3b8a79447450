import { boolean, string } from '@oclif/core/flags';
import type { AttestImageResult } from '../app/index.ts';
import {
  attachmentFlags,
  bundleOutput,
  bundleOutputFlags,
  imageAccess,
  imageArg,
  imageFlags,
  parseDigestFlag,
  signingAccess,
  signingFlags,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../cli/index.ts';
import { ExitCode, type Digest } from '../core/index.ts';

export default class Attest extends WaybillCommand<AttestImageResult> {
  static override summary = 'Attach a signed statement about an image: an SBOM, provenance, a VEX document.';
  static override description =
    'The predicate is embedded byte for byte. SBOMs and provenance speak of platform manifests: attest an index with --platform, once for each. TYPE is cyclonedx, spdx, ' +
    'slsaprovenance, slsaprovenance1, vuln, openvex, link, vsa, custom, or a URI. Signed with --key, or else by an identity, as `sign` does.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --type cyclonedx --predicate bom.json --key release.key',
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --type cyclonedx --predicate large.json --by-reference --key release.key',
  ];
  static override args = { image: imageArg };
  static override flags = {
    type: string({ summary: 'Predicate type: a short name or a URI.', helpValue: 'TYPE', required: true }),
    predicate: string({ summary: 'File with the predicate (JSON).', helpValue: 'FILE', required: true }),
    subject: string({
      summary:
        'Speak of this too (repeatable): a digest, or NAME=sha256:...; the attestation is attached to IMAGE alone.',
      helpValue: '[NAME=]sha256:HEX',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'by-reference': boolean({
      summary:
        'For documents that are too large to embed: store it beside the image, and attest its digest (in-toto reference).',
      default: false,
    }),
    ...bundleOutputFlags,
    ...signingFlags,
    ...imageFlags,
    ...attachmentFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<AttestImageResult>> {
    const { args, flags } = await this.parse(Attest);
    const runtime = start(flags);
    const { attestImage } = await import('../app/signing/index.ts');
    const result = await attestImage(
      {
        image: args.image,
        access: imageAccess(flags),
        ...signingAccess(flags, runtime),
        ...bundleOutput(flags),
        type: flags.type,
        predicateFile: flags.predicate,
        byReference: flags['by-reference'],
        moreSubjects: (flags.subject ?? []).map(parseSubject),
      },
      runtime,
    );
    const { renderAttested } = await import('../render/index.ts');
    return { result, text: renderAttested(result), exitCode: ExitCode.Passed };
  }
}

/** `NAME=sha256:...` or the digest alone. @throws AppError USAGE */
function parseSubject(text: string): { readonly name?: string; readonly digest: Digest } {
  const at = text.lastIndexOf('=');
  const digest = parseDigestFlag(text.slice(at + 1), 'subject');
  return at > 0 ? { name: text.slice(0, at), digest } : { digest };
}
