import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../../integration/run-command.ts';
import type { Oracle } from '../contract.ts';
import { lines } from './walk.ts';

const STATUS = '/var/lib/dpkg/status';

export const dpkgOracle: Oracle = {
  name: 'dpkg-query',
  type: 'deb',
  programs: ['dpkg-query'],
  async list({ root }) {
    if (!existsSync(join(root, STATUS))) return [];
    const format = '${Package} ${Version} ${db:Status-Status}\n';
    const listed = await outputOf('dpkg-query', [`--admindir=${join(root, 'var/lib/dpkg')}`, '-W', '-f', format]);
    return lines(listed)
      .filter((line) => !line.endsWith(' not-installed'))
      .map((line) => {
        const [name = '', version = ''] = line.split(' ');
        return { type: 'deb', name, version, places: [STATUS] };
      });
  },
  covers: (place) => place === STATUS,
};
