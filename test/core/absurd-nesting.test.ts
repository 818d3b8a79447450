import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAbsurdlyNested } from '../../src/core/index.ts';

describe('isAbsurdlyNested', () => {
  test('is about nesting, not about size', () => {
    assert.equal(isAbsurdlyNested('[]'.repeat(100_000)), false);
    assert.equal(isAbsurdlyNested(`${'['.repeat(1000)}${']'.repeat(1000)}`), false);
    assert.equal(isAbsurdlyNested('{['.repeat(501)), true);
    assert.equal(isAbsurdlyNested('- '.repeat(64)), true);
    assert.equal(isAbsurdlyNested('- '.repeat(63)), false);
  });
});
