import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import {
  checkBase,
  checkBaseExitCode,
  copyImageWithAttachments,
  diffBase,
  lockBases,
  type CheckBaseOptions,
  type CheckBaseResult,
  type CheckedBase,
} from '../../src/app/index.ts';
import { buildIndex } from '../../src/image/index.ts';
import { openGateBench, type GateBench } from '../support/gate-bench.ts';
import { makeImage, type LayerSpec, type MadeImage } from '../support/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const ARM = { os: 'linux', architecture: 'arm64' } as const;
const { signal } = new AbortController();

function stanza(name: string, version: string): string {
  return `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\nMaintainer: M <m@example.com>\nDescription: d\n`;
}

function system(version: string, packages: Readonly<Record<string, string>>): LayerSpec {
  return {
    'etc/os-release': `ID=debian\nVERSION_ID="${version}"\n`,
    'var/lib/dpkg/status': Object.entries(packages)
      .map(([name, of]) => stanza(name, of))
      .join('\n'),
  };
}

const OLD = system('12', { libc6: '2.36-9', curl: '7.88-1', gone: '1', odd: '2' });
const NEW = system('12', { libc6: '2.36-10', curl: '7.88-1', odd: '1', fresh: '1' });

describe('base check and base diff', () => {
  let bench: GateBench;
  let registry: TestRegistry;
  let base: MadeImage;
  let next: MadeImage;

  before(async () => {
    bench = await openGateBench();
    registry = await startRegistry();
    base = await bench.image('base', [OLD]);
    next = await bench.image('next', [NEW]);
    await bench.image('app', [{ 'app/run': 'run' }], base);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  const layout = (tag: string): string => `oci:${bench.file('images')}:${tag}`;
  const repository = (): string => `${registry.host}/base/tiny`;

  const policy = (name: string, rule: string, entry = ''): string => `apiVersion: waybill.dev/v1
kind: Policy
bases:
  lock: ${name}.jsonl
  entries: [{ name: tiny, image: "${repository()}", tags: ["13"]${entry} }]
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], base: { allow: [tiny]${rule} } }
`;

  /** A policy of its own whose lock saw these tags of the layout as `tiny:13` on these days. */
  async function seen(
    name: string,
    days: Readonly<Record<number, string>>,
    rule = ', freshness: { behind: 30d }',
  ): Promise<void> {
    writeFileSync(bench.file(`${name}.yaml`), policy(name, rule));
    await observe(name, days);
  }

  async function observe(name: string, days: Readonly<Record<number, string>>): Promise<void> {
    for (const [day, tag] of Object.entries(days)) {
      const runtime = { ...bench.runtime, now: () => new Date(START + Number(day) * DAY) };
      const sources = new Map([['tiny:13', layout(tag)]]);
      await lockBases({ policyFile: bench.file(`${name}.yaml`), entries: [], sources, access: {} }, runtime);
    }
  }

  function check(name: string, day: number, options: Partial<CheckBaseOptions> = {}): Promise<CheckBaseResult> {
    const runtime = { ...bench.runtime, now: () => new Date(START + day * DAY) };
    const given = { image: layout('app'), policyFile: bench.file(`${name}.yaml`), access: {}, refresh: false };
    return checkBase({ ...given, as: 'registry.example.com/shop/app', ...options }, runtime);
  }

  /** Points the tag of the registry at an image of the layout. */
  async function publish(tag: string): Promise<void> {
    const rest = { referrers: false, legacy: false, nondistributable: false };
    await copyImageWithAttachments({ from: layout(tag), to: `${repository()}:13`, access: {}, ...rest }, bench.runtime);
  }

  function diff(name: string): ReturnType<typeof diffBase> {
    return diffBase(
      { image: layout('app'), policyFile: bench.file(`${name}.yaml`), access: {}, to: layout('base') },
      bench.runtime,
    );
  }

  function told({ state, alarms }: CheckedBase): readonly string[] {
    return [state, ...alarms.map(({ code }) => code)];
  }

  async function of(name: string, day: number, options: Partial<CheckBaseOptions> = {}): Promise<readonly string[]> {
    const result = await check(name, day, options);
    const [state = '', ...alarms] = told(result.platforms[0]!);
    assert.equal(checkBaseExitCode(result), state !== 'unknown' && alarms.length === 0 ? 0 : 1);
    return [state, ...alarms];
  }

  test('a lock that gates would not believe tells nothing: unsigned, or by somebody else', async () => {
    const file = bench.file('demand.yaml');
    const signed = policy('demand', '').replace(
      'bases:\n',
      'identities: { ours: { key: ours.pub } }\nbases:\n  lockSignedBy: [ours]\n',
    );
    writeFileSync(file, signed);
    const empty = { code: 'BASE_LOCK_EMPTY' };
    await assert.rejects(check('demand', 2), empty);
    await assert.rejects(diff('demand'), empty);
    await observe('demand', { 0: 'base' });
    const password = (): Promise<string> => Promise.resolve('');
    const sign = (key: string) =>
      lockBases(
        {
          policyFile: file,
          entries: [],
          sources: new Map(),
          access: {},
          observe: false,
          signing: { keyFile: bench.file(`${key}.key`), password },
        },
        bench.runtime,
      );
    for (const [key, code] of [
      [undefined, 'BASE_LOCK_UNSIGNED'],
      ['theirs', 'BASE_LOCK_UNTRUSTED'],
    ] as const) {
      if (key !== undefined) await sign(key);
      await assert.rejects(check('demand', 2), { code });
      await assert.rejects(diff('demand'), { code });
    }
    await sign('ours');
    assert.deepEqual(await of('demand', 2), ['current']);
    assert.equal((await diff('demand')).same, true);
  });

  test('current while the tag leads there; behind since it does not, and by how many images', async () => {
    await seen('moved', { 0: 'base', 10: 'next', 20: 'next' });
    await bench.image('third', [system('12', { libc6: '3' })]);
    await seen('moved', { 25: 'third' });
    const result = await check('moved', 26);
    const [platform] = result.platforms;
    assert.deepEqual(told(platform!), ['behind']);
    assert.deepEqual(platform?.behind, {
      since: '2026-01-11T00:00:00Z',
      images: 2,
      tag: '13',
      current: (await check('moved', 26, { image: layout('third') })).digest,
    });
    assert.equal(platform?.endOfLife, '2028-06-30');
    assert.deepEqual(told((await check('moved', 26, { image: layout('third') })).platforms[0]!), ['current']);
  });

  test('behind for longer than the policy allows is an alarm, and so is a lock that looked too long ago', async () => {
    await seen('stale', { 0: 'base', 10: 'next', 35: 'next' });
    assert.deepEqual(await of('stale', 36), ['behind']);
    assert.deepEqual(await of('stale', 41), ['behind', 'behind-too-long']);
    assert.deepEqual(await of('stale', 70), ['behind', 'lock-outdated', 'behind-too-long']);
    await seen('lax', { 0: 'base', 10: 'next' }, '');
    assert.deepEqual(await of('lax', 500), ['behind']);
    assert.deepEqual(await of('stale', 70, { as: 'registry.example.com/other/app' }), ['behind']);
  });

  test('a tag that was moved back is an alarm', async () => {
    await seen('back', { 0: 'base', 10: 'next', 20: 'base' });
    assert.deepEqual(await of('back', 21), ['current', 'moved-back']);
  });

  test('an unknown base is no pass; without a lock nothing is told', async () => {
    await seen('unknown', { 0: 'next' });
    assert.deepEqual(await of('unknown', 1), ['unknown']);
    await seen('empty', {});
    await assert.rejects(check('empty', 1), { code: 'BASE_LOCK_EMPTY' });
  });

  test('a digest that the image names and nobody ever saw there is an alarm; one that was seen is none', async () => {
    await seen('claims', { 0: 'base', 1: 'next' });
    const named = async (tag: string, digest: string): Promise<readonly string[]> => {
      await makeImage(bench.file('images'), {
        tag,
        layers: [{ 'app/run': tag }],
        base: { image: base.image, store: base.store },
        annotations: {
          'org.opencontainers.image.base.name': `${repository()}:13`,
          'org.opencontainers.image.base.digest': digest,
        },
      });
      return of('claims', 2, { image: layout(tag) });
    };
    assert.deepEqual(await named('honest', base.digest), ['behind']);
    assert.deepEqual(await named('invented', `sha256:${'a'.repeat(64)}`), ['behind', 'never-published']);
  });

  test('a flattened image stands where its entry lets files count', async () => {
    const files = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`usr/share/f${index}`, `${index}`]));
    await bench.image('many', [files, { 'etc/one': '1' }]);
    await bench.image('flat', [{ ...files, 'etc/one': '1', 'app/run': 'x' }]);
    writeFileSync(bench.file('flat.yaml'), policy('flat', '', ', squashed: allow'));
    await observe('flat', { 0: 'many', 10: 'next' });
    assert.deepEqual(await of('flat', 5, { image: layout('flat') }), ['behind']);
    writeFileSync(bench.file('flat.yaml'), policy('flat', ''));
    assert.deepEqual(await of('flat', 5, { image: layout('flat') }), ['unknown']);
  });

  test('an operating system past its last day is an alarm', async () => {
    const ended = await bench.image('ended', [system('10', { libc6: '2' })]);
    await bench.image('endedapp', [{ 'app/run': 'x' }], ended);
    await seen('eol', { 0: 'ended' });
    assert.deepEqual(await of('eol', 1, { image: layout('endedapp') }), ['current', 'end-of-life']);
  });

  test('a platform that the tag lost is an alarm for that platform alone', async () => {
    const arm = await makeImage(bench.file('images'), { tag: 'arm', layers: [NEW], config: { platform: ARM } });
    const manifests = [base, arm].map(({ image: { manifest, platform } }) => ({
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      sizeBytes: manifest.bytes.byteLength,
      platform,
    }));
    await buildIndex(base.store, { manifests, tag: 'both', signal });
    await seen('lost', { 0: 'both', 1: 'base' });
    const result = await check('lost', 2, { image: layout('both') });
    assert.deepEqual(result.platforms.map(told), [['current'], ['current', 'platform-gone']]);
  });

  test('--refresh asks the registry and writes nothing', async () => {
    await seen('refresh', { 0: 'base' });
    await publish('base');
    assert.deepEqual(await of('refresh', 5, { refresh: true }), ['current']);
    await publish('next');
    assert.deepEqual(await of('refresh', 5), ['current']);
    const result = await check('refresh', 5, { refresh: true });
    assert.deepEqual([result.refreshed, told(result.platforms[0]!)], [true, ['behind']]);
    assert.equal(result.platforms[0]?.behind?.current, next.digest);
    assert.deepEqual(await of('refresh', 5), ['current']);
    assert.deepEqual(await of('refresh', 90, { refresh: true }), ['behind']);
  });

  test('--refresh: a tag that is gone is an alarm', async () => {
    await seen('gone', { 0: 'base' });
    const text = readFileSync(bench.file('gone.yaml'), 'utf8');
    writeFileSync(bench.file('gone.yaml'), text.replace('tags: ["13"]', 'tags: ["13", "12"]'));
    assert.deepEqual(await of('gone', 5), ['current']);
    await publish('base');
    assert.deepEqual(await of('gone', 5, { refresh: true }), ['current', 'tag-gone']);
  });

  test('base diff: what a rebuild on the tag’s image of today would change', async () => {
    await seen('diff', { 0: 'base' });
    await publish('next');
    const options = { image: layout('app'), policyFile: bench.file('diff.yaml'), access: {} };
    const result = await diffBase(options, bench.runtime);
    assert.deepEqual(
      result.packages.map(({ change, name, from, to }) => [change, name, from, to]),
      [
        ['upgraded', 'libc6', ['2.36-9'], '2.36-10'],
        ['downgraded', 'odd', ['2'], '1'],
        ['added', 'fresh', undefined, '1'],
        ['removed', 'gone', ['1'], undefined],
      ],
    );
    assert.deepEqual([result.unchanged, result.same, result.to.digest], [1, false, next.digest]);
    const same = await diffBase({ ...options, to: layout('base') }, bench.runtime);
    assert.deepEqual([same.packages, same.same, same.unchanged], [[], true, 4]);
    await bench.image('other', [{ 'app/run': 'x' }]);
    await assert.rejects(diffBase({ ...options, image: layout('other') }, bench.runtime), { code: 'BASE_UNKNOWN' });
  });
});
