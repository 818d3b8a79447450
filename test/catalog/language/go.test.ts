import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { goCataloger } from '../../../src/catalog/language/go.ts';
import { goMainVersion } from '../../../src/catalog/language/go-main-version.ts';
import { parseGoModInfo } from '../../../src/catalog/language/go-modinfo.ts';
import { extractGoBuildInfo } from '../../../src/formats/index.ts';
import type { Package } from '../../../src/packages/index.ts';
import { goBinary, type GoBinaryOptions } from '../../support/go-binary.ts';
import { memoryView } from '../../support/memory-view.ts';

function catalogBinaries(files: Readonly<Record<string, Uint8Array>>) {
  const view = memoryView(files, {
    captures: goCataloger.captures,
    extractors: {
      'go-buildinfo': (bytes) => extractGoBuildInfo(bytes, { path: '', sizeBytes: bytes.byteLength, complete: true }),
    },
  });
  return goCataloger.catalog({ view, distribution: undefined });
}

function catalog(modInfo: string, more: Partial<GoBinaryOptions> = {}): readonly Package[] {
  const { packages, diagnostics } = catalogBinaries({ 'bin/x': goBinary({ goVersion: 'go1.22.1', modInfo, ...more }) });
  assert.deepEqual(diagnostics, []);
  return packages;
}

const label = (pkg: Package): string =>
  `${pkg.namespace === undefined ? '' : `${pkg.namespace}/`}${pkg.name}@${pkg.version ?? ''}`;
const MAIN = 'path\texample.com/tool/cmd/x\nmod\texample.com/tool\t(devel)\t\n';

describe('goCataloger: programs that were built without modules', () => {
  it('names them by the path of their main package, and tells that nothing more is known', () => {
    for (const [path, name] of [
      ['github.com/docker/cli/cmd/docker', 'github.com/docker/cli'],
      ['github.com/caddyserver/caddy/v2/cmd/caddy', 'github.com/caddyserver/caddy/v2'],
      ['github.com/tianon/gosu', 'github.com/tianon/gosu'],
      ['go.etcd.io/etcd/server/v3', 'go.etcd.io/etcd/server/v3'],
      ['k8s.io/kubernetes/cmd/kubectl', 'k8s.io/kubernetes'],
    ]) {
      const { packages, notes } = catalogBinaries({
        'bin/x': goBinary({ goVersion: 'go1.22.1', modInfo: `path\t${path}\nbuild\t-compiler=gc\n` }),
      });
      assert.deepEqual(packages.map(label), [`${name}@`, 'stdlib@1.22.1']);
      const [program] = packages;
      assert.deepEqual([program?.purlKnown, program?.kind, program?.files], [false, 'application', ['/bin/x']]);
      assert.deepEqual(
        notes?.map(({ code }) => code),
        ['go-without-modules'],
      );
    }
  });

  it('leaves programs of the Go distribution to the standard library', () => {
    for (const path of ['cmd/go', 'command-line-arguments', 'main', '../x', 'a b.c/x'])
      assert.deepEqual(catalog(`path\t${path}\nbuild\t-compiler=gc\n`).map(label), ['stdlib@1.22.1'], path);
  });
});

describe('goCataloger: modules', () => {
  it('makes packages of main module, standard library and dependencies, with edges from main', () => {
    const packages = catalog(`${MAIN}dep\tgithub.com/Azure/go-autorest\tv1.0.0\th1:abc=\ndep\trsc.io/quote\tv1.5.2\n`);
    assert.deepEqual(packages.map(label), [
      'example.com/tool@',
      'stdlib@1.22.1',
      'github.com/azure/go-autorest@v1.0.0',
      'rsc.io/quote@v1.5.2',
    ]);
    const [main, stdlib, azure] = packages;
    assert.equal(main?.dependsOn.length, 3);
    assert.equal(main.firstParty, true);
    assert.deepEqual(main.files, ['/bin/x']);
    assert.equal(main.properties?.['golang:package'], 'example.com/tool/cmd/x');
    assert.deepEqual(stdlib?.cpes, ['cpe:2.3:a:golang:go:1.22.1:-:*:*:*:*:*:*']);
    assert.deepEqual(azure?.properties, { 'golang:h1': 'h1:abc=', 'golang:module': 'github.com/Azure/go-autorest' });
    assert.deepEqual(azure.dependsOn, []);
  });

  it('names the replacement that was built; a local one keeps the name and loses the version', () => {
    const packages = catalog(
      `${MAIN}dep\ta.com/x\tv1.0.0\n=>\tb.com/x\tv1.1.0\th1:b=\ndep\ta.com/y\tv1.0.0\n=>\t./y\t(devel)\t\ndep\ta.com/z\tv1.0.0\n=>\t/src/z\t\t\n`,
    );
    assert.deepEqual(packages.slice(2).map(label), ['b.com/x@v1.1.0', 'a.com/y@', 'a.com/z@']);
    assert.deepEqual(packages[2]?.properties, { 'golang:h1': 'h1:b=', 'golang:replaces': 'a.com/x@v1.0.0' });
    assert.deepEqual(packages[3]?.properties, { 'golang:replacedBy': './y' });
    assert.equal(packages[3].firstParty, true);
  });

  it('takes the one module under development as main for command-line-arguments', () => {
    const text = 'path\tcommand-line-arguments\ndep\texample.com/app\t(devel)\t\ndep\ta.com/x\tv1.0.0\n';
    assert.deepEqual(catalog(text).map(label), ['example.com/app@', 'stdlib@1.22.1', 'a.com/x@v1.0.0']);
  });

  it('leaves out dependencies without a path, repeated ones, and main itself', () => {
    const text = `${MAIN}dep\t\tv1.0.0\ndep\texample.com/tool\tv1.0.0\ndep\ta.com/x\tv1.0.0\ndep\ta.com/x\tv1.0.0\n`;
    assert.deepEqual(catalog(text).map(label), ['example.com/tool@', 'stdlib@1.22.1', 'a.com/x@v1.0.0']);
  });

  it('finds only the standard library in a program built without modules, and gives it the file', () => {
    const [stdlib, ...others] = catalog('');
    assert.equal(stdlib?.name, 'stdlib');
    assert.deepEqual(stdlib.files, ['/bin/x']);
    assert.deepEqual(others, []);
  });

  it('reads toolchain versions with experiments, release candidates, vendors; none of development ones', () => {
    const of = (goVersion: string): Package => catalog('', { goVersion })[0]!;
    assert.equal(of('go1.26.0-X:jsonv2').version, '1.26.0');
    assert.equal(of('go1.22.1 X:boringcrypto').version, '1.22.1');
    assert.equal(of('go1.20.6 (Red Hat 1.20.6-1.el9)').version, '1.20.6');
    assert.equal(of('go1.21rc2').version, '1.21rc2');
    assert.deepEqual(of('go1.21rc2').cpes, ['cpe:2.3:a:golang:go:1.21:rc2:*:*:*:*:*:*']);
    const development = of('devel go1.23-abcdef Tue Jan 2');
    assert.equal(development.version, undefined);
    assert.equal(development.cpes, undefined);
    assert.deepEqual(development.properties, { 'golang:toolchain': 'devel go1.23-abcdef Tue Jan 2' });
    for (const text of ['go1.26-devel_0123abcd Tue Jan 2', 'go1.12-devel_0123abcd'])
      assert.equal(of(text).version, undefined);
  });
});

describe('goMainVersion', () => {
  const of = (lines: readonly string[], variables: Parameters<typeof goMainVersion>[1] = []) =>
    goMainVersion(parseGoModInfo(lines.join('\n')), variables);
  const mod = (version: string): string => `mod\texample.com/tool\t${version}\t`;
  const flags = (text: string): string => `build\t-ldflags=${JSON.stringify(text)}`;
  const vcs = ['build\tvcs.revision=0123456789abcdef0123456789abcdef01234567', 'build\tvcs.time=2024-01-02T03:04:05Z'];

  it('believes a version in the module line before anything else', () => {
    assert.deepEqual(of([mod('v1.2.3'), flags('-X main.version=v9.9.9'), ...vcs]), {
      version: 'v1.2.3',
      confidence: 1,
      seen: 'mod v1.2.3',
      published: true,
    });
  });

  it('then the linker flags, in any of their spellings', () => {
    for (const text of [
      '-s -w -X main.version=1.2.3',
      "-X 'main.version=v1.2.3' -w",
      '-X=main.Version=v1.2.3',
      '--X "main.version=v1.2.3"',
      '-X main.commit=abc -X example.com/tool/internal/build.Version=v1.2.3',
      '-X github.com/prometheus/common/version.Version=1.2.3',
      '-X main.gitTag=v1.2.3',
    ]) {
      const found = of([mod('(devel)'), flags(text)], [{ name: 'main.version', value: 'v8.0.0' }]);
      assert.equal(found?.version, 'v1.2.3', text);
      assert.equal(found.confidence, 0.8);
      assert.equal(found.published, false);
    }
  });

  it('prefers package main, and believes no contradiction', () => {
    const both = '-X example.com/tool/version.Version=v2.0.0 -X main.version=v1.0.0 -X main.goVersion=1.22.1';
    assert.equal(of([mod('(devel)'), flags(both)])?.version, 'v1.0.0');
    const torn = '-X main.version=v1.0.0 -X main.Version=v2.0.0 -X example.com/tool/x.Version=v3.0.0';
    assert.equal(of([mod('(devel)'), flags(torn)])?.version, 'v3.0.0');
    assert.equal(of([mod('(devel)'), flags('-X main.version=dev -X main.built=1.2.3')]), undefined);
  });

  it('then a version variable, then the commit', () => {
    const found = of([mod('(devel)'), ...vcs], [{ name: 'main.version', value: '2.0.1' }]);
    assert.equal(found?.version, 'v2.0.1');
    assert.equal(found.seen, 'symbol main.version = 2.0.1');
    assert.equal(
      of([mod('(devel)'), ...vcs], [{ name: 'main.version', value: 'dev' }])?.version,
      'v0.0.0-20240102030405-0123456789ab',
    );
    assert.equal(
      of([mod('(devel)'), ...vcs, 'build\tvcs.modified=true'])?.version,
      'v0.0.0-20240102030405-0123456789ab+dirty',
    );
    assert.equal(of([mod('(devel)')]), undefined);
  });

  it('gives a commit the major version of the path, as Go does', () => {
    const at = (path: string): string | undefined => of([`mod\t${path}\t(devel)\t`, ...vcs])?.version;
    assert.equal(at('example.com/tool/v2'), 'v2.0.0-20240102030405-0123456789ab');
    assert.equal(at('gopkg.in/tool.v3'), 'v3.0.0-20240102030405-0123456789ab');
    for (const path of ['example.com/v2/tool', 'example.com/tool/v1', 'example.com/tool.v2'])
      assert.equal(at(path), 'v0.0.0-20240102030405-0123456789ab', path);
  });

  it('lets what the linker was told stand before a version that Go stamped from an untagged commit', () => {
    const stamped = mod('v0.0.0-20240102030405-0123456789ab');
    assert.equal(of([stamped, ...vcs, flags('-X main.version=v1.2.3')])?.version, 'v1.2.3');
    assert.equal(of([stamped, ...vcs])?.confidence, 0.6);
    assert.equal(of([stamped])?.confidence, 1);
    for (const after of ['v2.3.5-0.20240102030405-0123456789ab', 'v2.3.5-rc.1.0.20240102030405-0123456789ab+dirty']) {
      assert.equal(of([mod(after), ...vcs, flags('-X main.version=v2.4.0')])?.version, 'v2.4.0');
      assert.deepEqual(of([mod(after), ...vcs])?.published, false);
    }
  });
});

describe('goCataloger: bad input', () => {
  it('notes packed, cut and malformed programs and goes on', () => {
    const packed = goBinary({ goVersion: 'go1.22.1', modInfo: '', sections: false });
    packed.fill(0, 0x1000);
    packed.write('UPX!', 0x100, 'latin1');
    const whole = goBinary({ goVersion: 'go1.22.1', modInfo: MAIN, sections: false });
    const found = catalogBinaries({ a: packed, b: whole.subarray(0, whole.length - 30), c: whole });
    const { packages, diagnostics, notes = [] } = found;
    assert.deepEqual(
      diagnostics.map(({ code, path }) => `${code} ${path}`),
      ['unreadable-binary /b'],
    );
    assert.deepEqual(
      notes.map(({ kind, code, path }) => `${kind} ${code} ${path}`),
      ['known-unknown packed-executable /a'],
    );
    assert.deepEqual(packages.map(label), ['example.com/tool@', 'stdlib@1.22.1']);
  });

  it('leaves out modules whose name no module can have, and says so', () => {
    const modInfo = `${MAIN}dep\ta.com/x\u001b[31m\tv1.0.0\ndep\ta.com//y\tv1.0.0\ndep\ta.com/z\tv1 0\ndep\ta.com/ok\tv1.0.0\n`;
    const { packages, diagnostics } = catalogBinaries({ x: goBinary({ goVersion: 'go1.22.1', modInfo }) });
    assert.deepEqual(packages.map(label), ['example.com/tool@', 'stdlib@1.22.1', 'a.com/ok@v1.0.0']);
    assert.match(diagnostics[0]?.message ?? '', /^3 modules/);
  });

  it('lists no more than 20,000 modules of one program, and says so', () => {
    const modInfo = MAIN + Array.from({ length: 20_001 }, (_, index) => `dep\ta.com/x${index}\tv1.0.0\n`).join('');
    const { packages, diagnostics } = catalogBinaries({ x: goBinary({ goVersion: 'go1.22.1', modInfo }) });
    assert.equal(packages.length, 20_002);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['too-many-modules'],
    );
  });

  it('survives any extracted JSON and any lines', () => {
    const view = (bytes: Uint8Array) =>
      memoryView(
        { x: Buffer.from('\x7fELF', 'latin1') },
        { captures: goCataloger.captures, extractors: { 'go-buildinfo': () => bytes } },
      );
    const field = fc.oneof(
      fc.constantFrom(
        'path',
        'mod',
        'dep',
        '=>',
        'build',
        '-ldflags=-X main.version=v1.0.0',
        'v1.0.0',
        './x',
        '(devel)',
      ),
      fc.string(),
    );
    const lines = fc
      .array(fc.array(field, { maxLength: 4 }).map((fields) => fields.join('\t')))
      .map((all) => all.join('\n'));
    fc.assert(
      fc.property(lines, fc.jsonValue(), fc.jsonValue(), (modInfo, goVersion, variables) => {
        for (const value of [
          goVersion,
          { format: 'elf', goVersion: 'go1.1', modInfo, variables },
          { format: 'elf', goVersion, modInfo },
        ]) {
          goCataloger.catalog({ view: view(Buffer.from(JSON.stringify(value))), distribution: undefined });
        }
      }),
    );
  });
});
