import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadSigningConfigFromTuf, loadTrustedRootFromTuf } from '../../../src/verification/tuf/index.ts';
import { answer, NOW, openTufBench, TRUSTED_ROOT } from '../../support/tuf-bench.ts';
import { sha256 } from '../../support/tuf-repository.ts';

const FIRST = ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json'];
const FILE = `targets/${sha256(TRUSTED_ROOT)}.trusted_root.json`;
const WEEK = 24 * 7;

describe('loadTrustedRootFromTuf', () => {
  test('CVE-2026-48501: requests carry no credentials, whatever the environment holds', async () => {
    await using bench = await openTufBench();
    const headers = new Set<string>();
    bench.answer = (_path, init) => {
      for (const name of Object.keys(init.headers)) headers.add(name.toLowerCase());
      return undefined;
    };
    await loadTrustedRootFromTuf(bench.options());
    assert.deepEqual([...headers], ['user-agent']);
  });

  test('first run: root, timestamp, snapshot, targets, file: five requests', async () => {
    await using bench = await openTufBench();
    const target = await loadTrustedRootFromTuf(bench.options());
    assert.deepEqual(Buffer.from(target.bytes), TRUSTED_ROOT);
    assert.equal(target.source, 'network');
    assert.deepEqual(target.fetchedAt, NOW);
    assert.equal(target.expires.toISOString(), bench.repository.expires(WEEK));
    assert.deepEqual(target.versions, { root: 1, timestamp: 1, snapshot: 1, targets: 1 });
    assert.deepEqual(bench.asked(), [...FIRST, FILE]);
    assert.deepEqual(bench.warnings(), []);
  });

  test('within a day: no request; after it: two, and no more when only the timestamp was signed anew', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    bench.asked();
    const kept = await loadTrustedRootFromTuf(bench.later(23));
    assert.equal(kept.source, 'cache');
    assert.deepEqual(kept.fetchedAt, NOW);
    assert.deepEqual(bench.asked(), []);
    bench.repository.resign();
    const later = await loadTrustedRootFromTuf(bench.later(24));
    assert.equal(later.source, 'network');
    assert.equal(later.versions?.timestamp, 2);
    assert.deepEqual(bench.asked(), ['2.root.json', 'timestamp.json']);
    assert.equal((await loadTrustedRootFromTuf(bench.later(47))).source, 'cache');
    assert.deepEqual(bench.asked(), []);
  });

  test('maxAgeMs is the age that is asked again after; a state from the future is asked again', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    bench.asked();
    assert.equal((await loadTrustedRootFromTuf(bench.later(2, { maxAgeMs: 3_600_000 }))).source, 'network');
    assert.equal(bench.asked().length, 2);
    assert.equal((await loadTrustedRootFromTuf(bench.later(-1))).source, 'network');
    assert.equal(bench.asked().length, 2);
  });

  test('a new file is fetched with its new metadata, an unchanged one is not', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    bench.repository.targets.set('signing_config.v0.2.json', Buffer.from('{}'));
    bench.repository.publish();
    bench.asked();
    await loadTrustedRootFromTuf(bench.later(25));
    assert.deepEqual(bench.asked(), ['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json']);
    const changed = Buffer.from('{"changed":true}');
    bench.repository.targets.set('trusted_root.json', changed);
    bench.repository.publish();
    assert.deepEqual(Buffer.from((await loadTrustedRootFromTuf(bench.later(50))).bytes), changed);
    assert.equal(bench.asked().at(-1), `targets/${sha256(changed)}.trusted_root.json`);
  });

  test('a second file costs one request, and both stay', async () => {
    await using bench = await openTufBench();
    bench.repository.targets.set('signing_config.v0.2.json', Buffer.from('{}'));
    bench.repository.publish();
    await loadTrustedRootFromTuf(bench.options());
    bench.asked();
    assert.equal((await loadSigningConfigFromTuf(bench.options())).name, 'signing_config.v0.2.json');
    assert.equal(bench.asked().length, 1);
    await loadTrustedRootFromTuf(bench.options());
    await loadSigningConfigFromTuf(bench.options());
    assert.deepEqual(bench.asked(), []);
  });

  test('a file that the repository has not is TUF_TARGET_NOT_FOUND', async () => {
    await using bench = await openTufBench();
    await assert.rejects(loadSigningConfigFromTuf(bench.options()), { code: 'TUF_TARGET_NOT_FOUND' });
  });

  test('repositories without consistent snapshots are read', async () => {
    await using bench = await openTufBench({ consistentSnapshot: false });
    assert.equal((await loadTrustedRootFromTuf(bench.options())).source, 'network');
    assert.deepEqual(bench.asked(), [
      '2.root.json',
      'timestamp.json',
      'snapshot.json',
      'targets.json',
      'targets/trusted_root.json',
    ]);
  });

  test('root rotation: each new root is taken, in order, and kept', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    bench.repository.rotate('root');
    bench.repository.rotate('root');
    bench.repository.rotate('timestamp');
    bench.repository.resign();
    bench.asked();
    const target = await loadTrustedRootFromTuf(bench.later(25));
    assert.equal(target.versions?.root, 4);
    assert.deepEqual(bench.asked(), ['2.root.json', '3.root.json', '4.root.json', '5.root.json', 'timestamp.json']);
    assert.equal((await loadTrustedRootFromTuf(bench.later(26))).versions?.root, 4);
    assert.deepEqual(bench.asked(), []);
  });

  test('an expired first root is no obstacle when a later one is valid', async () => {
    await using bench = await openTufBench();
    const { repository } = bench;
    const year = 24 * 366;
    repository.addRoot({ expires: repository.expires(year * 3) });
    repository.publish({
      targets: { expires: repository.expires(year * 2) },
      snapshot: { expires: repository.expires(year * 2) },
      timestamp: { expires: repository.expires(year * 2) },
    });
    assert.equal((await loadTrustedRootFromTuf(bench.later(year))).versions?.root, 2);
  });
});

describe('loadTrustedRootFromTuf when the mirror is away', () => {
  const away = (): never => {
    throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  };

  test('what is kept and has not expired stands in, with a warning', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    for (const broken of [away, () => answer(503, Buffer.from('busy')), () => answer(429, Buffer.from('slow'))]) {
      bench.answer = broken;
      const target = await loadTrustedRootFromTuf(bench.later(100));
      assert.equal(target.source, 'stale-cache');
      assert.deepEqual(target.fetchedAt, NOW);
      const [warning, ...more] = bench.warnings();
      assert.match(
        warning ?? '',
        /trust roots of 2026-06-01T12:00:00\.000Z are used, which are valid until 2026-06-08/,
      );
      assert.deepEqual(more, []);
    }
  });

  test('what has expired is refused, with what to do', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    bench.answer = away;
    await assert.rejects(loadTrustedRootFromTuf(bench.later(WEEK)), {
      code: 'TUF_EXPIRED',
      message: /cannot be used any more: timestamp metadata 1 expired at 2026-06-08T12:00:00\.000Z/,
      hint: /waybill trust update.*--trusted-root/,
    });
  });

  test('allowStale: false, or nothing kept: the reason is the error', async () => {
    await using bench = await openTufBench();
    bench.answer = away;
    await assert.rejects(loadTrustedRootFromTuf(bench.options()), {
      code: 'NET_CONNECTION_REFUSED',
      hint: /--trusted-root FILE.*--offline/,
    });
    await assert.rejects(loadSigningConfigFromTuf(bench.options()), {
      code: 'NET_CONNECTION_REFUSED',
      hint: /--signing-config FILE.*--fulcio-url/,
    });
    bench.answer = () => Promise.reject(Object.assign(new Error('no name'), { code: 'ENOTFOUND' }));
    await assert.rejects(loadTrustedRootFromTuf(bench.options()), {
      code: 'NET_NAME_NOT_FOUND',
      exitCode: 4,
      hint: /--trusted-root FILE.*--offline/,
    });
    bench.answer = undefined;
    await loadTrustedRootFromTuf(bench.options());
    bench.answer = away;
    await assert.rejects(loadTrustedRootFromTuf(bench.later(30, { allowStale: false })), {
      code: 'NET_CONNECTION_REFUSED',
    });
  });

  test('a new root counts even when the rest cannot be asked: replaced keys end what they signed', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    bench.repository.rotate('timestamp');
    bench.answer = (path) => (path === 'timestamp.json' ? answer(503, Buffer.from('busy')) : undefined);
    await assert.rejects(loadTrustedRootFromTuf(bench.later(25)), { code: 'TUF_MIRROR_UNAVAILABLE' });
  });

  test('a server that trickles is left at the deadline', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    bench.answer = (_path, init) =>
      new Promise((_resolve, reject) => {
        init.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      });
    assert.equal((await loadTrustedRootFromTuf(bench.later(25, { timeoutMs: 30 }))).source, 'stale-cache');
    await assert.rejects(loadTrustedRootFromTuf(bench.later(25, { timeoutMs: 30, allowStale: false })), {
      code: 'TUF_TIMEOUT',
    });
  });

  test('Ctrl-C is no reason to use what is stale', async () => {
    await using bench = await openTufBench();
    await loadTrustedRootFromTuf(bench.options());
    await assert.rejects(loadTrustedRootFromTuf(bench.later(25, { signal: AbortSignal.abort() })), {
      code: 'INTERRUPTED',
    });
  });
});
