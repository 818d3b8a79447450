import { boolean, string } from '@oclif/core/flags';
import type { SbomReport } from '../../app/index.ts';
import {
  allPlatformsFlag,
  imageAccess,
  imageArg,
  imageFlags,
  layerFlags,
  layerLimit,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';

export default class SbomCreate extends WaybillCommand<SbomReport> {
  static override summary = 'Generate the SBOM of an image.';
  static override description =
    'Reads every layer once, verifies all digests, catalogs packages, and writes CycloneDX 1.6 JSON to stdout, or whatever -o asks for. The same image, version and options give ' +
    'the same bytes on any machine. Exit 7: nothing was found and --allow-empty was not given, or something could not be read under --strict.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 > bom.json',
    '<%= config.bin %> <%= command.id %> oci:build:1.2 -o table -o cyclonedx-json=bom.json -o cyclonedx-xml@1.5=bom.xml',
    "<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --all-platforms -o 'cyclonedx-json=bom-{platform}.json'",
  ];
  static override args = { image: imageArg };
  static override flags = {
    output: string({
      char: 'o',
      summary:
        'cyclonedx-json, cyclonedx-xml (both with @1.5, @1.6, @1.7) or table, and where to (repeatable). Default: cyclonedx-json to stdout.',
      helpValue: 'FORMAT[=FILE]',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'all-platforms': allPlatformsFlag,
    scope: string({
      summary: 'squashed: what containers see. all-layers: also what lower layers hold and upper ones hide.',
      options: ['squashed', 'all-layers'],
      default: 'squashed',
    }),
    lock: string({
      summary: 'Lock of observed bases: says of each component whether its base has it (`waybill base lock`).',
      helpValue: 'FILE',
    }),
    integrity: boolean({
      summary:
        'Compare the content of files with what their packages recorded (md5, SHA-1, SHA-256): takes 10 to 50 per cent longer.',
      default: false,
    }),
    ledger: string({
      summary: 'Write what every file of the image is to this file, as JSON lines; the SBOM names its digest.',
      helpValue: 'FILE',
    }),
    'allow-empty': boolean({ summary: 'Finding no package at all is a result, not exit 7.', default: false }),
    strict: boolean({ summary: 'Exit 7 when anything could not be read.', default: false }),
    ...imageFlags,
    ...layerFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<SbomReport>> {
    const { args, flags } = await this.parse(SbomCreate);
    const runtime = start(flags);
    const { reportSboms } = await import('../../app/sbom/index.ts');
    const { renderSbomTable } = await import('../../render/index.ts');
    const { report, stdout, exitCode } = await reportSboms(
      {
        image: args.image,
        access: imageAccess(flags),
        outputs: flags.output ?? [],
        allPlatforms: flags['all-platforms'],
        scope: flags.scope === 'all-layers' ? 'all-layers' : 'squashed',
        integrity: flags.integrity,
        ...(flags.ledger === undefined ? {} : { ledgerFile: flags.ledger }),
        ...(flags.lock === undefined ? {} : { lockFile: flags.lock }),
        allowEmpty: flags['allow-empty'],
        strict: flags.strict,
        json: this.jsonEnabled(),
        renderTable: (document) => renderSbomTable(document, this.tableOptions()),
        ...layerLimit(flags),
      },
      runtime,
    );
    return { result: report, text: stdout, exitCode };
  }
}
