import { boolean, string } from '@oclif/core/flags';
import type { ListFilesResult } from '../../app/index.ts';
import {
  imageAccess,
  imageArg,
  imageFlags,
  layerFlags,
  layerLimit,
  WaybillCommand,
  type CommandOutcome,
  type StartRuntime,
} from '../../cli/index.ts';

export default class ImageFiles extends WaybillCommand<ListFilesResult> {
  static override summary =
    'Account for every file of an image: whose it is, and whether it is as its package brought it.';
  static override description =
    'Each regular file and link has one class: os-package, language-package, package-state (a package manager’s own data), generated (made at installation), binary (recognised, in ' +
    'no package), base (as the base image has it; needs --lock), unaccounted. Files of packages are verified, modified, configuration or unchecked, by the digests in the package ' +
    'databases; nothing of the image is run. What was changed is told with the layer and the command that did it. Exit 1: something that --fail-on names is the case. Exit 7: modified was to be ' +
    'told, and no file has a record to compare with.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> registry.example.com/shop/app:1.2 --class unaccounted --executables',
    '<%= config.bin %> <%= command.id %> oci:build:1.2 --summary --fail-on modified,unaccounted-executables',
    "<%= config.bin %> <%= command.id %> oci:build:1.2 --layer 3 --path '/usr/local/**'",
    '<%= config.bin %> <%= command.id %> oci:build:1.2 --summary --output ledger.jsonl',
  ];
  static override args = { image: imageArg };
  static override flags = {
    class: string({
      summary: 'Only files of this class (repeatable, or several with commas).',
      helpValue: 'CLASS',
      multiple: true,
      multipleNonGreedy: true,
    }),
    executables: boolean({ summary: 'Only machine code, and files that may be executed.', default: false }),
    layer: string({
      summary: 'Only files that this layer wrote: its number, 0 = bottom, or the beginning of its diffID.',
      helpValue: 'N',
    }),
    path: string({ summary: 'Only files at such paths: * within a folder, ** across folders.', helpValue: 'GLOB' }),
    summary: boolean({ summary: 'No files, only totals and findings.', default: false }),
    output: string({
      char: 'o',
      summary: 'Write the whole ledger to this file, as JSON lines; its digest is printed.',
      helpValue: 'FILE',
    }),
    integrity: boolean({
      summary: 'Compare the content of files with what their packages recorded.',
      allowNo: true,
      default: true,
    }),
    lock: string({
      summary: 'Lock of observed bases (`waybill base lock`): tells which files are the base’s.',
      helpValue: 'FILE',
    }),
    'fail-on': string({
      summary:
        'Exit 1 when there are such files: modified, missing, unaccounted-executables, unaccounted, stripped, not-checked (repeatable, or several with commas).',
      helpValue: 'WHAT',
      multiple: true,
      multipleNonGreedy: true,
    }),
    ...imageFlags,
    ...layerFlags,
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<ListFilesResult>> {
    const { args, flags } = await this.parse(ImageFiles);
    const runtime = start(flags);
    const { listFiles, parseLedgerFaults } = await import('../../app/sbom/index.ts');
    const { result, exitCode } = await listFiles(
      {
        image: args.image,
        access: imageAccess(flags),
        integrity: flags.integrity,
        executables: flags.executables,
        summary: flags.summary,
        failOn: parseLedgerFaults(flags['fail-on'] ?? []),
        ...(flags.class === undefined ? {} : { classes: flags.class }),
        ...(flags.layer === undefined ? {} : { layer: flags.layer }),
        ...(flags.path === undefined ? {} : { pathGlob: flags.path }),
        ...(flags.output === undefined ? {} : { output: flags.output }),
        ...(flags.lock === undefined ? {} : { lockFile: flags.lock }),
        ...layerLimit(flags),
      },
      runtime,
    );
    const { renderFiles } = await import('../../render/index.ts');
    return { result, text: this.jsonEnabled() ? '' : renderFiles(result, this.tableOptions()), exitCode };
  }
}
