import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compareVersions } from '../../src/packages/index.ts';

const ORACLE = `
import ctypes, json, sys
alpm = ctypes.CDLL('libalpm.so.13')
print(json.dumps([alpm.alpm_pkg_vercmp(a.encode(), b.encode()) for a, b in json.load(sys.stdin)]))
`;

/** What pacman's own library says of pairs of versions. */
function askLibrary(pairs: readonly (readonly [string, string])[]): readonly number[] | undefined {
  const { status, stdout } = spawnSync('python3', ['-c', ORACLE], { input: JSON.stringify(pairs), encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as readonly number[]) : undefined;
}

const skip = askLibrary([]) === undefined ? 'no libalpm or python3 on this machine' : false;

describe('compareVersions: alpm', () => {
  test('stand in the order that vercmp documents', () => {
    const ascending = ['1.0a', '1.0b', '1.0beta', '1.0p', '1.0pre', '1.0rc', '1.0', '1.0.a', '1.0.1', '1.5-1', '1:1.0'];
    for (const [index, version] of ascending.entries()) {
      for (const [other, second] of ascending.entries()) {
        const order = compareVersions('alpm', version, second);
        assert.equal(Math.sign(order ?? Number.NaN), Math.sign(index - other), `${version} ${second}`);
      }
    }
    assert.equal(compareVersions('alpm', '1.5', '1.5-1'), 0);
    assert.equal(compareVersions('alpm', '0:1.5-1', '1.5-1'), 0);
    assert.ok((compareVersions('alpm', '1.5-2', '1.5-10') ?? 0) < 0);
  });

  test('what is no version says nothing', () => {
    for (const bad of ['', 'a b', '1.0-1-é', '1'.repeat(300)]) {
      assert.equal(compareVersions('alpm', bad, '1.0-1'), undefined);
      assert.equal(compareVersions('alpm', '1.0-1', bad), undefined);
    }
  });

  test('stand in the order of libalpm', { skip }, () => {
    const piece = fc.constantFrom('1', '0', '10', '01', 'a', 'rc', 'b', '1a', 'a1', '.', '..', '_', '+', '-1', '~');
    const version = fc
      .tuple(fc.constantFrom('', '0:', '1:', '2:'), fc.array(piece, { minLength: 1, maxLength: 5 }))
      .map(([epoch, pieces]) => epoch + pieces.join(''))
      .filter((text) => compareVersions('alpm', text, 'z') !== undefined);
    const pairs = fc.sample(fc.tuple(version, version), { numRuns: 2000, seed: 1 });
    for (const [index, expected] of (askLibrary(pairs) ?? []).entries()) {
      const [a, b] = pairs[index]!;
      assert.equal(Math.sign(compareVersions('alpm', a, b) ?? Number.NaN), Math.sign(expected), `${a} ${b}`);
    }
  });
});
