import type { LayerSpec, MadeImage, MakeImageOptions } from '../../support/images.ts';
import type { AdversarialCase } from '../contract.ts';
import { ARM, type Stage } from '../world.ts';

/** A base of enough files to be looked for file by file. */
export const TINY: Readonly<Record<string, string>> = Object.fromEntries([
  ['bin/sh', '#!the shell\n'],
  ['etc/ssl/certs/ca-certificates.crt', 'certificates\n'],
  ...Array.from({ length: 60 }, (_, index) => [`usr/share/tiny/file${index}`, `content ${index}\n`]),
]);
export const APP: LayerSpec = { 'app/run': 'run\n' };
const ALPINE: LayerSpec = { 'bin/ash': '#!another shell\n', 'etc/alpine-release': '3.22.0\n' };
export const CONTENT = 'base: { allow: [tiny], unexplained: deny }';
const BASE_NAME = 'org.opencontainers.image.base.name';
const BASE_DIGEST = 'org.opencontainers.image.base.digest';
const TINY_NAME = 'registry.example.com/base/tiny:13';

export function on({ image, store }: MadeImage): { readonly base: NonNullable<MakeImageOptions['base']> } {
  return { base: { image, store } };
}

/** The base `tiny:13`, locked, under a policy. */
export async function locked(stage: Stage, rule: string, entry = ''): Promise<MadeImage> {
  stage.policy({ rule, entry });
  const base = await stage.image('base', { layers: [TINY] });
  await stage.lock();
  return base;
}

export const NOT_ALLOWED = { verdict: 'deny', exit: 1, codes: ['fail BASE_NOT_ALLOWED'] } as const;
export const IS_TINY = { verdict: 'allow', exit: 0, codes: [], passes: ['BASE_CONTENT'] } as const;

export const BASE_CASES: readonly AdversarialCase[] = [
  {
    name: 'scratch base list []: a base without layers is the bottom of everything, and proves nothing',
    attack: async (stage) => {
      stage.policy({ rule: CONTENT });
      await stage.image('base', { layers: [] });
      await stage.lock();
      await stage.image('app', { layers: [ALPINE, APP] });
      return stage.check('app');
    },
    expect: NOT_ALLOWED,
  },
  {
    name: 'trivial-layer base: folders and whiteouts prove nothing',
    attack: async (stage) => {
      stage.policy({ rule: CONTENT });
      const base = await stage.image('base', { layers: [[{ path: 'opt/' }], { 'opt/.wh.nothing': '' }] });
      await stage.lock();
      await stage.image('app', { layers: [ALPINE, APP], ...on(base) });
      return stage.check('app');
    },
    expect: NOT_ALLOWED,
  },
  {
    name: 'label-inherited base: a label that the base itself carries speaks of the base’s base',
    attack: async (stage) => {
      stage.policy({ rule: CONTENT });
      const labels = { [BASE_NAME]: 'docker.io/library/alpine:3', [BASE_DIGEST]: `sha256:${'a'.repeat(64)}` };
      const base = await stage.image('base', { layers: [TINY], config: { labels } });
      await stage.lock();
      await stage.image('app', { layers: [APP], ...on(base) });
      return stage.check('app');
    },
    expect: IS_TINY,
  },
  {
    name: 'a label that the base does not carry names another base: the layers above are that base’s',
    attack: async (stage) => {
      const base = await locked(stage, CONTENT);
      const labels = { [BASE_NAME]: 'registry.evil.example/python:3' };
      await stage.image('app', { layers: [APP], ...on(base), config: { labels } });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail BASE_UNEXPLAINED_LAYERS'], passes: ['BASE_CONTENT'] },
  },
  {
    name: 'annotation says tiny, the layers are alpine’s',
    attack: async (stage) => {
      const base = await locked(stage, CONTENT);
      const annotations = { [BASE_NAME]: TINY_NAME, [BASE_DIGEST]: base.digest };
      await stage.image('app', { layers: [ALPINE, APP], annotations });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail BASE_CLAIM_CONFLICT', 'fail BASE_NOT_ALLOWED'] },
  },
  {
    name: 'annotation alone, where a claim is enough: unless the lock knows better',
    attack: async (stage) => {
      const base = await locked(stage, 'base: { allow: [tiny], evidence: claimed }');
      const annotations = { [BASE_NAME]: TINY_NAME, [BASE_DIGEST]: base.digest };
      await stage.image('app', { layers: [ALPINE, APP], annotations });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail BASE_CLAIM_CONFLICT'], passes: ['BASE_CLAIMED'] },
  },
  {
    name: 'a demand that only layers can answer is not met by a claim',
    attack: async (stage) => {
      await locked(stage, 'base: { allow: [tiny], evidence: claimed, unexplained: deny }');
      await stage.image('app', { layers: [ALPINE, APP], annotations: { [BASE_NAME]: TINY_NAME } });
      return stage.check('app');
    },
    expect: {
      verdict: 'deny',
      exit: 1,
      codes: ['fail BASE_EVIDENCE_TOO_LOW', 'warn BASE_CLAIM_CONFLICT'],
      passes: ['BASE_CLAIMED'],
    },
  },
  {
    name: 'annotation of a host that only begins like the allowed one',
    attack: async (stage) => {
      await locked(stage, 'base: { allow: [tiny], evidence: claimed }');
      const annotations = { [BASE_NAME]: 'registry.example.com.evil.example/base/tiny:13' };
      await stage.image('app', { layers: [ALPINE, APP], annotations });
      return stage.check('app');
    },
    expect: NOT_ALLOWED,
  },
  ...(['index', 'platform'] as const).map((which): AdversarialCase => ({
    name: `base.digest is the ${which} digest of the locked base: both are right`,
    attack: async (stage) => {
      stage.policy({ rule: CONTENT });
      const amd = await stage.image('amd', { layers: [TINY] });
      const arm = await stage.image('arm', { layers: [{ ...TINY, 'bin/sh': 'arm shell' }], config: { platform: ARM } });
      const index = await stage.index('base', [amd, arm]);
      await stage.lock();
      const annotations = { [BASE_NAME]: TINY_NAME, [BASE_DIGEST]: which === 'index' ? index : amd.digest };
      await stage.image('app', { layers: [APP], ...on(amd), annotations });
      return stage.check('app');
    },
    expect: IS_TINY,
  })),
  {
    name: 'eStargz: a base that was encoded again is another base by its layers',
    attack: async (stage) => {
      await locked(stage, CONTENT, ', squashed: deny');
      const toc = { 'stargz.index.json': '{}', '.no.prefetch.landmark': '\u000f' };
      await stage.image('app', { layers: [{ ...TINY, ...toc }, APP] });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail BASE_NOT_ALLOWED'] },
  },
  {
    name: 'eStargz: contained file for file, which counts where the entry says so',
    attack: async (stage) => {
      await locked(stage, CONTENT, ', squashed: allow');
      const toc = { 'stargz.index.json': '{}', '.no.prefetch.landmark': '\u000f' };
      await stage.image('app', { layers: [{ ...TINY, ...toc }, APP] });
      return stage.check('app');
    },
    expect: { verdict: 'allow', exit: 0, codes: [], passes: ['BASE_CONTAINED', 'BASE_INTACT'] },
  },
  {
    name: 'zstd: a base that was compressed again is the same base',
    attack: async (stage) => {
      await locked(stage, CONTENT);
      await stage.image('app', { layers: [TINY, APP], compression: 'zstd' });
      return stage.check('app');
    },
    expect: IS_TINY,
  },
  {
    name: 'squash: one layer of base and application is no proof unless the entry says so',
    attack: async (stage) => {
      await locked(stage, CONTENT);
      await stage.image('app', { layers: [{ ...TINY, ...(APP as Record<string, string>) }] });
      return stage.check('app');
    },
    expect: NOT_ALLOWED,
  },
  {
    name: 'squash: with one file of the base altered it is not contained',
    attack: async (stage) => {
      await locked(stage, CONTENT, ', squashed: allow');
      await stage.image('app', { layers: [{ ...TINY, 'bin/sh': '#!evil\n' }] });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail BASE_NOT_ALLOWED', 'warn BASE_CONTAINS'] },
  },
  {
    name: 'squash: a tiny base is contained in anything, so files prove nothing of it',
    attack: async (stage) => {
      stage.policy({ rule: CONTENT, entry: ', squashed: allow' });
      await stage.image('base', { layers: [{ 'etc/a': 'a', 'etc/b': 'b' }] });
      await stage.lock();
      await stage.image('app', { layers: [{ ...(ALPINE as Record<string, string>), 'etc/a': 'a', 'etc/b': 'b' }] });
      return stage.check('app');
    },
    expect: NOT_ALLOWED,
  },
  {
    name: 'arm64 stands on another base than amd64',
    attack: async (stage) => {
      const base = await locked(stage, CONTENT);
      const amd = await stage.image('amd', { layers: [APP], ...on(base) });
      const arm = await stage.image('arm', { layers: [ALPINE, APP], config: { platform: ARM } });
      await stage.index('app', [amd, arm]);
      return stage.check('app');
    },
    expect: { ...NOT_ALLOWED, passes: ['BASE_CONTENT'] },
  },
  {
    name: 'platform mismatch: the amd64 base under an arm64 image proves nothing of it',
    attack: async (stage) => {
      const base = await locked(stage, CONTENT);
      await stage.image('app', { layers: [APP], ...on(base), config: { platform: ARM } });
      return stage.check('app');
    },
    expect: NOT_ALLOWED,
  },
  {
    name: 'a longer base that is not allowed decides over the allowed one that it stands on',
    attack: async (stage) => {
      stage.policy({ rule: CONTENT });
      const base = await stage.image('base', { layers: [TINY] });
      const other = await stage.image('other', { layers: [{ 'opt/other': 'other\n' }], ...on(base) });
      await stage.lock({ 'tiny:13': 'base', 'other:1': 'other' });
      await stage.image('app', { layers: [APP], ...on(other) });
      return stage.check('app');
    },
    expect: NOT_ALLOWED,
  },
  {
    name: 'a revoked base denies, though the lock allows it',
    attack: async (stage) => {
      const base = await locked(stage, CONTENT);
      stage.policy({ rule: CONTENT, head: `deny: { digests: ["${base.digest}"] }` });
      await stage.image('app', { layers: [APP], ...on(base) });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail DIGEST_DENIED'], passes: ['BASE_CONTENT'] },
  },
  {
    name: 'a revoked base denies in a squashed image, too',
    attack: async (stage) => {
      const base = await locked(stage, CONTENT, ', squashed: allow');
      stage.policy({ rule: CONTENT, entry: ', squashed: allow', head: `deny: { digests: ["${base.digest}"] }` });
      await stage.image('app', { layers: [{ ...TINY, ...(APP as Record<string, string>) }] });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail DIGEST_DENIED'], passes: ['BASE_CONTAINED'] },
  },
];
