import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../../src/core/index.ts';
import { loadTrustedRootFromTuf } from '../../../src/verification/tuf/index.ts';
import { answer, openTufBench, TRUSTED_ROOT, type TufBench } from '../../support/tuf-bench.ts';
import { makeTufKey, sha256, signTuf, type JsonObject, type TufRepository } from '../../support/tuf-repository.ts';

const load = (bench: TufBench, hours = 25): Promise<unknown> => loadTrustedRootFromTuf(bench.later(hours));

function timestampJson(bench: TufBench, change: JsonObject = {}): JsonObject {
  const meta = { 'snapshot.json': { version: bench.repository.versions.snapshot } };
  const { timestamp: version } = bench.repository.versions;
  return {
    _type: 'timestamp',
    spec_version: '1.0.31',
    version,
    meta,
    expires: bench.repository.expires(100),
    ...change,
  };
}

describe('pitfall 23, TUF: signatures', () => {
  test('metadata signed by other keys than the root names, or by none, is refused', async () => {
    await using bench = await openTufBench();
    for (const keys of [[], [makeTufKey()], bench.repository.keys.root]) {
      bench.repository.files.set('timestamp.json', signTuf(timestampJson(bench), keys));
      await assert.rejects(load(bench, 0), { code: 'TUF_SIGNATURE_THRESHOLD' });
    }
  });

  test('a new root needs the threshold of the keys before it and of its own', async () => {
    await using bench = await openTufBench();
    const { repository } = bench;
    const [old, fresh] = [repository.keys.root, [makeTufKey(), makeTufKey()]];
    repository.versions.root = 2;
    repository.keys.root = fresh;
    const next = repository.rootJson();
    for (const keys of [fresh, old, [...fresh, ...old.slice(0, 1)], [...fresh.slice(0, 1), ...old]]) {
      repository.files.set('2.root.json', signTuf(next, keys));
      await assert.rejects(load(bench, 0), { code: 'TUF_SIGNATURE_THRESHOLD' });
    }
    repository.files.set('2.root.json', signTuf(next, [...fresh, ...old.slice(0, 2)]));
    await load(bench, 0);
  });

  test('one key under two names does not meet a threshold of two', async () => {
    await using bench = await openTufBench();
    const { repository } = bench;
    const [key] = repository.keys.root;
    assert.ok(key);
    const twin = { ...key, id: 'f'.repeat(64), publicKey: { ...key.publicKey, 'x-other': true } };
    repository.versions.root = 2;
    repository.keys.root = [key, twin];
    const signers = [...repository.keys.root, ...repository.keys.root];
    repository.files.set('2.root.json', signTuf(repository.rootJson(), signers.slice(0, 2)));
    await assert.rejects(load(bench, 0), { code: 'TUF_METADATA_INVALID', message: /one key under two names/ });
  });

  for (const threshold of [0, -1, 0.5, 2]) {
    test(`CVE-2026-23992: a threshold of ${threshold} for one key is refused, however well it is signed`, async () => {
      await using bench = await openTufBench();
      const { repository } = bench;
      const { roles } = repository.rootJson() as { readonly roles: Record<string, JsonObject> };
      repository.addRoot({ roles: { ...roles, timestamp: { ...roles['timestamp'], threshold } } });
      repository.files.set('timestamp.json', signTuf(timestampJson(bench), []));
      await assert.rejects(load(bench, 0), { code: 'TUF_METADATA_INVALID', message: /threshold/ });
    });
  }

  test('a root numbered otherwise than the next is refused', async () => {
    await using bench = await openTufBench();
    const { repository } = bench;
    repository.files.set('2.root.json', signTuf(repository.rootJson({ version: 3 }), repository.keys.root));
    await assert.rejects(load(bench, 0), { code: 'TUF_VERSION_MISMATCH' });
    repository.files.set('2.root.json', repository.firstRoot);
    await assert.rejects(load(bench, 0), { code: 'TUF_VERSION_MISMATCH' });
  });
});

describe('pitfall 23, TUF: rollback, fast-forward, freeze', () => {
  test('an older timestamp, snapshot or targets than seen before is refused, also after its expiry', async () => {
    await using bench = await openTufBench();
    const { repository } = bench;
    const old = new Map(repository.files);
    repository.publish();
    await load(bench, 0);
    for (const [path, bytes] of old) repository.files.set(path, bytes);
    await assert.rejects(load(bench), { code: 'TUF_ROLLBACK', message: /"timestamp" went back from version 2 to 1/ });
    // a timestamp that is new and points back
    repository.versions.snapshot = 1;
    repository.versions.timestamp = 2;
    repository.resign({ expires: repository.expires(24 * 60) });
    await assert.rejects(load(bench), { code: 'TUF_ROLLBACK', message: /"snapshot" went back/ });
    await assert.rejects(load(bench, 24 * 20), { code: 'TUF_ROLLBACK' });
  });

  test('a new snapshot with older targets, or without them, is refused', async () => {
    await using bench = await openTufBench();
    const { repository } = bench;
    repository.publish();
    await load(bench, 0);
    repository.publish({ snapshot: { meta: { 'targets.json': { version: 1 } } } });
    await assert.rejects(load(bench), {
      code: 'TUF_ROLLBACK',
      message: /"targets\.json" went back from version 2 to 1/,
    });
    repository.publish({ snapshot: { meta: { 'other.json': { version: 9 } } } });
    await assert.rejects(load(bench), { code: 'TUF_ROLLBACK', message: /lost "targets\.json"/ });
  });

  test('a timestamp of the same version changes nothing', async () => {
    await using bench = await openTufBench();
    await load(bench, 0);
    const { repository } = bench;
    const expires = repository.expires(24 * 365);
    repository.files.set('timestamp.json', signTuf(timestampJson(bench, { expires }), repository.keys.timestamp));
    const target = await loadTrustedRootFromTuf(bench.later(25));
    assert.equal(target.expires.toISOString(), repository.expires(24 * 7));
  });

  test('fast-forward: a stolen online key ends with its replacement, and its version numbers with it', async () => {
    await using bench = await openTufBench();
    const { repository } = bench;
    repository.versions.timestamp = 2_000_000_000;
    repository.versions.snapshot = 2_000_000_000;
    repository.publish();
    await load(bench, 0);
    repository.versions.timestamp = 1;
    repository.versions.snapshot = 1;
    repository.publish();
    await assert.rejects(load(bench), { code: 'TUF_ROLLBACK' });
    repository.rotate('timestamp');
    repository.rotate('snapshot');
    repository.publish();
    assert.equal((await loadTrustedRootFromTuf(bench.later(25))).versions?.timestamp, 3);
  });

  test('expired metadata of every role is refused', async () => {
    for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
      await using bench = await openTufBench();
      bench.repository.publish({ [role]: { expires: bench.repository.expires(-1) } });
      await assert.rejects(load(bench, 0), { code: 'TUF_EXPIRED', message: new RegExp(`^${role} metadata 2 expired`) });
    }
    await using bench = await openTufBench();
    bench.repository.addRoot({ expires: bench.repository.expires(-1) });
    await assert.rejects(load(bench, 0), { code: 'TUF_EXPIRED', message: /^root metadata 2 expired/ });
  });

  test('metadata that says no time at which it expires is refused', async () => {
    for (const expires of ['never', '', '2999', '+275760-09-13T00:00:01Z', '2030-13-45T00:00:00Z']) {
      await using bench = await openTufBench();
      bench.repository.publish({ timestamp: { expires } });
      await assert.rejects(load(bench, 0), { code: 'TUF_METADATA_INVALID', message: /expires/ });
    }
  });
});

describe('pitfall 23, TUF: content', () => {
  test('a file with another digest or size than announced is refused and not kept', async () => {
    await using bench = await openTufBench();
    const path = `targets/${sha256(TRUSTED_ROOT)}.trusted_root.json`;
    for (const bytes of [Buffer.from(TRUSTED_ROOT).fill(0x20, 3, 4), TRUSTED_ROOT.subarray(1), Buffer.alloc(0)]) {
      bench.repository.files.set(path, bytes);
      await assert.rejects(load(bench, 0), { code: 'TUF_CONTENT_MISMATCH' });
    }
    bench.repository.files.set(path, Buffer.concat([TRUSTED_ROOT, TRUSTED_ROOT]));
    await assert.rejects(load(bench, 0), { code: 'TUF_TOO_LARGE' });
    bench.repository.files.set(path, TRUSTED_ROOT);
    await load(bench, 0);
  });

  test('snapshot and targets other than announced are refused: no mixing of states', async () => {
    await using bench = await openTufBench();
    const { repository } = bench;
    const old = new Map(repository.files);
    repository.publish();
    for (const role of ['snapshot', 'targets'] as const) {
      const path = repository.path(role, 2);
      const right = repository.files.get(path);
      repository.files.set(path, old.get(repository.path(role, 1)) ?? Buffer.alloc(0));
      await assert.rejects(load(bench, 0), { code: 'TUF_CONTENT_MISMATCH' });
      repository.files.set(path, right ?? Buffer.alloc(0));
    }
    // announced without size and digest, the version still counts
    const timestamp = timestampJson(bench, { meta: { 'snapshot.json': { version: 2 } } });
    repository.files.set('timestamp.json', signTuf(timestamp, repository.keys.timestamp));
    repository.files.set('2.snapshot.json', old.get('1.snapshot.json') ?? Buffer.alloc(0));
    await assert.rejects(load(bench, 0), { code: 'TUF_VERSION_MISMATCH' });
  });

  test('a file that is announced without a digest of a strong kind is refused', async () => {
    for (const hashes of [{}, { md5: 'd41d8cd98f00b204e9800998ecf8427e' }]) {
      await using bench = await openTufBench({ consistentSnapshot: false });
      const targets = { 'trusted_root.json': { length: TRUSTED_ROOT.byteLength, hashes } };
      bench.repository.publish({ targets: { targets } });
      await assert.rejects(load(bench, 0), { code: 'TUF_CONTENT_MISMATCH', message: /without a digest/ });
    }
  });

  test('CVE-2024-47534: a delegated role never says what the trusted root is', async () => {
    const role = { name: 'other', keyids: ['a'.repeat(64)], threshold: 1, terminating: true, paths: ['*'] };
    const delegations = { keys: { ['a'.repeat(64)]: makeTufKey().publicKey }, roles: [role] };
    await using bench = await openTufBench();
    const { repository } = bench;
    repository.publish({ targets: { targets: {}, delegations } });
    await assert.rejects(load(bench, 0), { code: 'TUF_TARGET_NOT_FOUND' });
    assert.ok(!bench.asked().some((path) => path.includes('other')));
    repository.publish();
    await load(bench);
  });

  test('CVE-2026-24137, CVE-2026-24686: no name of a repository becomes a path outside of the folder, or a file at all', async () => {
    await using bench = await openTufBench();
    const outside = `../../${'../'.repeat(6)}tmp/waybill-tuf-escape`;
    bench.repository.targets.set(outside, Buffer.from('owned'));
    bench.repository.publish({ snapshot: {} });
    await load(bench, 0);
    assert.deepEqual(readdirSync(bench.cacheDir), ['tuf']);
    const [file, ...more] = readdirSync(join(bench.cacheDir, 'tuf'));
    assert.match(file ?? '', /^tuf\.example\.com-[0-9a-f]{16}\.json$/);
    assert.deepEqual(more, []);
    assert.equal(existsSync('/tmp/waybill-tuf-escape'), false);
    const odd = await loadTrustedRootFromTuf(
      bench.options({
        mirror: 'https://tuf.example.com/repo/..%2f..%2fetc/../x',
        http: { ...bench.options().http, request: () => Promise.reject(new Error('asked')) },
      }),
    ).catch((error: unknown) => error);
    assert.ok(odd instanceof Error);
    assert.deepEqual(readdirSync(bench.cacheDir), ['tuf']);
  });

  test('a digest that is a path is refused before anything is asked', async () => {
    await using bench = await openTufBench();
    const targets = { 'trusted_root.json': { length: 3, hashes: { sha256: '../../../etc/passwd?' } } };
    bench.repository.publish({ targets: { targets } });
    await assert.rejects(load(bench, 0), { code: 'TUF_METADATA_INVALID' });
    assert.deepEqual(bench.asked().slice(4), []);
  });
});

describe('pitfalls 24 and 25, TUF: mirrors (CVE-2026-48501)', () => {
  test('a redirect to another host is refused and that host never asked; one to the same origin is followed', async () => {
    await using bench = await openTufBench();
    for (const location of [
      'https://elsewhere.example.com/timestamp.json',
      'https://tuf.example.com:8443/timestamp.json',
      'http://tuf.example.com/timestamp.json',
      'http://169.254.169.254/latest',
      'http://127.0.0.1/',
      'file:///etc/passwd',
    ]) {
      bench.asked();
      bench.answer = (path) => (path === 'timestamp.json' ? answer(302, Buffer.alloc(0), { location }) : undefined);
      await assert.rejects(load(bench, 0), (error) => {
        assert.ok(isAppError(error));
        assert.ok(['TUF_MIRROR_REDIRECT', 'NET_REDIRECT_REFUSED'].includes(error.code));
        return true;
      });
      assert.deepEqual(bench.asked(), ['2.root.json', 'timestamp.json']);
    }
    bench.answer = (path) =>
      path === 'timestamp.json' ? answer(307, Buffer.alloc(0), { location: '/repo/moved.json' }) : undefined;
    bench.repository.files.set('moved.json', bench.repository.files.get('timestamp.json') ?? Buffer.alloc(0));
    await load(bench, 0);
    bench.answer = (path) =>
      path.endsWith('json') ? answer(302, Buffer.alloc(0), { location: '/repo/a.json' }) : undefined;
    await assert.rejects(load(bench), { code: 'TUF_MIRROR_REDIRECT' });
  });

  test('a redirect is refused although something is kept: it is an answer, not silence', async () => {
    await using bench = await openTufBench();
    await load(bench, 0);
    bench.answer = () => answer(301, Buffer.alloc(0), { location: 'https://elsewhere.example.com/' });
    await assert.rejects(load(bench), { code: 'TUF_MIRROR_REDIRECT' });
  });

  test('metadata larger than allowed is not read to its end', async () => {
    for (const [name, bytes] of [
      ['2.root.json', 512 * 1024],
      ['timestamp.json', 16 * 1024],
      ['1.snapshot.json', 512 * 1024],
      ['1.targets.json', 2 * 1024 * 1024],
    ] as const) {
      await using bench = await openTufBench();
      let sent = 0;
      bench.answer = (path) => {
        if (path !== name) return undefined;
        return { status: 200, headers: { get: () => null }, body: endless((size) => (sent += size)) };
      };
      await assert.rejects(load(bench, 0), { code: 'TUF_TOO_LARGE' });
      assert.ok(sent <= bytes + 64 * 1024, `${sent} bytes of ${name} were read`);
    }
  });

  test('more members than allowed, or deeper, are refused before anything is made of them', async () => {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`f${index}`, { version: 1 }]));
    let deep: JsonObject = {};
    for (let level = 0; level < 40; level += 1) deep = { deep };
    for (const meta of [many, deep]) {
      await using bench = await openTufBench();
      bench.repository.publish({ snapshot: { meta } });
      await assert.rejects(load(bench, 0), { code: 'TUF_METADATA_INVALID' });
    }
  });

  test('a target that is announced larger than allowed is not asked for', async () => {
    await using bench = await openTufBench();
    const targets = { 'trusted_root.json': { length: 10 ** 9, hashes: { sha256: 'a'.repeat(64) } } };
    bench.repository.publish({ targets: { targets } });
    await assert.rejects(load(bench, 0), { code: 'TUF_TOO_LARGE' });
    assert.equal(bench.asked().length, 4);
  });

  test('a mirror with ever more roots is left', async () => {
    await using bench = await openTufBench();
    for (let count = 0; count < 130; count += 1) bench.repository.addRoot();
    await assert.rejects(load(bench, 0), { code: 'TUF_TOO_LARGE', message: /more than 128 new roots/ });
  });
});

describe('TUF: CVE-2026-23991, malformed answers', () => {
  const shapes = [
    '',
    'null',
    '[]',
    '1',
    '"text"',
    '{}',
    '{"signed":null,"signatures":[]}',
    '{"signed":{},"signatures":[]}',
    '{"signed":{"_type":"timestamp"},"signatures":null}',
    '{"signed":{"_type":"root","spec_version":"1.0","version":1,"expires":"2030-01-01T00:00:00Z"},"signatures":[]}',
    '{"signed":{"_type":"timestamp","spec_version":"1.0","version":"1","expires":"2030-01-01T00:00:00Z"},"signatures":[]}',
    '{"signed":{"_type":"timestamp","spec_version":"9.0","version":1,"expires":"2030-01-01T00:00:00Z","meta":{}},"signatures":[]}',
    '{"signed":{"_type":"timestamp","_type":"timestamp"},"signatures":[]}',
    '{"__proto__":{"signed":1},"signatures":[]}',
    '{"signatures":[{"keyid":"constructor","sig":"00"}],"signed":{"_type":"timestamp","spec_version":"1.0","version":1,"expires":"2030-01-01T00:00:00Z","meta":{"snapshot.json":{"version":1}}}}',
    '<!doctype html><title>captive portal</title>',
    '\ufeff{}',
    '[',
  ];
  for (const name of ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']) {
    test(`${name} of any shape is refused by name`, async () => {
      await using bench = await openTufBench();
      if (!name.startsWith('2')) {
        // announced without a digest, so that the shape is what is looked at
        bench.repository.files.set('timestamp.json', signTuf(timestampJson(bench), bench.repository.keys.timestamp));
      }
      for (const shape of shapes) {
        bench.repository.files.set(name, Buffer.from(shape));
        await assert.rejects(load(bench, 0), (error) => {
          assert.ok(isAppError(error), String(error));
          assert.match(error.code, /^TUF_(?:METADATA_INVALID|SIGNATURE_THRESHOLD|CONTENT_MISMATCH)$/);
          return true;
        });
      }
    });
  }

  test('anything in place of a part of any metadata is refused by name or changes nothing', async () => {
    await using bench = await openTufBench();
    const repository: TufRepository = bench.repository;
    repository.addRoot();
    repository.publish();
    const names = ['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json'];
    const originals = new Map(repository.files);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(), fc.jsonValue(), async (name, at, value) => {
        const document: unknown = JSON.parse((originals.get(name) ?? Buffer.alloc(0)).toString());
        repository.files.set(name, Buffer.from(JSON.stringify(replaced(document, at, value))));
        try {
          await loadTrustedRootFromTuf(bench.options({ cacheDir: undefined }));
        } catch (error) {
          assert.ok(isAppError(error), String(error));
          assert.match(error.code, /^TUF_/);
        } finally {
          repository.files.set(name, originals.get(name) ?? Buffer.alloc(0));
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** A copy of a document in which the `at`th value (counted round) is another. */
function replaced(document: unknown, at: number, value: unknown): unknown {
  const places: [Record<string, unknown>, string][] = [];
  const copy: unknown = structuredClone(document);
  const walk = (item: unknown): void => {
    if (typeof item !== 'object' || item === null) return;
    for (const key of Object.keys(item)) {
      places.push([item as Record<string, unknown>, key]);
      walk((item as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const place = places[at % places.length];
  if (place) place[0][place[1]] = value;
  return copy;
}

// oxlint-disable-next-line require-await
async function* endless(sent: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (;;) {
    sent(32 * 1024);
    yield new Uint8Array(32 * 1024).fill(0x20);
  }
}
