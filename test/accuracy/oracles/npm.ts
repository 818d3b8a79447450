import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outputOf } from '../../integration/run-command.ts';
import type { Oracle } from '../contract.ts';
import type { Finding } from '../finding.ts';
import { filesOf, inImage } from './walk.ts';

interface Node {
  readonly name?: string;
  readonly version?: string;
  readonly path?: string;
  readonly dependencies?: Readonly<Record<string, Node>>;
}

/** Where the installed packages of applications are: `npm ls` finds them from the application on. */
const NPM_ROOTS = [
  ['/app', '--prefix'],
  ['/usr/local', '--global', '--prefix'],
] as const;

export const npmOracle: Oracle = {
  name: 'npm ls --all',
  type: 'npm',
  programs: ['npm'],
  async list({ root }) {
    const found = new Map<string, Finding>();
    for (const [folder, ...how] of NPM_ROOTS) {
      if (!existsSync(join(root, folder)) || !existsSync(join(root, '/usr/local/bin/node'))) continue;
      const visit = ({ name, version, path, dependencies }: Node): void => {
        if (name !== undefined && version !== undefined && path !== undefined) {
          const place = inImage(root, join(path, 'package.json'));
          found.set(place, { type: 'npm', name, version, places: [place] });
        }
        for (const child of Object.values(dependencies ?? {})) visit(child);
      };
      visit(JSON.parse(await npmList([...how, join(root, folder)])) as Node);
    }
    return [...found.values()];
  },
  covers: (place) => /^\/(app|usr\/local\/lib)(\/node_modules\/(@[^/]+\/)?[^/]+)*\/package\.json$/.test(place),
};

/** `npm ls` fails when a peer is missing, and lists all the same. */
async function npmList(options: readonly string[]): Promise<string> {
  const command = ['npm ls --all --json --long "$@" || :', 'npm', ...options];
  return outputOf('/bin/sh', ['-c', ...command]);
}

/** Every package.json that stands where `require` looks for packages, whoever installed it. */
export const nodeModulesOracle: Oracle = {
  name: 'node_modules',
  type: 'npm',
  programs: [],
  async list({ root }) {
    const found: Finding[] = [];
    for await (const place of filesOf(root)) {
      if (!this.covers(place)) continue;
      const { name, version } = JSON.parse(await readFile(join(root, place), 'utf8')) as Node;
      if (name !== undefined && version !== undefined) found.push({ type: 'npm', name, version, places: [place] });
    }
    return found;
  },
  covers: (place) =>
    /\/node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(place) && !/\/node_modules\/\.[^/]+\/package/.test(place),
};
