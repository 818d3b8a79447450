import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { lockBases, signImage, type LockBasesOptions, type LockBasesResult } from '../../src/app/index.ts';
import { buildIndex } from '../../src/image/index.ts';
import { parseLock } from '../../src/provenance/index.ts';
import { complaints, openGateBench, type GateBench } from '../support/gate-bench.ts';
import { makeImage, type MadeImage } from '../support/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

const { signal } = new AbortController();
const password = (): Promise<string> => Promise.resolve('');

function policy(lock: string, more = '', entry = ''): string {
  return `apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: ours.pub } }
bases:
  lock: ${lock}.jsonl
${more}
  entries:
    - { name: tiny, image: registry.example.com/base/tiny, tags: ["13", "14"]${entry} }
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], base: { allow: [tiny] } }
`;
}

describe('base lock', () => {
  let bench: GateBench;
  let registry: TestRegistry;
  let base: MadeImage;
  let other: MadeImage;

  before(async () => {
    bench = await openGateBench();
    registry = await startRegistry();
    base = await bench.image('base', [{ 'bin/sh': 'one' }]);
    other = await bench.image('other', [{ 'bin/sh': 'two' }]);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  /** Writes `NAME.yaml` with its own lock. */
  function write(name: string, more = '', entry = ''): void {
    writeFileSync(bench.file(`${name}.yaml`), policy(name, more, entry));
  }

  let minutes = 0;
  function lock(
    name: string,
    options: Partial<LockBasesOptions> & { readonly tag?: string } = {},
  ): Promise<LockBasesResult> {
    const { tag, ...more } = options;
    minutes += 1;
    const runtime = { ...bench.runtime, now: () => new Date(Date.UTC(2026, 10, 24, 12, minutes)) };
    const source = `oci:${bench.file('images')}:${tag ?? 'base'}`;
    const sources = new Map(
      tag === undefined
        ? []
        : [
            ['tiny:13', source],
            ['tiny:14', source],
          ],
    );
    return lockBases(
      { policyFile: bench.file(`${name}.yaml`), entries: [], sources, access: {}, observe: tag !== undefined, ...more },
      runtime,
    );
  }

  const text = (name: string): string => readFileSync(bench.file(`${name}.jsonl`), 'utf8');
  const signing = (key: string): LockBasesOptions['signing'] & object => ({
    keyFile: bench.file(`${key}.key`),
    password,
  });

  test('a tag that moved, and one that was moved back, are told', async () => {
    write('moves');
    const changes = async (tag: string): Promise<readonly string[]> => {
      const { locked } = await lock('moves', { tag });
      return locked.map(({ change }) => change);
    };
    assert.deepEqual(await changes('base'), ['new', 'new']);
    assert.deepEqual(await changes('base'), ['unchanged', 'unchanged']);
    assert.deepEqual(await changes('other'), ['moved', 'moved']);
    assert.deepEqual(await changes('base'), ['returned', 'returned']);
  });

  test('a platform that the tag has no more is told', async () => {
    write('lost');
    const arm = await makeImage(bench.file('images'), {
      tag: 'arm',
      layers: [{ 'bin/sh': 'arm' }],
      config: { platform: { os: 'linux', architecture: 'arm64' } },
    });
    const manifests = [base, arm].map(({ image: { manifest, platform } }) => ({
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      sizeBytes: manifest.bytes.byteLength,
      platform,
    }));
    await buildIndex(base.store, { manifests, tag: 'both', signal });
    const first = await lock('lost', { tag: 'both' });
    assert.deepEqual(
      first.locked.map(({ platforms, lostPlatforms }) => [platforms, lostPlatforms]),
      [
        [2, []],
        [2, []],
      ],
    );
    const second = await lock('lost', { tag: 'base' });
    assert.deepEqual(second.locked[0]?.lostPlatforms, ['linux/arm64']);
  });

  test('who signed the base is told at once, and outsiders are not', async () => {
    write('signed', '', ', signedBy: [release]');
    const made = await bench.image('vendor', [{ 'bin/sh': 'vendor' }]);
    const image = `oci:${bench.file('images')}:vendor`;
    await signImage({ image, access: {}, keyFile: bench.file('theirs.key'), password }, bench.runtime);
    assert.deepEqual((await lock('signed', { tag: 'vendor' })).locked[0]?.authenticated, []);
    await signImage({ image, access: {}, keyFile: bench.file('ours.key'), password }, bench.runtime);
    const { locked } = await lock('signed', { tag: 'vendor' });
    assert.deepEqual([locked[0]?.authenticated, locked[0]?.digest], [['release'], made.digest]);
  });

  test('a lock that gates will not believe is told: unsigned, signed before it went on, signed by others', async () => {
    write('demand', '  lockSignedBy: [release]');
    const refused = async (options: Parameters<typeof lock>[1] = {}): Promise<string | undefined> =>
      (await lock('demand', options)).refused?.code;
    assert.equal(await refused({ tag: 'base' }), 'BASE_LOCK_UNSIGNED');
    assert.equal(await refused({ signing: signing('theirs') }), 'BASE_LOCK_UNTRUSTED');
    assert.equal(await refused({ signing: signing('ours') }), undefined);
    assert.equal(await refused(), undefined);
    assert.equal(await refused({ tag: 'other' }), 'BASE_LOCK_UNSIGNED');
    write('nobodyAsked');
    assert.equal((await lock('nobodyAsked', { tag: 'base' })).refused, undefined);
  });

  test('signing says that it vouches for records that nobody had signed', async () => {
    write('vouch', '  lockSignedBy: [release]');
    const warned: string[] = [];
    const sources = new Map(['tiny:13', 'tiny:14'].map((tag) => [tag, `oci:${bench.file('images')}:base`]));
    const run = async (more: Partial<LockBasesOptions>): Promise<readonly string[]> => {
      warned.length = 0;
      const progress: typeof bench.runtime.progress = (event) => {
        if (event.kind === 'warning') warned.push(event.message);
      };
      const common = { policyFile: bench.file('vouch.yaml'), entries: [], sources, access: {} };
      await lockBases({ ...common, ...more }, { ...bench.runtime, progress });
      return [...warned];
    };
    assert.deepEqual(await run({ signing: signing('ours') }), [], 'a first lock');
    assert.deepEqual(await run({ signing: signing('ours') }), [], 'one that was signed');
    assert.deepEqual(await run({}), [], 'nothing is signed');
    const [warning, ...others] = await run({ signing: signing('ours'), observe: false });
    assert.match(warning ?? '', /^signing the lock vouches for the 6 records in it already/);
    assert.deepEqual(others, []);
  });

  test('files are listed of what asks for it, and kept once', async () => {
    write('lists');
    assert.equal((await lock('lists', { tag: 'base' })).locked[0]?.fileLists, 0);
    assert.equal((await lock('lists', { tag: 'base', files: true })).locked[0]?.fileLists, 1);
    const { records } = parseLock(Buffer.from(text('lists')));
    const [list] = records.flatMap(({ platforms }) => platforms.flatMap(({ fileList }) => fileList ?? []));
    assert.ok(list !== undefined);
    assert.equal(text('lists').split(`"${list}":"`).length - 1, 1);
    assert.equal(records.filter(({ blobs }) => blobs[list] !== undefined).length, 2);
  });

  test('nothing is written when one observation fails or the user stops', async () => {
    write('whole');
    const sources = new Map([
      ['tiny:13', `oci:${bench.file('images')}:base`],
      ['tiny:14', `oci:${bench.file('images')}:nowhere`],
    ]);
    await assert.rejects(lock('whole', { sources, observe: true }), { code: 'MANIFEST_NOT_FOUND' });
    assert.equal(existsSync(bench.file('whole.jsonl')), false);
    const stopped = lockBases(
      {
        policyFile: bench.file('whole.yaml'),
        entries: [],
        sources: new Map([['tiny:13', `oci:${bench.file('images')}:base`]]),
        access: {},
      },
      { ...bench.runtime, signal: AbortSignal.abort() },
    );
    await assert.rejects(stopped);
    assert.equal(existsSync(bench.file('whole.jsonl')), false);
  });

  test('--merge joins another lock; again, it adds nothing; the gate reads it', async () => {
    write('ours');
    write('theirs');
    await lock('ours', { tag: 'base' });
    await lock('theirs', { tag: 'other' });
    const heads = {
      ours: parseLock(Buffer.from(text('ours'))).head,
      theirs: parseLock(Buffer.from(text('theirs'))).head,
    };
    const merged = await lock('ours', { mergeFile: bench.file('theirs.jsonl') });
    assert.deepEqual(merged.merged, { file: bench.file('theirs.jsonl'), added: 2, heads });
    assert.deepEqual([merged.records, merged.locked], [4, []]);
    assert.equal(parseLock(Buffer.from(text('ours'))).head, merged.head);
    const before = text('ours');
    assert.equal((await lock('ours', { mergeFile: bench.file('theirs.jsonl') })).merged?.added, 0);
    assert.equal(text('ours'), before);
    await makeImage(bench.file('images'), {
      tag: 'app',
      layers: [{ 'app/run': 'x' }],
      base: { image: other.image, store: other.store },
    });
    const decision = await bench.check('app', { policyFile: bench.file('ours.yaml') });
    assert.deepEqual(complaints(decision), []);
  });

  test('--pin-head writes the new head, and nothing else, into the policy', async () => {
    write('pinned');
    await assert.rejects(lock('pinned', { tag: 'base', pinHead: true }), { code: 'LOCK_HEAD_NOT_PINNED' });
    assert.equal(existsSync(bench.file('pinned.jsonl')), false);
    const { head } = await lock('pinned', { tag: 'base' });
    write('pinned', `  lockHead: "${head}" # reviewed`);
    const next = await lock('pinned', { tag: 'base', pinHead: true });
    assert.deepEqual([next.pinned, next.head === head], [true, false]);
    assert.equal(
      readFileSync(bench.file('pinned.yaml'), 'utf8'),
      policy('pinned', `  lockHead: "${next.head}" # reviewed`),
    );
    await lock('pinned', { tag: 'base' });
    await assert.rejects(lock('pinned', { tag: 'base' }), { code: 'POLICY_LOCK_HEAD_MISMATCH' });
  });

  describe('--push and --pull', () => {
    const reference = (tag: string): string => `${registry.host}/locks/bases:${tag}`;

    test('through a registry and a layout: the same bytes, the same artifact', async () => {
      write('pushed');
      const pushed = await lock('pushed', { tag: 'base', push: reference('a') });
      const again = await lock('pushed', { push: reference('a') });
      assert.deepEqual(again.pushed, pushed.pushed);
      const layout = await lock('pushed', { push: `oci:${bench.file('locks')}:a` });
      assert.equal(layout.pushed?.artifact, pushed.pushed?.artifact);
      for (const [name, pull] of [
        ['fromRegistry', reference('a')],
        ['fromLayout', `oci:${bench.file('locks')}:a`],
      ] as const) {
        write(name);
        const pulled = await lock(name, { pull });
        assert.deepEqual([pulled.pulled?.added, pulled.head], [2, pushed.head]);
        assert.equal(text(name), text('pushed'));
      }
    });

    test('goes on from what is here, stays behind what is here, refuses what goes elsewhere', async () => {
      write('one');
      write('two');
      await lock('one', { tag: 'base', push: reference('b') });
      await lock('two', { pull: reference('b') });
      await lock('one', { tag: 'other', push: reference('b') });
      assert.equal((await lock('two', { pull: reference('b') })).pulled?.added, 2);
      assert.equal(text('two'), text('one'));
      await lock('two', { tag: 'base' });
      const ahead = text('two');
      assert.equal((await lock('two', { pull: reference('b') })).pulled?.added, 0);
      assert.equal(text('two'), ahead);
      await lock('one', { tag: 'base', push: reference('b') });
      await assert.rejects(lock('two', { pull: reference('b') }), { code: 'LOCK_DIVERGED' });
      await assert.rejects(lock('two', { push: reference('b') }), { code: 'LOCK_DIVERGED' });
      assert.equal(text('two'), ahead);
    });

    test('the signature goes along, and a lock that must be signed is not taken unsigned or signed by others', async () => {
      const demand = '  lockSignedBy: [release]';
      write('signer', demand);
      const signed = await lock('signer', { tag: 'base', signing: signing('ours'), push: reference('c') });
      assert.equal(signed.pushed?.signed, true);
      write('taker', demand);
      const taken = await lock('taker', { pull: reference('c') });
      assert.equal(taken.signatureFile, bench.file('taker.jsonl.sigstore.json'));
      await makeImage(bench.file('images'), {
        tag: 'ok',
        layers: [{ 'app/run': 'x' }],
        base: { image: base.image, store: base.store },
      });
      assert.deepEqual(complaints(await bench.check('ok', { policyFile: bench.file('taker.yaml') })), []);
      for (const [name, more] of [
        ['stranger', { signing: signing('theirs') }],
        ['nobody', {}],
      ] as const) {
        write(name);
        await lock(name, { tag: 'base', push: reference(name), ...more });
        write(`${name}Taker`, demand);
        await assert.rejects(lock(`${name}Taker`, { pull: reference(name) }), { code: 'LOCK_UNTRUSTED' });
        assert.equal(existsSync(bench.file(`${name}Taker.jsonl`)), false);
      }
    });

    test('a pinned head is checked before anything is written', async () => {
      const { head } = await lock('one', { push: reference('d') });
      write('right', `  lockHead: ${head}`);
      assert.equal((await lock('right', { pull: reference('d') })).head, head);
      write('wrong', `  lockHead: sha256:${'a'.repeat(64)}`);
      await assert.rejects(lock('wrong', { pull: reference('d') }), { code: 'POLICY_LOCK_HEAD_MISMATCH' });
      assert.equal(existsSync(bench.file('wrong.jsonl')), false);
      assert.equal((await lock('wrong', { pull: reference('d'), pinHead: true })).pinned, true);
      assert.match(readFileSync(bench.file('wrong.yaml'), 'utf8'), new RegExp(`lockHead: ${head}`));
    });

    test('what is no lock is neither taken nor written over', async () => {
      write('no');
      await assert.rejects(lock('no', { pull: `oci:${bench.file('images')}:base` }), { code: 'LOCK_ARTIFACT_INVALID' });
      await lock('no', { tag: 'base' });
      await assert.rejects(lock('no', { push: `oci:${bench.file('images')}:base` }), { code: 'LOCK_ARTIFACT_INVALID' });
      await assert.rejects(lock('no', { push: `${registry.host}/locks/bases@${base.digest}` }), {
        code: 'LOCK_ARTIFACT_INVALID',
      });
      await assert.rejects(lock('no', { pull: reference('nowhere') }), { code: 'MANIFEST_NOT_FOUND' });
    });
  });
});
