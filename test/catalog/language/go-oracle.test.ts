import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { goCataloger } from '../../../src/catalog/language/go.ts';
import { extractGoBuildInfo, type GoBuildInfo } from '../../../src/formats/index.ts';
import { memoryView } from '../../support/memory-view.ts';

/** Everything is vendored, so that the build needs no network. */
const SOURCES: Readonly<Record<string, string>> = {
  'go.mod':
    'module example.com/Shop/tool\n\ngo 1.20\n\nrequire (\n\texample.com/dep v1.2.3\n\texample.com/old v1.0.0\n\texample.com/local v0.1.0\n)\n\nreplace example.com/old => example.com/new v1.1.0\n\nreplace example.com/local => ./local\n',
  'main.go':
    'package main\n\nimport (\n\t"example.com/dep"\n\t"example.com/local"\n\t"example.com/old"\n)\n\nvar version = "unset"\n\nfunc main() { println(version, dep.X(), old.X(), local.X()) }\n',
  'local/go.mod': 'module example.com/local\n\ngo 1.20\n',
  'local/x.go': 'package local\n\nfunc X() int { return 3 }\n',
  'vendor/example.com/dep/x.go': 'package dep\n\nfunc X() int { return 1 }\n',
  'vendor/example.com/old/x.go': 'package old\n\nfunc X() int { return 2 }\n',
  'vendor/example.com/local/x.go': 'package local\n\nfunc X() int { return 3 }\n',
  'vendor/modules.txt':
    '# example.com/dep v1.2.3\n## explicit; go 1.20\nexample.com/dep\n# example.com/local v0.1.0 => ./local\n## explicit; go 1.20\nexample.com/local\n# example.com/old v1.0.0 => example.com/new v1.1.0\n## explicit; go 1.20\nexample.com/old\n# example.com/local => ./local\n# example.com/old => example.com/new v1.1.0\n',
};

interface Build {
  readonly title: string;
  readonly target?: string;
  readonly args?: readonly string[];
  /** The main module's version as it must be found, and what the evidence begins with. */
  readonly version?: string;
  readonly seen?: RegExp;
}

const BUILDS: readonly Build[] = [
  { title: 'plain' },
  {
    title: 'stripped, version by ldflags',
    args: ['-ldflags', '-s -w -X main.version=v1.2.3'],
    version: 'v1.2.3',
    seen: /^ldflags /,
  },
  {
    title: 'trimpath, version by symbol',
    args: ['-trimpath', '-ldflags', '-X main.version=2.3.4'],
    version: 'v2.3.4',
    seen: /^symbol /,
  },
  { title: 'linux/386', target: 'linux/386' },
  {
    title: 'linux/s390x, big-endian, by symbol',
    target: 'linux/s390x',
    args: ['-trimpath', '-ldflags', '-X main.version=v3.0.0'],
    version: 'v3.0.0',
    seen: /^symbol /,
  },
  { title: 'windows/amd64', target: 'windows/amd64' },
  { title: 'darwin/arm64', target: 'darwin/arm64' },
];

const hasGo = spawnSync('go', ['version']).status === 0;
const folder = hasGo ? mkdtempSync(join(tmpdir(), 'waybill-go-')) : '';
after(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

function go(args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const run = spawnSync('go', args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, GOFLAGS: '-mod=vendor -buildvcs=false', GOTOOLCHAIN: 'local', CGO_ENABLED: '0', ...env },
  });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout;
}

function build({ target = 'linux/amd64', args = [] }: Build): string {
  for (const [path, text] of Object.entries(SOURCES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const [GOOS = '', GOARCH = ''] = target.split('/');
  go(['build', ...args, '-o', 'out', '.'], { GOOS, GOARCH });
  return join(folder, 'out');
}

/** The lines `go version -m` prints, without the empty ones it puts behind replacements. */
function oracleLines(file: string): readonly string[] {
  const [first = '', ...rest] = go(['version', '-m', file]).split('\n');
  return [first.slice(first.lastIndexOf(': ') + 2), ...rest.map((line) => line.slice(1)).filter((line) => line !== '')];
}

describe('Go build information equals go version -m', { skip: !hasGo && 'go is not installed' }, () => {
  for (const item of BUILDS) {
    it(item.title, () => {
      const file = build(item);
      const bytes = readFileSync(file);
      const json = extractGoBuildInfo(bytes, { path: file, sizeBytes: bytes.byteLength, complete: true });
      assert.ok(json);
      const info = JSON.parse(Buffer.from(json).toString('utf8')) as GoBuildInfo;
      assert.deepEqual(
        [info.goVersion, ...(info.modInfo ?? '').split('\n').filter((line) => line !== '')],
        oracleLines(file),
      );

      const view = memoryView(
        { 'bin/x': bytes },
        { captures: goCataloger.captures, extractors: { 'go-buildinfo': () => json } },
      );
      const { packages, diagnostics } = goCataloger.catalog({ view, distribution: undefined });
      assert.deepEqual(diagnostics, []);
      const [main, stdlib, ...modules] = packages;
      assert.equal(`${main?.namespace}/${main?.name}`, 'example.com/shop/tool');
      assert.equal(main?.version, item.version);
      if (item.seen !== undefined)
        assert.match(main?.evidence.find(({ field }) => field === 'version')?.value ?? '', item.seen);
      assert.equal(`go${stdlib?.version}`, info.goVersion?.split(/[ -]/)[0]);
      assert.deepEqual(
        modules.map(({ namespace, name, version = '' }) => `${namespace}/${name}@${version}`),
        ['example.com/dep@v1.2.3', 'example.com/local@', 'example.com/new@v1.1.0'],
      );
    });
  }
});
