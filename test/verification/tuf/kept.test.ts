import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };
import {
  loadSigningConfigFromTuf,
  loadTrustedRootFromTuf,
  readKeptTrustedRoot,
  type TufOptions,
} from '../../../src/verification/tuf/index.ts';
import { answer, HOUR_MS, NOW, openTufBench, TRUSTED_ROOT, type TufBench } from '../../support/tuf-bench.ts';
import { sha256, TufRepository } from '../../support/tuf-repository.ts';

interface State {
  fetchedAt: string;
  rotations: string[];
  timestamp: string;
  snapshot: string;
  targets: string;
  files: Record<string, string>;
}

function stateFile(bench: TufBench): string {
  const [name] = readdirSync(join(bench.cacheDir, 'tuf'));
  return join(bench.cacheDir, 'tuf', name ?? '');
}

function change(bench: TufBench, edit: (state: State) => void): void {
  const state = JSON.parse(readFileSync(stateFile(bench), 'utf8')) as State;
  edit(state);
  writeFileSync(stateFile(bench), JSON.stringify(state));
}

const offline = { offline: true } as const;
const base64 = (bytes: Buffer | undefined): string => (bytes ?? Buffer.alloc(0)).toString('base64');

describe('kept trust roots', () => {
  test('are for the owner only, one file, nothing temporary left', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    assert.equal(statSync(join(bench.cacheDir, 'tuf')).mode & 0o777, 0o700);
    assert.equal(statSync(stateFile(bench)).mode & 0o777, 0o600);
    assert.equal(readdirSync(join(bench.cacheDir, 'tuf')).length, 1);
  });

  test('that are damaged are told of, not used, and made again', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    const whole = readFileSync(stateFile(bench), 'utf8');
    for (const text of [
      '',
      'null',
      '{}',
      whole.slice(0, -40),
      '\0'.repeat(100),
      whole.replace('"format":1', '"format":2'),
    ]) {
      writeFileSync(stateFile(bench), text);
      bench.asked();
      assert.equal((await loadTrustedRootFromTuf(bench.later(1))).source, 'network');
      assert.equal(bench.asked().length, 5);
      assert.match(bench.warnings().join(), /is damaged and not used/);
      assert.equal((await loadTrustedRootFromTuf(bench.later(2))).source, 'cache');
      assert.deepEqual(bench.warnings(), []);
    }
  });

  test('are checked from the first root on: any changed part is fetched anew, and offline refused', async () => {
    const edits: readonly ((state: State) => void)[] = [
      (state) => (state.timestamp = state.snapshot),
      (state) =>
        (state.snapshot = base64(
          Buffer.from(Buffer.from(state.snapshot, 'base64').toString().replace('"version":1', '"version":7')),
        )),
      (state) => (state.targets = base64(Buffer.from('{}'))),
      (state) => (state.files = { 'trusted_root.json': base64(Buffer.from('{"evil":true}')) }),
      (state) => (state.files = {}),
    ];
    for (const edit of edits) {
      await using bench = await openTufBench();
      await loadTrustedRootFromTuf(bench.options());
      change(bench, edit);
      await assert.rejects(loadTrustedRootFromTuf(bench.later(1, offline)), { code: 'TUF_NOTHING_KEPT' });
      bench.asked();
      assert.deepEqual(Buffer.from((await loadTrustedRootFromTuf(bench.later(1))).bytes), TRUSTED_ROOT);
      assert.ok(bench.asked().length > 0);
    }
  });

  test('that someone signed with other keys are worth nothing, with or without a root of theirs', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    const evil = new TufRepository({ now: NOW });
    evil.targets.set('trusted_root.json', Buffer.from('{"evil":true}'));
    evil.publish();
    evil.addRoot();
    for (const rotations of [[], [base64(evil.files.get('1.root.json')), base64(evil.files.get('2.root.json'))]]) {
      change(bench, (state) => {
        state.rotations = rotations;
        state.timestamp = base64(evil.files.get('timestamp.json'));
        state.snapshot = base64(evil.files.get('1.snapshot.json'));
        state.targets = base64(evil.files.get('1.targets.json'));
        state.files = { 'trusted_root.json': base64(Buffer.from('{"evil":true}')) };
      });
      await assert.rejects(loadTrustedRootFromTuf(bench.later(1, offline)), { code: 'TUF_NOTHING_KEPT' });
      assert.deepEqual(Buffer.from((await loadTrustedRootFromTuf(bench.later(1))).bytes), TRUSTED_ROOT);
    }
  });

  test('do not live longer for a later date written into them', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    const days = 24 * 8;
    change(bench, (state) => (state.fetchedAt = new Date(NOW.getTime() + days * HOUR_MS).toISOString()));
    await assert.rejects(loadTrustedRootFromTuf(bench.later(days, offline)), { code: 'TUF_EXPIRED' });
    bench.asked();
    await assert.rejects(loadTrustedRootFromTuf(bench.later(days)), { code: 'TUF_EXPIRED' });
    assert.ok(bench.asked().length > 0);
  });

  test('survive eight first runs at once, each of which ends well', async () => {
    await using bench = await openTufBench();
    const targets = await Promise.all(Array.from({ length: 8 }, () => loadTrustedRootFromTuf(bench.options())));
    for (const target of targets) assert.deepEqual(Buffer.from(target.bytes), TRUSTED_ROOT);
    assert.deepEqual(bench.warnings(), []);
    assert.equal(readdirSync(join(bench.cacheDir, 'tuf')).length, 1);
    assert.equal((await loadTrustedRootFromTuf(bench.later(1, offline))).source, 'cache');
  });

  test('are not replaced by what a slower run saw earlier', async () => {
    await using bench = await openTufBench();
    const { repository } = bench;
    await loadTrustedRootFromTuf(bench.options());
    repository.resign();
    const old = new Map(repository.files);
    let entered: () => void = () => undefined;
    let go: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (entered = resolve));
    const gate = new Promise<void>((resolve) => (go = resolve));
    bench.answer = async (path) => {
      if (path !== 'timestamp.json') return undefined;
      entered();
      await gate;
      return answer(200, old.get(path) ?? Buffer.alloc(0));
    };
    const slow = loadTrustedRootFromTuf(bench.later(25));
    await waiting;
    bench.answer = undefined;
    repository.resign();
    assert.equal((await loadTrustedRootFromTuf(bench.later(26))).versions?.timestamp, 3);
    go();
    assert.equal((await slow).versions?.timestamp, 2);
    assert.equal((await loadTrustedRootFromTuf(bench.later(27, offline))).versions?.timestamp, 3);
  });

  test('are done without, with a warning, where nothing can be written or no folder is given', async () => {
    await using bench = await openTufBench();
    writeFileSync(join(bench.path, 'file'), '');
    const target = await loadTrustedRootFromTuf(bench.options({ cacheDir: join(bench.path, 'file') }));
    assert.equal(target.source, 'network');
    assert.match(bench.warnings().join(), /cannot be kept, so https:\/\/tuf\.example\.com\/repo is asked at every run/);
    assert.equal((await loadTrustedRootFromTuf(bench.options({ cacheDir: undefined }))).source, 'network');
    assert.match(bench.warnings().join(), /no cache folder/);
  });

  test('in a folder that became read-only are still used, and refreshed with a warning', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    const folder = join(bench.cacheDir, 'tuf');
    const root = process.geteuid?.() === 0;
    for (const path of [bench.path, bench.cacheDir]) chmodSync(path, 0o755);
    chmodSync(folder, 0o555);
    chmodSync(stateFile(bench), 0o444);
    // root may write anywhere: be nobody for a while
    if (root) process.seteuid?.(65_534);
    try {
      assert.equal((await loadTrustedRootFromTuf(bench.later(1))).source, 'cache');
      assert.deepEqual(bench.warnings(), []);
      assert.equal((await loadTrustedRootFromTuf(bench.later(25))).source, 'network');
      assert.match(bench.warnings().join(), /cannot be kept/);
    } finally {
      if (root) process.seteuid?.(0);
      chmodSync(folder, 0o700);
    }
  });

  test('can be read for comparison after they expired', async () => {
    await using bench = await openTufBench();
    assert.equal(await readKeptTrustedRoot(bench.options()), undefined);
    await loadTrustedRootFromTuf(bench.options());
    assert.deepEqual(Buffer.from((await readKeptTrustedRoot(bench.later(9999)))?.bytes ?? []), TRUSTED_ROOT);
  });
});

describe('offline', () => {
  const never = {
    request: () => Promise.reject(new Error('a request')),
    backOff: () => Promise.reject(new Error('a request')),
  };
  const closed = { ...never, [Symbol.asyncDispose]: () => Promise.resolve() };

  test('makes no request: what is kept is used for as long as it is valid, however long ago it was fetched', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    const target = await loadTrustedRootFromTuf(bench.later(24 * 6, { ...offline, http: closed }));
    assert.equal(target.source, 'cache');
    assert.deepEqual(target.fetchedAt, NOW);
    await assert.rejects(loadTrustedRootFromTuf(bench.later(24 * 7, { ...offline, http: closed })), {
      code: 'TUF_EXPIRED',
      hint: /waybill trust update/,
    });
    await assert.rejects(loadSigningConfigFromTuf(bench.later(1, { ...offline, http: closed })), {
      code: 'TUF_TARGET_NOT_FOUND',
    });
  });

  const shipped = (bench: TufBench, change: Partial<TufOptions> = {}): TufOptions => {
    const { mirror: _mirror, rootFile: _rootFile, ...options } = bench.options({ ...offline, http: closed, ...change });
    return options;
  };

  test('with nothing kept, the public trusted root that ships is used, with a warning, until its root expires', async () => {
    await using bench = await openTufBench();
    const { targets } = seeds['https://tuf-repo-cdn.sigstore.dev'];
    const target = await loadTrustedRootFromTuf(shipped(bench));
    assert.equal(Buffer.from(target.bytes).toString('base64'), targets['trusted_root.json']);
    assert.deepEqual([target.source, target.fetchedAt, target.versions], ['seed', undefined, undefined]);
    assert.match(bench.warnings().join(), /ships with waybill/);
    const late = shipped(bench, { now: () => target.expires });
    await assert.rejects(loadTrustedRootFromTuf(late), { code: 'TUF_EXPIRED', hint: /newer waybill/ });
    await assert.rejects(loadSigningConfigFromTuf(shipped(bench)), { code: 'TUF_NOTHING_KEPT' });
  });

  test('what ships never stands in for something kept that cannot be used', async () => {
    await using bench = await openTufBench();
    mkdirSync(join(bench.cacheDir, 'tuf'), { recursive: true });
    await loadTrustedRootFromTuf(bench.options());
    const state = readFileSync(stateFile(bench), 'utf8');
    const digest = sha256('https://tuf-repo-cdn.sigstore.dev').slice(0, 16);
    writeFileSync(join(bench.cacheDir, 'tuf', `tuf-repo-cdn.sigstore.dev-${digest}.json`), state);
    await assert.rejects(loadTrustedRootFromTuf(shipped(bench)), { code: 'TUF_NOTHING_KEPT' });
  });

  test('GitHub’s root is known; its trusted root has to be fetched once', async () => {
    await using bench = await openTufBench();
    await assert.rejects(loadTrustedRootFromTuf({ ...shipped(bench), mirror: 'github' }), {
      code: 'TUF_NOTHING_KEPT',
      message: /tuf-repo\.github\.com/,
    });
  });
});

describe('naming a repository', () => {
  test('mirrors are https without user, query or fragment; http only on loopback', async () => {
    await using bench = await openTufBench();
    for (const mirror of [
      'http://tuf.example.com',
      'https://user:secret@tuf.example.com',
      'https://tuf.example.com/?x=1',
      'https://tuf.example.com/#x',
      'ftp://tuf.example.com',
      'file:///tmp/repo',
      'tuf.example.com',
      'constructor',
      '',
    ]) {
      await assert.rejects(loadTrustedRootFromTuf(bench.options({ mirror })), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'TUF_MIRROR_INVALID', mirror);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    }
    const loopback = bench.options({ mirror: 'http://127.0.0.1:1/x', ...offline });
    await assert.rejects(loadTrustedRootFromTuf(loopback), { code: 'TUF_NOTHING_KEPT' });
  });

  test('an unknown mirror needs a root, and a root is what it says', async () => {
    await using bench = await openTufBench();
    const { rootFile: _rootFile, ...without } = bench.options();
    await assert.rejects(loadTrustedRootFromTuf(without), { code: 'TUF_ROOT_REQUIRED', hint: /--tuf-root/ });
    const file = join(bench.path, 'wrong.json');
    const { repository } = bench;
    const unsigned = { ...(JSON.parse(repository.firstRoot.toString()) as object), signatures: [] };
    for (const text of ['', '{}', JSON.stringify(unsigned), repository.files.get('timestamp.json')?.toString() ?? '']) {
      writeFileSync(file, text);
      await assert.rejects(loadTrustedRootFromTuf(bench.options({ rootFile: file })), { code: 'TUF_ROOT_INVALID' });
    }
    await assert.rejects(loadTrustedRootFromTuf(bench.options({ rootFile: join(bench.path, 'none') })), {
      code: 'FILE_NOT_FOUND',
    });
    assert.deepEqual(bench.asked(), []);
  });

  test('a newer root to start from than some that are kept is fine', async () => {
    await using bench = await openTufBench();
    const { repository } = bench;
    repository.rotate('root');
    repository.rotate('root');
    await loadTrustedRootFromTuf(bench.options());
    const rootFile = join(bench.path, 'second.json');
    writeFileSync(rootFile, repository.files.get('2.root.json') ?? '');
    const target = await loadTrustedRootFromTuf(bench.later(1, { rootFile }));
    assert.deepEqual([target.source, target.versions?.root], ['cache', 3]);
  });
});
