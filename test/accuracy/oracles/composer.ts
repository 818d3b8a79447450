import { dirname, join } from 'node:path';
import { outputOf } from '../../integration/run-command.ts';
import type { Oracle } from '../contract.ts';
import { normalized, type Finding } from '../finding.ts';
import { filesOf } from './walk.ts';

interface Shown {
  readonly installed?: readonly { readonly name: string; readonly version: string }[];
}

const INSTALLED = '/vendor/composer/installed.json';

export const composerOracle: Oracle = {
  name: 'composer show',
  type: 'composer',
  programs: ['composer'],
  async list({ root }) {
    const found: Finding[] = [];
    for await (const place of filesOf(root)) {
      if (!place.endsWith(INSTALLED)) continue;
      const folder = join(root, dirname(dirname(dirname(place))));
      const env = { COMPOSER_ALLOW_SUPERUSER: '1', COMPOSER_DISABLE_NETWORK: '1' };
      const options = ['--format=json', '--no-interaction', `--working-dir=${folder}`];
      const { installed } = JSON.parse(await outputOf('composer', ['show', ...options], { env })) as Shown;
      for (const { name, version } of installed ?? []) {
        // a branch is shown with its commit
        found.push(normalized({ type: 'composer', name, version: version.split(' ')[0] ?? '', places: [place] }));
      }
    }
    return found;
  },
  covers: (place) => place.endsWith(INSTALLED),
};
