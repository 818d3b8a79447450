import { dirname, join } from 'node:path';
import { outputOf } from '../../integration/run-command.ts';
import type { Oracle } from '../contract.ts';
import { normalized, type Finding } from '../finding.ts';
import { foldersNamed, inImage } from './walk.ts';

interface Report {
  readonly installed: readonly {
    readonly metadata: { readonly name: string; readonly version: string };
    readonly metadata_location: string;
  }[];
}

const SITES = new Set(['site-packages', 'dist-packages']);

export const pipOracle: Oracle = {
  name: 'pip inspect',
  type: 'pypi',
  programs: ['pip3'],
  async list({ root }) {
    const found: Finding[] = [];
    // one at a time: of several folders pip lists a name once
    for (const site of await foldersNamed(root, SITES)) {
      const report = JSON.parse(await outputOf('pip3', ['inspect', '--path', join(root, site)])) as Report;
      for (const { metadata, metadata_location: place } of report.installed) {
        const { name, version } = metadata;
        found.push(normalized({ type: 'pypi', name, version, places: [inImage(root, place)] }));
      }
    }
    return found;
  },
  covers: (place) => SITES.has(metadataFolder(place).split('/').at(-2) ?? ''),
};

/** pip names a folder (dist-info, egg-info) or a file (egg-info of distutils). */
export function metadataFolder(place: string): string {
  return /\/(METADATA|PKG-INFO)$/.test(place) ? dirname(place) : place;
}
