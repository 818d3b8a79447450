import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isInRange, parseVersionRange } from '../../src/policy/file/versions.ts';

function inRange(type: string, version: string, range: string): boolean | undefined {
  const parsed = parseVersionRange(range);
  assert.ok(parsed !== undefined, range);
  return isInRange(type, version, parsed);
}

describe('isInRange', () => {
  for (const [type, version, range, expected] of [
    ['npm', '3.3.6', '3.3.6', true],
    ['npm', '3.3.7', '3.3.6', false],
    ['npm', '1.0.0-rc.1', '<1.0.0', true],
    ['npm', '1.0.0-rc.2', '>1.0.0-rc.10', false],
    ['npm', '1.0.0+build', '=1.0.0', true],
    ['npm', '1.5.0', '>=1.0.0 <2.0.0', true],
    ['npm', '2.0.0', '>=1.0.0, <2.0.0', false],
    ['npm', '4.0.1', '>=1.0.0 <2.0.0 || >= 4.0.0', true],
    ['golang', 'v1.9.9', '<v1.10.0', true],
    ['maven', '2.17', '<2.17.1', true],
    ['maven', '2.17.0', '=2.17', true],
    ['maven', '2.17.1-rc1', '<2.17.1', undefined],
    ['maven', '2.17.1-rc1', '2.17.1', false],
    ['pypi', '1.0rc1', '>=1.0', undefined],
    ['apk', '1.2.3-r4', '<1.2.3-r10', true],
    ['deb', '1:1.0-1', '>2.0', true],
    ['rpm', '3.0.7-5.el9', '<3.0.7-27.el9', true],
    ['rpm', '3.0.7-27.el9_4', '<3.0.7-27.el9', false],
    ['rpm', '1:3.0.7-5.el9', '<1:3.0.7-27.el9', true],
    ['rpm', '3.0.7-5.el9', '<1:3.0.1-1', true],
    ['rpm', '0:3.0.7-5.el9', '<3.0.7-27.el9', true],
    ['rpm', '1:3.0.7-5.el9', '<3.0.7-27.el9', undefined],
    ['rpm', '1:3.0.7-5.el9', '3.0.7-5.el9', true],
    ['rpm', '1:3.0.7-5.el9', '3.0.7-6.el9', false],
    ['rpm', '1:3.0.7-5.el9', '>=3.0.7-5.el9', true],
    ['rpm', '3.0.7-5.el9', '<3.0.7', undefined],
    ['deb', '1.0~rc1-1', '<1.0-1', true],
    ['deb', '1.0-1+b1', '>1.0-1', true],
    ['deb', '2.36-9+deb12u10', '<2.36-9+deb12u9', false],
    ['deb', '2.36-9+deb12u10', '>2.36-9+deb12u9', true],
    ['deb', '1.0.a', '>1.0.+', false],
  ] as const) {
    test(`${type} ${version} in ${range} is ${expected ?? 'unknown'}`, () => {
      assert.equal(inRange(type, version, range), expected);
    });
  }

  test('a range that is none is not read', () => {
    for (const range of ['', '||', '<', '1 || ', '<>1', '==1'])
      assert.equal(parseVersionRange(range), undefined, range);
  });

  test('Debian order is antisymmetric and total', () => {
    const version = fc.string({
      unit: fc.constantFrom('0', '1', '9', 'a', 'z', '.', '+', '~'),
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(version, version, (a, b) => {
        const below = inRange('deb', a, `<${b}`);
        const above = inRange('deb', b, `<${a}`);
        const equal = inRange('deb', a, `=${b}`);
        assert.equal([below, above, equal].filter((answer) => answer === true).length, 1, `${a} ${b}`);
      }),
    );
  });
});
