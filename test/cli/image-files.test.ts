import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeImage } from '../support/images.ts';
import { ended, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { parseResult, schemaValidator } from '../support/cli/schemas.ts';

const sum = (text: string): string => createHash('md5').update(text).digest('hex');

const DEBIAN = {
  'etc/os-release': 'ID=debian\nVERSION_ID="13"\n',
  'var/lib/dpkg/status': 'Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n',
  'var/lib/dpkg/info/tool.list': '/usr/bin/tool\n/etc/os-release\n',
  'var/lib/dpkg/info/tool.md5sums': `${sum('tool')}  usr/bin/tool\n`,
  'usr/bin/tool': 'tool',
};

describe('image files', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    const images = join(bench.path, 'images');
    const history = [{ createdBy: 'ADD rootfs', emptyLayer: false }];
    const base = await makeImage(images, { layers: [DEBIAN], history, tag: 'base' });
    await makeImage(images, {
      base,
      layers: [
        [
          { path: 'usr/bin/tool', content: 'evil' },
          { path: 'opt/\u001b[31mrun', content: '#!/bin/sh\n', mode: 0o755 },
        ],
      ],
      history: [{ createdBy: 'RUN tamper', emptyLayer: false }],
      tag: 'tampered',
    });
    await makeImage(images, { layers: [{ 'hello.txt': 'hello\n' }], tag: 'empty' });
  });
  after(() => bench[Symbol.asyncDispose]());

  test('lists every file with its class and owner, then totals', async () => {
    const { stdout } = ended(await bench.run('image files oci:images:base'), 0);
    assert.match(stdout, /^PATH +CLASS +OF +SIZE +MODE +LAYER\n/);
    assert.match(stdout, /\n\/usr\/bin\/tool +os-package verified +pkg:deb\/debian\/tool@1\.0\S+ +4 +0644 +0\n/);
    assert.match(stdout, /\nos-package +2 +0 +\d+\n/);
    assert.match(stdout, /inventory: complete, every file is accounted for/);
  });

  test('compares recorded files wherever they lie, also by way of a hard link to where none do', async () => {
    const files = {
      'opt/vendor/bin/run': 'run',
      'srv/vendor/data': 'data',
      'var/lib/vendor/x': 'x',
      'usr/bin/tool': 'tool',
    };
    const lines = (text: (name: string, content: string) => string): string =>
      Object.entries(files)
        .map(([name, content]) => text(name, content))
        .join('');
    const vendor = {
      ...DEBIAN,
      ...files,
      'var/lib/dpkg/info/tool.list': lines((name) => `/${name}\n`),
      'var/lib/dpkg/info/tool.md5sums': lines((name, content) => `${sum(content)}  ${name}\n`),
    };
    const layers = [vendor, { 'opt/vendor/bin/run': 'evil' }, { 'tmp/evil': 'evil', 'usr/bin/tool': 'hard:tmp/evil' }];
    await makeImage(join(bench.path, 'images'), { layers, tag: 'vendor' });
    for (const options of ['', '--no-cache', '']) {
      const { stdout } = ended(
        await bench.run(`image files oci:images:vendor --json --summary --fail-on modified ${options}`),
        1,
      );
      const { findings, totals } = parseResult('image-files', stdout) as {
        findings: { kind: string; path: string; layer: number }[];
        totals: { integrity: { verified: number } };
      };
      assert.deepEqual(
        findings.map(({ kind, path, layer }) => [kind, path, layer]),
        [
          ['modified', '/opt/vendor/bin/run', 1],
          ['modified', '/usr/bin/tool', 2],
        ],
      );
      assert.equal(totals.integrity.verified, 2);
    }
    const root = join(bench.path, 'vendor');
    for (const [name, content] of Object.entries({ ...vendor, 'opt/vendor/bin/run': 'evil' })) {
      mkdirSync(join(root, dirname(name)), { recursive: true });
      writeFileSync(join(root, name), content);
    }
    const { stdout } = ended(await bench.run('image files dir:vendor --summary --fail-on modified'), 1);
    assert.match(stdout, /modified: \/opt\/vendor\/bin\/run /);
    assert.match(stdout, /3 verified, 1 modified/);
  });

  test('compares the programs of distributions in a virtual environment', async () => {
    const record = createHash('sha256').update('run').digest('base64url');
    const info = 'app/.venv/lib/python3.12/site-packages/shop-1.0.dist-info';
    const venv = {
      'app/.venv/bin/shop': 'evil',
      [`${info}/METADATA`]: 'Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n',
      [`${info}/RECORD`]: `../../../bin/shop,sha256=${record},3\n`,
    };
    await makeImage(join(bench.path, 'images'), { layers: [venv], tag: 'venv' });
    const { stdout } = ended(await bench.run('image files oci:images:venv --summary --fail-on modified'), 1);
    assert.match(stdout, /modified: \/app\/\.venv\/bin\/shop of pkg:pypi\/shop@1\.0, /);
  });

  test('names what was changed with the layer and the command, and fails when asked to', async () => {
    const { stdout } = ended(await bench.run('image files oci:images:tampered --summary'), 0);
    assert.match(stdout, /modified: \/usr\/bin\/tool of pkg:deb\/debian\/tool@1\.0\S+, by layer 1 \(RUN tamper\)\n/);
    assert.ok(!stdout.includes('\u001b'));
    ended(await bench.run('image files oci:images:tampered --summary --fail-on modified,unaccounted-executables'), 1);
    ended(
      await bench.run('image files oci:images:tampered --summary --fail-on missing --fail-on stripped,not-checked'),
      0,
    );
    // what is not compared is never a pass
    const { stderr } = ended(await bench.run('image files oci:images:empty --summary --fail-on modified'), 7);
    assert.match(stderr, /warning: no file could be compared with a record/);
    for (const fault of ['modified', 'missing', 'not-checked'])
      ended(await bench.run(`image files oci:images:tampered --summary --fail-on ${fault} --no-integrity`), 2);
    ended(await bench.run('image files oci:images:tampered --summary --fail-on stripped --no-integrity'), 0);
  });

  test('filters by class, executables, layer and path', async () => {
    const paths = async (flags: string): Promise<readonly string[]> => {
      const { stdout } = ended(await bench.run(`image files oci:images:tampered --json ${flags}`), 0);
      return (parseResult('image-files', stdout)['files'] as { readonly path: string }[]).map(({ path }) => path);
    };
    assert.deepEqual(await paths('--class unaccounted,os-package'), [
      '/etc/os-release',
      '/opt/\u001b[31mrun',
      '/usr/bin/tool',
    ]);
    assert.deepEqual(await paths('--executables'), ['/opt/\u001b[31mrun']);
    assert.deepEqual(await paths('--layer 1 --path usr/**'), ['/usr/bin/tool']);
    assert.deepEqual(await paths('--path /etc/*'), ['/etc/os-release']);
  });

  test('refuses filters that cannot be', async () => {
    // before anything is read
    for (const flags of ['--class nothing', '--path a**b', '--fail-on sunshine'])
      ended(await bench.run(`image files oci:nowhere:at-all ${flags}`), 2);
    for (const flags of ['--class nothing', '--layer 7', '--layer sha256:', '--path a**b', '--fail-on sunshine']) {
      ended(await bench.run(`image files oci:images:tampered ${flags}`), 2);
    }
  });

  test('writes the whole ledger, and tells its digest', async () => {
    const { stdout } = ended(await bench.run('image files oci:images:tampered --summary -o ledger.jsonl'), 0);
    const bytes = readFileSync(join(bench.path, 'ledger.jsonl'));
    assert.ok(stdout.includes(`ledger: ledger.jsonl sha256:${createHash('sha256').update(bytes).digest('hex')}\n`));
    const validate = schemaValidator('ledger');
    for (const line of bytes.toString().trimEnd().split('\n')) assert.ok(validate(JSON.parse(line)), line);
  });

  test('has a story without packages, and for a root file system', async () => {
    const { stdout } = ended(await bench.run('image files oci:images:empty'), 0);
    assert.match(stdout, /inventory: unknown, no package was found/);
    mkdirSync(join(bench.path, 'root/etc'), { recursive: true });
    writeFileSync(join(bench.path, 'root/etc/ld.so.cache'), 'cache');
    const rootfs = ended(await bench.run('image files dir:root --json'), 0);
    const result = parseResult('image-files', rootfs.stdout);
    assert.deepEqual([result['digest'], result['platform']], [null, null]);
    ended(await bench.run('image files dir:root --layer 0'), 2);
  });
});
