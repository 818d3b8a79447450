import { basename, dirname, join } from 'node:path';
import { outputOf } from '../../integration/run-command.ts';
import type { Oracle } from '../contract.ts';
import type { Finding } from '../finding.ts';
import { filesOf, lines } from './walk.ts';

const DATABASES = new Map([
  ['rpmdb.sqlite', 'sqlite'],
  ['Packages', 'bdb_ro'],
]);

export const rpmOracle: Oracle = {
  name: 'rpm -qa',
  type: 'rpm',
  programs: ['rpm'],
  async list({ root }) {
    const found: Finding[] = [];
    for await (const place of filesOf(root)) {
      const backend = DATABASES.get(basename(place));
      if (backend === undefined || !this.covers(place)) continue;
      const format = '%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n';
      const database = ['--dbpath', join(root, dirname(place)), '--define', `_db_backend ${backend}`];
      for (const line of lines(await outputOf('rpm', ['-qa', ...database, '--qf', format]))) {
        const [name = '', version = ''] = line.split(' ');
        // keys that are trusted are no software
        if (name !== 'gpg-pubkey')
          found.push({ type: 'rpm', name, version: version.replace(/^0:/, ''), places: [place] });
      }
    }
    return found;
  },
  covers: (place) => DATABASES.has(basename(place)) && place.includes('/rpm/'),
};
