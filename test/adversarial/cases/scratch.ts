import { elfFile } from '../../support/elf-file.ts';
import { goBinary } from '../../support/go-binary.ts';
import type { LayerSpec } from '../../support/images.ts';
import type { AdversarialCase } from '../contract.ts';

function layer(files: Readonly<Record<string, string | Uint8Array>>): LayerSpec {
  return Object.entries(files).map(([path, content]) => ({ path, content, mode: 0o755 }));
}

const GO = goBinary({ goVersion: 'go1.26.8', modInfo: 'path\texample.com/app\nmod\texample.com/app\tv1.0.0\t\n' });
/** Images that claim to stand on nothing. */
export const SCRATCH_CASES: readonly AdversarialCase[] = [
  ...(
    [
      ['a static busybox under another name', { 'app/run': elfFile([]) }, 'BASE_SCRATCH_UNACCOUNTED'],
      ['a shell beside the program', { 'app/run': GO, 'bin/sh': GO }, 'BASE_NOT_SCRATCH'],
      ['an emptied package database', { 'app/run': GO, 'lib/apk/db/installed': '' }, 'BASE_NOT_SCRATCH'],
      ['a dynamic loader', { 'app/run': GO, 'lib64/ld-linux-x86-64.so.2': GO }, 'BASE_NOT_SCRATCH'],
    ] as const
  ).map(([what, files, code]): AdversarialCase => ({
    name: `scratch with ${what}, provenance and all`,
    attack: async (stage) => {
      stage.policy({ rule: 'base: { allow: [none] }' });
      const app = await stage.image('app', { layers: [layer(files)] });
      await stage.attest(app, 'https://slsa.dev/provenance/v1', { buildDefinition: {}, runDetails: {} });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: [`fail ${code}`] },
  })),
  {
    name: 'scratch: a system whose files a later layer deleted',
    attack: async (stage) => {
      stage.policy({ rule: 'base: { allow: [none] }' });
      const app = await stage.image('app', {
        layers: [
          {
            'bin/ash': '#!shell',
            'lib/apk/db/installed': 'C:Q1\nP:busybox\nV:1.37-r0\nA:x86_64\nS:1\nI:1\nT:x\nL:GPL\nF:bin\nR:ash\n\n',
          },
          { 'bin/.wh.ash': '', '.wh.lib': '', ...Object.fromEntries([['app/run', GO]]) },
        ],
      });
      await stage.attest(app, 'https://slsa.dev/provenance/v1', { buildDefinition: {}, runDetails: {} });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail BASE_NOT_SCRATCH'] },
  },
  {
    name: 'scratch: provenance by a stranger is nobody’s word',
    attack: async (stage) => {
      stage.policy({ rule: 'base: { allow: [none] }' });
      const app = await stage.image('app', { layers: [layer({ 'app/run': GO })] });
      await stage.attest(app, 'https://slsa.dev/provenance/v1', { buildDefinition: {}, runDetails: {} }, stage.theirs);
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail BASE_SCRATCH_UNPROVEN'] },
  },
];
