import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compareVersions } from '../../src/packages/index.ts';

const ascending = [
  '0.1_alpha',
  '0.1_alpha1',
  '0.1_beta',
  '0.1_pre1',
  '0.1_rc1',
  '0.1_rc1-r1',
  '0.1',
  '0.1-r0',
  '0.1-r10',
  '0.1_git20240101',
  '0.1_p1',
  '0.1_p1_git1',
  '0.1_p10',
  '0.1a',
  '0.1b-r1',
  '0.1.0_rc1',
  '0.1.0',
  '0.1.05',
  '0.1.1',
  '0.1.5',
  '0.1.10',
  '1.00',
  '1.0_rc1',
  '1.0',
  '1.0-r1',
  '1.0_p1',
  '1.0a',
  '1.0.1',
  '1.2.4-r0',
  '1.2.4-r3',
  '1.10',
  '20240705-r0',
];

describe('compareVersions: apk', () => {
  test('stand in the order of apk-tools', () => {
    for (const [index, version] of ascending.entries()) {
      for (const [other, second] of ascending.entries()) {
        const order = compareVersions('apk', version, second);
        assert.equal(Math.sign(order ?? Number.NaN), Math.sign(index - other), `${version} ${second}`);
      }
    }
  });

  test('what is no version, or has a part without an order, says nothing', () => {
    for (const bad of ['', '1.0~abc123-r0', '1.0_foo1', '1.2a3', 'v1', '1'.repeat(20), '1.'.repeat(300)]) {
      assert.equal(compareVersions('apk', bad, '1.0-r0'), undefined, bad);
    }
  });
});
