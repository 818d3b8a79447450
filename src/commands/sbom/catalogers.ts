import type { CatalogerInfo } from '../../app/index.ts';
import { WaybillCommand, type CommandOutcome, type StartRuntime } from '../../cli/index.ts';
import { ExitCode } from '../../core/index.ts';

/** Result of `--json`. */
interface CatalogerList {
  readonly catalogers: readonly CatalogerInfo[];
}

export default class SbomCatalogers extends WaybillCommand<CatalogerList> {
  static override summary =
    'List what is looked for in an image: each cataloger with its package types and the files it reads.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json'];

  protected async execute(start: StartRuntime): Promise<CommandOutcome<CatalogerList>> {
    const { flags } = await this.parse(SbomCatalogers);
    start(flags);
    const { listCatalogers } = await import('../../app/sbom/index.ts');
    const { renderCatalogers } = await import('../../render/index.ts');
    const catalogers = listCatalogers();
    return {
      result: { catalogers },
      text: renderCatalogers(catalogers, this.tableOptions()).trimEnd(),
      exitCode: ExitCode.Passed,
    };
  }
}
