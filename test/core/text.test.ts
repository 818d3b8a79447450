import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AppError, coreError, redactSecrets, safeText, ExitCode } from '../../src/core/index.ts';

describe('safeText', () => {
  test('makes escape sequences, bidirectional controls and line breaks visible', () => {
    assert.equal(
      safeText('a\u001b[31mred\nb\u202ec\u2066d\u200be'),
      'a\\u{1b}[31mred\\u{a}b\\u{202e}c\\u{2066}d\\u{200b}e',
    );
    assert.equal(safeText('tag \u{e0041} lone \ud800 ok é 漢'), 'tag \\u{e0041} lone \\u{d800} ok é 漢');
  });

  test('nothing unsafe is left in any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // oxlint-disable-next-line no-control-regex
        assert.doesNotMatch(safeText(text), /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});

describe('redactSecrets', () => {
  for (const [text, wanted] of [
    ['GET https://user:pass@host/x', 'GET https://***@host/x'],
    ['Authorization: Bearer abcdefghijkl', 'Authorization: Bearer ***'],
    ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic ***'],
    ['invalid identity token: eyJhbGciOi.eyJzdWIiOi.c2ln', 'invalid identity token: ***'],
    ['https://cdn/x?X-Amz-Signature=abc&y=1', 'https://cdn/x?X-Amz-Signature=***&y=1'],
  ] as const) {
    test(text, () => assert.equal(redactSecrets(text), wanted));
  }

  test('errors are redacted when they are made', () => {
    const error = coreError('USAGE', 'https://a:b@c', { hint: 'Bearer 0123456789' });
    assert.ok(error instanceof AppError);
    assert.deepEqual([error.message, error.hint, error.exitCode], ['https://***@c', 'Bearer ***', ExitCode.Usage]);
  });
});
