import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { javaCataloger } from '../../../src/catalog/language/java.ts';
import { memoryView } from '../../support/memory-view.ts';

describe('javaCataloger: archives beyond their budget', () => {
  it('says once that archives of a layer hold too much together, naming the first', () => {
    const archive = { inside: '', parent: -1, sha256: 'b', classFolders: [], licenseFiles: [], coordinates: [] };
    const problems = ['a.jar', 'b.jar'].map((inside) => ({ inside, code: 'spent' }));
    const text = JSON.stringify({ archives: [archive], problems });
    const view = memoryView(
      { 'l/x.jar': text, 'l/y.jar': text, 'l/z.jar': text },
      { captures: javaCataloger.captures, extractors: { 'java-archive': (bytes) => bytes } },
    );
    const { diagnostics } = javaCataloger.catalog({ view, distribution: undefined });
    assert.deepEqual(
      diagnostics.map(({ code, path, message }) => [code, path, message.includes('2 more')]),
      [['archives-too-large', '/l/x.jar', true]],
    );
  });
});
