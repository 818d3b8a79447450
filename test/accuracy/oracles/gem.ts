import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../../integration/run-command.ts';
import type { Oracle } from '../contract.ts';
import { lines } from './walk.ts';

/** What `gem list` goes through, with the file each was loaded from. */
const LIST = 'Gem::Specification.each { |s| puts [s.name, s.version, s.loaded_from].join(" ") }';

export const gemOracle: Oracle = {
  name: 'gem list',
  type: 'gem',
  programs: ['chroot'],
  async list({ root }) {
    if (!existsSync(join(root, 'usr/bin/gem'))) return [];
    return lines(await outputOf('chroot', [root, 'ruby', '-e', LIST])).map((line) => {
      const [name = '', version = '', place = ''] = line.split(' ');
      return { type: 'gem', name, version, places: [place] };
    });
  },
  covers: (place) => /\/specifications\/(?:default\/)?[^/]+\.gemspec$/.test(place),
};
