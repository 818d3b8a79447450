import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CaptureMatcher, type CapturePlan } from '../../src/filesystem/index.ts';

const plan: CapturePlan = {
  captures: [
    { id: 'name', names: ['package.json'], maxBytes: 1 },
    { id: 'suffix', suffixes: ['.gemspec', '.jar'], exceptSuffixes: ['-sources.jar'], maxBytes: 1 },
    { id: 'path', pathSuffixes: ['lib/dpkg/status', 'status'], maxBytes: 1 },
    { id: 'any', pathSuffixes: ['pacman/local/*/desc', 'db/pkg/*/*/SLOT'], maxBytes: 1 },
    { id: 'directory', directories: ['lib/dpkg/status.d'], exceptSuffixes: ['.md5sums'], maxBytes: 1 },
    { id: 'programs', executables: true, extract: { kind: 'go-buildinfo' }, maxBytes: 1 },
  ],
  digests: [
    { algorithm: 'md5', paths: ['usr/', 'etc/'] },
    { algorithm: 'sha256', paths: 'all' },
  ],
};

describe('CaptureMatcher', () => {
  const matcher = new CaptureMatcher(plan);
  const matching = (path: string): string[] => matcher.matchingRules(path).map((rule) => matcher.ruleIds[rule] ?? '');

  it('finds starts of the last segment, however short', () => {
    const rules = ['p', 'py', 'pyth', 'python', 'libz.so'].map((prefix) => ({
      id: prefix,
      prefixes: [prefix],
      maxBytes: 1,
    }));
    const prefixes = new CaptureMatcher({ captures: rules, digests: [] });
    const found = (path: string): string[] => prefixes.matchingRules(path).map((rule) => prefixes.ruleIds[rule] ?? '');
    assert.deepEqual(found('usr/bin/python3'), ['p', 'py', 'pyth', 'python']);
    assert.deepEqual(found('pyt'), ['p', 'py']);
    assert.deepEqual(found('usr/lib/libz.so.1'), ['libz.so']);
    assert.deepEqual(found('libz.so/x'), []);
  });

  it('compares whole segments', () => {
    const cases: readonly [string, string[]][] = [
      ['package.json', ['name']],
      ['a/b/package.json', ['name']],
      ['a/my-package.json', []],
      ['Package.json', []],
      ['var/lib/dpkg/status', ['path']],
      ['lib/dpkg/status', ['path']],
      ['mylib/dpkg/status', ['path']],
      ['mylib/dpkg/xstatus', []],
      ['lib/dpkg/status.d/tzdata', ['directory']],
      ['var/lib/dpkg/status.d/tzdata', ['directory']],
      ['var/lib/dpkg/status.d/deeper/x', []],
      ['mylib/dpkg/status.d/tzdata', []],
      ['lib/dpkg/status.d/tzdata.md5sums', []],
      ['status.d/tzdata', []],
      ['var/lib/pacman/local/zlib-1.3-1/desc', ['any']],
      ['pacman/local/zlib-1.3-1/desc', ['any']],
      ['pacman/local/desc', []],
      ['local/zlib-1.3-1/desc', []],
      ['xpacman/local/zlib-1.3-1/desc', []],
      ['var/db/pkg/sys-libs/zlib-1.3/SLOT', ['any']],
      ['var/db/pkg/zlib-1.3/SLOT', []],
      ['a/x.gemspec', ['suffix']],
      ['a.gemspec/x', []],
      ['a/x.jar', ['suffix']],
      ['a/x-sources.jar', []],
    ];
    for (const [path, rules] of cases) assert.deepEqual(matching(path), rules, path);
  });

  it('names each rule once, in the order of the plan', () => {
    const both = new CaptureMatcher({
      captures: [
        { id: 'a', suffixes: ['.x', 'e.x'], names: ['file.x'], maxBytes: 1 },
        { id: 'b', names: ['file.x'], maxBytes: 1 },
      ],
      digests: [],
    });
    assert.deepEqual(both.matchingRules('d/file.x'), [0, 1]);
  });

  it('tells which digests are wanted, and which rules look into executables', () => {
    assert.deepEqual(matcher.executableRules, [5]);
    const gate = matcher.digestGate();
    const of = (path: string): [boolean, boolean] => [
      gate.wanted(path, 1).includes('md5'),
      gate.wanted(path, 1).includes('sha256'),
    ];
    assert.deepEqual(
      [of('usr/bin/x'), of('opt/usr/x'), of('etcetera')],
      [
        [true, true],
        [false, true],
        [false, true],
      ],
    );
  });
});
