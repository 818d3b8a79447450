import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareVersions } from '../../src/packages/index.ts';

describe('compareVersions: pre-releases', () => {
  const ascending = [
    '1.0.0-9007199254740992',
    '1.0.0-9007199254740993',
    `1.0.0-1${'0'.repeat(400)}`,
    `1.0.0-1${'0'.repeat(399)}1`,
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
  ];

  it('stand in the order of the specification, numbers by their size however long', () => {
    for (const [index, version] of ascending.entries()) {
      for (const [other, second] of ascending.entries()) {
        const order = compareVersions('npm', version, second);
        assert.equal(Math.sign(order ?? Number.NaN), Math.sign(index - other), `${version} ${second}`);
      }
    }
  });

  it('are equal when numbers differ by leading zeros alone', () => {
    assert.equal(compareVersions('npm', '1.0.0-a.07', '1.0.0-a.7'), 0);
  });
});
