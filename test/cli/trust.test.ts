import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { hasOpenssl, makeCertificates } from '../support/registry/certificates.ts';
import { TufRepository } from '../support/tuf-repository.ts';
import { serveTuf, type TufServer } from '../support/tuf-server.ts';

const PUBLIC_ROOT = Buffer.from(seeds['https://tuf-repo-cdn.sigstore.dev'].targets['trusted_root.json'], 'base64');

describe('waybill trust', () => {
  let bench: Bench;
  let repository: TufRepository;
  let server: TufServer;
  let access: string;
  before(async () => {
    bench = await openBench();
    repository = new TufRepository({ now: new Date() });
    repository.targets.set('trusted_root.json', PUBLIC_ROOT);
    repository.publish();
    server = await serveTuf(repository);
    writeFileSync(join(bench.path, 'root.json'), repository.firstRoot);
    access = `--tuf-mirror ${server.url} --tuf-root root.json`;
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  test('show of a file: every authority and log with its address, key and window; no cache is made', async () => {
    writeFileSync(join(bench.path, 'trusted_root.json'), PUBLIC_ROOT);
    const { stdout, stderr } = ended(await bench.run('trust show --trusted-root trusted_root.json --json'), 0);
    assert.equal(stderr, '');
    const result = parseResult('trust-show', stdout);
    assert.deepEqual(result['origin'], { kind: 'file', file: 'trusted_root.json' });
    const [root] = result['roots'] as readonly { authorities: readonly object[]; logs: readonly object[] }[];
    assert.deepEqual([root?.authorities.length, root?.logs.length], [3, 4]);
    const text = ended(await bench.run('trust show --trusted-root trusted_root.json'), 0).stdout;
    assert.match(text, /^certificate authority +ended +2021-03-07 +2022-12-31 .*https:\/\/fulcio\.sigstore\.dev/m);
    assert.match(text, /^transparency log +trusted +2021-01-12 +- .*wNI9atQGlz\+VWfO6LRygH4QUfY\/8W4RFwiT5i5WRgB0=$/m);
  });

  test('show --offline with nothing kept: what ships, with a warning', async () => {
    const { stdout, stderr } = ended(await bench.run('trust show --offline --json'), 0);
    const { origin } = parseResult('trust-show', stdout);
    assert.equal((origin as { kind: string }).kind, 'seed');
    assert.match(stderr, /^warning: .*ships with waybill/);
    failed(await bench.run(`trust show --offline ${access}`), 4, 'TUF_NOTHING_KEPT');
    assert.deepEqual(server.asked(), []);
  });

  test('show of a mirror: asked once, then kept; --output writes the bytes and overwrites nothing', async () => {
    const first = parseResult('trust-show', ended(await bench.run(`trust show ${access} --json`), 0).stdout);
    assert.equal((first['origin'] as { kind: string }).kind, 'network');
    assert.equal(server.asked().length, 5);
    const second = ended(await bench.run(`trust show ${access} --json --output copy.json`), 0);
    assert.equal(second.stderr, '');
    const { origin, output } = parseResult('trust-show', second.stdout);
    assert.deepEqual([(origin as { kind: string }).kind, output], ['cache', 'copy.json']);
    assert.deepEqual(readFileSync(join(bench.path, 'copy.json')), PUBLIC_ROOT);
    failed(await bench.run(`trust show ${access} --output copy.json`), 2, 'FILE_EXISTS');
    ended(await bench.run(`trust show ${access} --offline`), 0);
    assert.deepEqual(server.asked(), []);
  });

  test('update tells what changed, and asks each time', async () => {
    const command = `trust update ${access} --json`;
    const same = parseResult('trust-update', ended(await bench.run(command), 0).stdout);
    assert.deepEqual(
      (same['files'] as readonly { state: string }[]).map(({ state }) => state),
      ['unchanged', 'absent'],
    );
    assert.deepEqual([same['changes'], server.asked()], [[], ['2.root.json', 'timestamp.json']]);

    const changed = JSON.parse(PUBLIC_ROOT.toString()) as {
      tlogs: { publicKey: { validFor: { end?: string } } }[];
      ctlogs: unknown[];
    };
    const [log] = changed.tlogs;
    if (log) log.publicKey.validFor.end = '2030-01-01T00:00:00Z';
    changed.ctlogs.shift();
    repository.targets.set('trusted_root.json', Buffer.from(JSON.stringify(changed)));
    repository.targets.set('signing_config.v0.2.json', Buffer.from('{}'));
    repository.publish();
    const result = parseResult('trust-update', ended(await bench.run(command), 0).stdout);
    assert.deepEqual(result['before'], { root: 1, timestamp: 1, snapshot: 1, targets: 1 });
    assert.deepEqual(result['after'], { root: 1, timestamp: 2, snapshot: 2, targets: 2 });
    assert.deepEqual(
      (result['files'] as readonly { state: string }[]).map(({ state }) => state),
      ['changed', 'new'],
    );
    const changes = result['changes'] as readonly { change: string; uri: string; detail?: string }[];
    assert.deepEqual(
      changes.map(({ change, uri, detail }) => [change, uri, detail]),
      [
        ['changed', 'https://rekor.sigstore.dev', 'valid until: none -> 2030-01-01T00:00:00.000Z'],
        ['removed', 'https://ctfe.sigstore.dev/test', undefined],
      ],
    );
    repository.resign();
    const text = ended(await bench.run(`trust update ${access}`), 0).stdout;
    assert.match(text, /^metadata +root 1, timestamp 2 -> 3, snapshot 2, targets 2$/m);
    assert.match(text, /^unchanged +trusted_root\.json +sha256:/m);
  });

  test('a mirror that serves an old state is refused by both', async () => {
    const [version, bytes] = [repository.versions.timestamp, repository.files.get('timestamp.json')];
    repository.versions.timestamp = 0;
    repository.resign();
    failed(await bench.run(`trust update ${access}`), 4, 'TUF_ROLLBACK');
    repository.versions.timestamp = version;
    repository.files.set('timestamp.json', bytes ?? Buffer.alloc(0));
    ended(await bench.run(`trust show ${access}`), 0);
  });

  test('usage: an unknown mirror needs a root; a file and a mirror exclude each other; plain HTTP is for loopback', async () => {
    failed(await bench.run(`trust show --tuf-mirror ${server.url}`), 2, 'TUF_ROOT_REQUIRED');
    failed(
      await bench.run('trust show --tuf-mirror http://tuf.example.com --tuf-root root.json'),
      2,
      'TUF_MIRROR_INVALID',
    );
    failed(await bench.run(`trust show --trusted-root trusted_root.json ${access}`), 2, 'USAGE');
    writeFileSync(join(bench.path, 'broken.json'), '{}');
    ended(await bench.run('trust show --trusted-root broken.json'), 6);
  });

  test(
    'a mirror with a certificate of a private authority is believed with --tuf-ca only',
    { skip: !hasOpenssl() && 'no openssl' },
    async () => {
      const { key, cert, caFile } = makeCertificates();
      await using secure = await serveTuf(repository, { key, cert });
      const command = `trust show --tuf-mirror ${secure.url} --tuf-root root.json`;
      const run = await bench.run(command);
      failed(run, 4, 'NET_TLS_UNTRUSTED');
      assert.match(run.stderr, /hint: .*--tuf-ca FILE/);
      ended(await bench.run(`${command} --tuf-ca ${caFile}`), 0);
    },
  );

  test('four processes at once on an empty cache all end well, and leave one whole state', async () => {
    const env = { WAYBILL_CACHE_DIR: join(bench.path, 'fresh') };
    const command = `trust show ${access} --json`;
    const runs = await Promise.all([1, 2, 3, 4].map(() => bench.run(command, { env })));
    const digests = runs.map((run) => parseResult('trust-show', ended(run, 0).stdout)['digest']);
    assert.equal(new Set(digests).size, 1);
    assert.equal(readdirSync(join(bench.path, 'fresh/tuf')).length, 1);
    server.asked();
    assert.equal(ended(await bench.run(command, { env }), 0).stderr, '');
    assert.deepEqual(server.asked(), []);
  });

  test('a cache folder that cannot be made: a warning, no failure', async () => {
    writeFileSync(join(bench.path, 'file'), '');
    const env = { WAYBILL_CACHE_DIR: join(bench.path, 'file') };
    const { stderr } = ended(await bench.run(`trust show ${access}`, { env }), 0);
    assert.match(stderr, /^warning: no cache folder, so http:\/\/127\.0\.0\.1:\d+ is asked at every run$/m);
  });
});
