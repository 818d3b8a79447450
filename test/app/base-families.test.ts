import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { attestImage, signImage, type Decision } from '../../src/app/index.ts';
import { elfFile } from '../support/elf-file.ts';
import { complaints, openGateBench, type GateBench } from '../support/gate-bench.ts';
import { goBinary } from '../support/go-binary.ts';
import { makeImage, type LayerSpec, type MadeImage } from '../support/images.ts';

const password = (): Promise<string> => Promise.resolve('');

const IMAGE_ENTRY = '{ name: tiny, image: registry.example.com/base/tiny, tags: ["13"] }';
const SCRATCH_ENTRY = '{ name: none, kind: scratch, builtBy: [release] }';
const WOLFI_ENTRY = '{ name: wolfi, kind: packages, purls: ["pkg:apk/wolfi/*"], signedBy: [release] }';

function policy(allow: string, base = ''): string {
  return `apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: ours.pub } }
bases:
  lock: bases.lock.jsonl
  entries:
    - ${IMAGE_ENTRY}
    - ${SCRATCH_ENTRY}
    - ${WOLFI_ENTRY}
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], base: { allow: [${allow}]${base} } }
`;
}

const OS_RELEASE = 'ID=debian\nVERSION_ID="12"\nVARIANT_ID=distroless\n';

/** As distroless images are: a layer for each package, and a status file for each in place of a database. */
const DISTROLESS: readonly LayerSpec[] = [
  { 'etc/os-release': OS_RELEASE },
  {
    'usr/share/zoneinfo/UTC': 'TZif',
    'var/lib/dpkg/status.d/tzdata':
      'Package: tzdata\nVersion: 2026a-0\nArchitecture: all\nMaintainer: M <m@example.com>\n',
  },
  {
    'lib/x86_64-linux-gnu/libc.so.6': 'libc',
    'var/lib/dpkg/status.d/libc6':
      'Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\nMaintainer: M <m@example.com>\n',
  },
];

const GO = goBinary({ goVersion: 'go1.26.8', modInfo: 'path\texample.com/app\nmod\texample.com/app\tv1.0.0\t\n' });

function layer(files: Readonly<Record<string, string | Uint8Array>>): LayerSpec {
  return Object.entries(files).map(([path, content]) => ({ path, content, mode: 0o755 }));
}

async function build(
  bench: GateBench,
  tag: string,
  options: Omit<Parameters<typeof makeImage>[1], 'tag'>,
): Promise<MadeImage> {
  return makeImage(bench.file('images'), { ...options, tag });
}

function on({ image, store }: MadeImage): {
  readonly base: { readonly image: MadeImage['image']; readonly store: MadeImage['store'] };
} {
  return { base: { image, store } };
}

function allowOf(decision: Decision): string {
  const checks = decision.images.flatMap(({ platforms }) =>
    platforms.flatMap(({ rules }) => rules.flatMap((rule) => rule.checks)),
  );
  const found = checks.filter(({ check, item }) => check === 'base' && item === 'allow');
  assert.equal(found.length, 1, JSON.stringify(decision.images, undefined, 1));
  return `${found[0]?.outcome} ${found[0]?.code}`;
}

async function attest(bench: GateBench, tag: string, key = 'ours'): Promise<void> {
  writeFileSync(bench.file('provenance.json'), JSON.stringify({ buildDefinition: {}, runDetails: {} }));
  const image = `oci:${bench.file('images')}:${tag}`;
  await attestImage(
    {
      image,
      access: {},
      type: 'slsaprovenance1',
      predicateFile: bench.file('provenance.json'),
      keyFile: bench.file(`${key}.key`),
      password,
    },
    bench.runtime,
  );
}

describe('families of images, and what the gate answers', () => {
  test('distroless: many small layers match as an image; its status.d is a system, so it is never scratch', async () => {
    await using bench = await openGateBench(policy('tiny'));
    const base = await build(bench, 'base', { layers: DISTROLESS });
    await bench.lock();
    await build(bench, 'app', { layers: [{ 'app/run': 'run' }], ...on(base) });
    assert.equal(allowOf(await bench.check('app')), 'pass BASE_CONTENT');
    writeFileSync(bench.file('policy.yaml'), policy('none'));
    await build(bench, 'own', { layers: [...DISTROLESS.slice(1), layer({ 'app/run': GO })] });
    await attest(bench, 'own');
    const decision = await bench.check('own');
    assert.equal(allowOf(decision), 'fail BASE_NOT_SCRATCH');
    assert.match(JSON.stringify(decision), /2 packages of an operating system, dpkg libc6 2\.36-9/);
  });

  test('ko: annotations name the base, and the layers bear them out', async () => {
    await using bench = await openGateBench(policy('tiny'));
    const base = await build(bench, 'base', { layers: DISTROLESS });
    await bench.lock();
    const ko = (tag: string, digest: string): Promise<MadeImage> =>
      build(bench, tag, {
        layers: [layer({ 'ko-app/app': GO })],
        ...on(base),
        annotations: {
          'org.opencontainers.image.base.name': 'registry.example.com/base/tiny:13',
          'org.opencontainers.image.base.digest': digest,
        },
      });
    await ko('app', base.digest);
    const decision = await bench.check('app');
    assert.deepEqual([allowOf(decision), complaints(decision)], ['pass BASE_CONTENT', []]);
  });

  test('Jib: no annotation at all; dependencies, resources and classes are layers on the base', async () => {
    await using bench = await openGateBench(policy('tiny'));
    const base = await build(bench, 'base', { layers: DISTROLESS });
    await bench.lock();
    const layers = [{ 'app/libs/a.jar': 'PK' }, { 'app/resources/x': 'x' }, { 'app/classes/Main.class': '\u00ca' }];
    await build(bench, 'app', { layers, ...on(base) });
    assert.equal(allowOf(await bench.check('app')), 'pass BASE_CONTENT');
  });

  test('Bazel: no history, everything dated 1970, the base’s layers unchanged', async () => {
    await using bench = await openGateBench(policy('tiny'));
    const base = await build(bench, 'base', { layers: DISTROLESS });
    await bench.lock();
    await build(bench, 'app', {
      layers: [layer({ 'app/run': GO })],
      ...on(base),
      config: { created: '1970-01-01T00:00:00Z' },
    });
    assert.equal(allowOf(await bench.check('app')), 'pass BASE_CONTENT');
    await build(bench, 'own', { layers: [...DISTROLESS.slice(1), layer({ 'app/run': GO })] });
    assert.equal(allowOf(await bench.check('own')), 'fail BASE_NOT_ALLOWED');
  });

  test('static Go on scratch: accounted for by its build information, and by whoever attests its provenance', async () => {
    await using bench = await openGateBench(policy('none'));
    await build(bench, 'app', { layers: [layer({ 'app/run': GO })] });
    assert.equal(allowOf(await bench.check('app')), 'fail BASE_SCRATCH_UNPROVEN');
    await attest(bench, 'app', 'theirs');
    assert.equal(allowOf(await bench.check('app')), 'fail BASE_SCRATCH_UNPROVEN');
    await attest(bench, 'app');
    assert.equal(allowOf(await bench.check('app')), 'pass BASE_SCRATCH');
  });

  for (const [what, files, code] of [
    ['a program that says nothing of itself', { 'app/run': elfFile([]) }, 'fail BASE_SCRATCH_UNACCOUNTED'],
    ['a shell beside it', { 'app/run': GO, 'bin/sh': GO }, 'fail BASE_NOT_SCRATCH'],
    ['a dynamic loader', { 'app/run': GO, 'lib64/ld-linux-x86-64.so.2': GO }, 'fail BASE_NOT_SCRATCH'],
    ['an empty package database', { 'app/run': GO, 'var/lib/dpkg/status': '\n' }, 'fail BASE_NOT_SCRATCH'],
  ] as const) {
    test(`on scratch: ${what}`, async () => {
      await using bench = await openGateBench(policy('none'));
      await build(bench, 'app', { layers: [layer(files)] });
      await attest(bench, 'app');
      assert.equal(allowOf(await bench.check('app')), code);
    });
  }

  test('Wolfi: every package is its repository’s, and the image is signed', async () => {
    await using bench = await openGateBench(policy('wolfi', ', evidence: signed-claim'));
    const apk = (...names: readonly string[]): LayerSpec => ({
      'etc/os-release': 'ID=wolfi\nVERSION_ID=20230201\n',
      'etc/apk/keys/wolfi-signing.rsa.pub': 'key',
      'etc/apk/repositories': 'https://packages.wolfi.dev/os\n',
      'lib/apk/db/installed': names
        .map((name) => `C:Q1\nP:${name}\nV:1.0-r0\nA:x86_64\nS:1\nI:1\nT:x\nL:MIT\n`)
        .join('\n'),
    });
    await build(bench, 'app', { layers: [apk('busybox', 'glibc')] });
    assert.equal(allowOf(await bench.check('app')), 'fail BASE_PACKAGES_UNSIGNED');
    const image = `oci:${bench.file('images')}:app`;
    await signImage({ image, access: {}, keyFile: bench.file('ours.key'), password }, bench.runtime);
    const decision = await bench.check('app');
    assert.equal(allowOf(decision), 'pass BASE_PACKAGES');
    assert.match(JSON.stringify(decision), /wolfi-signing\.rsa\.pub.*packages\.wolfi\.dev/);
    writeFileSync(bench.file('policy.yaml'), policy('wolfi'));
    assert.equal(allowOf(await bench.check('app')), 'fail BASE_EVIDENCE_TOO_LOW');
  });
});
