import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Oracle } from '../contract.ts';
import { lines } from './walk.ts';

/** `cargo tree` of the program, as Cargo wrote it when the image was built: `name v1.2.3 (more)`. */
export const cargoOracle: Oracle = {
  name: 'cargo tree',
  type: 'cargo',
  programs: [],
  async list({ name: image, folder }) {
    const file = join(folder, `${image}.tree`);
    if (!existsSync(file)) return [];
    const found = lines(await readFile(file, 'utf8')).map((line) => {
      const [name = '', version = ''] = line.split(' ');
      return { type: 'cargo', name, version: version.replace(/^v/, ''), places: ['/usr/local/bin/till'] };
    });
    return [...new Map(found.map((finding) => [`${finding.name}@${finding.version}`, finding])).values()];
  },
  covers: (place) => place === '/usr/local/bin/till',
};
