import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Oracle } from '../contract.ts';
import type { Finding } from '../finding.ts';
import { lines } from './walk.ts';

/** `dependency:list` of the projects, as Maven wrote it when the image was built: `group:artifact:type[:classifier]:version:scope`. */
export const mavenOracle: Oracle = {
  name: 'mvn dependency:list',
  type: 'maven',
  programs: [],
  async list({ name: image, folder }) {
    const found: Finding[] = [];
    for (const file of (await readdir(folder)).filter(
      (name) => name.startsWith(`${image}-`) && name.endsWith('.list'),
    )) {
      for (const line of lines(await readFile(join(folder, file), 'utf8'))) {
        const parts = /^\s+(\S+)/.exec(line)?.[1]?.split(':') ?? [];
        const [group = '', artifact = '', type] = parts;
        if (parts.length >= 5 && type !== 'pom') {
          found.push({ type: 'maven', name: `${group}/${artifact}`, version: parts.at(-2) ?? '', places: [] });
        }
      }
    }
    return found;
  },
  // a jar may hold other software as well, which Maven does not list
  covers: (place, finding) =>
    /^\/(opt\/hadoop\/lib|app)\//.test(place) &&
    basename(place).startsWith(`${finding?.name.split('/').at(-1)}-`) &&
    (place.split(':').length === 1) === place.startsWith('/opt/'),
};
