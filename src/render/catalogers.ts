import type { CatalogerInfo } from '../app/index.ts';
import { renderTable, type TableOptions } from './table.ts';

/** One line per cataloger. */
export function renderCatalogers(catalogers: readonly CatalogerInfo[], options: TableOptions): string {
  return renderTable(
    [
      { title: 'CATALOGER', value: ({ id }) => id },
      { title: 'TYPES', value: ({ packageTypes }) => packageTypes.join(', ') },
      { title: 'FINDS', value: features },
      { title: 'READS', value: readsText, shrink: 1, least: 30 },
    ],
    catalogers,
    options,
  );
}

const SHOWN = 8;

/** The first patterns; `--json` has all. */
function readsText({ reads }: CatalogerInfo): string {
  const shown = reads.slice(0, SHOWN).join(', ');
  return reads.length > SHOWN ? `${shown} and ${reads.length - SHOWN} more` : shown;
}

function features({ licenses, dependencies, files }: CatalogerInfo): string {
  const found = [licenses ? 'licences' : '', dependencies ? 'dependencies' : '', files ? 'files' : ''].filter(
    (name) => name !== '',
  );
  return ['packages', ...found].join(', ');
}
