import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../../src/core/index.ts';
import { normalizePath } from '../../../src/formats/tar/path.ts';

/** Segment by segment, as the documentation says it; undefined: the root is left. */
function bySegments(name: string): string | undefined {
  const segments: string[] = [];
  for (const segment of name.split('/').filter((part) => part !== '' && part !== '.')) {
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.join('/');
}

function normalized(name: string): string | undefined {
  try {
    return normalizePath(name);
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === 'TAR_PATH_ESCAPE', String(error));
    return undefined;
  }
}

describe('normalizePath', () => {
  it('gives what going segment by segment gives', () => {
    const part = fc.constantFrom('', '.', '..', '...', 'a', '.a', 'a.', '..a', 'a..', '/', '//', './', 'b/c');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom('', '/'), (parts, separator) => {
        const name = parts.join(separator);
        assert.equal(normalized(name), bySegments(name), JSON.stringify(name));
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps the common names as they are, without the slashes and dots around them', () => {
    for (const name of ['a', 'usr/lib/a.so.1', '.hidden/..data/x', 'a/...']) assert.equal(normalizePath(name), name);
    for (const name of ['./a/b/', 'a/b/', '/a/b', './/a//b//', './a/./b/.']) assert.equal(normalizePath(name), 'a/b');
    for (const name of ['', '.', './', '/', 'a/..']) assert.equal(normalizePath(name), '');
  });
});
