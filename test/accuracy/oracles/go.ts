import { outputOf } from '../../integration/run-command.ts';
import type { Oracle } from '../contract.ts';
import { normalized, type Finding } from '../finding.ts';
import { inImage, lines } from './walk.ts';

/** Modules and Go release of every Go program; a replacement stands for what it replaces. */
export const goOracle: Oracle = {
  name: 'go version -m',
  type: 'golang',
  programs: ['go'],
  async list({ root }) {
    const found: Finding[] = [];
    let place = '';
    for (const line of lines(await outputOf('go', ['version', '-m', root]))) {
      const program = /^(\/.*): (?:go|devel )(\S+)/.exec(line);
      if (program?.[1] !== undefined) {
        place = inImage(root, program[1]);
        found.push({ type: 'golang', name: 'stdlib', version: program[2] ?? '', places: [place] });
        continue;
      }
      const [kind = '', name = '', version = ''] = line.trim().split('\t');
      if (kind === '=>') found.pop();
      if (!['mod', 'dep', '=>'].includes(kind)) continue;
      found.push(normalized({ type: 'golang', name, version: version === '(devel)' ? '' : version, places: [place] }));
    }
    return found;
  },
  covers: () => true,
};
