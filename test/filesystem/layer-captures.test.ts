import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hidingLayers, layerCaptures, removingLayers } from '../../src/filesystem/index.ts';
import { planOf, stackOf } from '../support/layer-fixtures.ts';

const RULE = { id: 'keys', suffixes: ['.key'], maxBytes: 100 };
const OTHER = { id: 'notes', suffixes: ['.txt'], maxBytes: 100 };

describe('layerCaptures', () => {
  test('gives what the asked rules captured in every layer, hidden or not, bottom first', async () => {
    const stack = await stackOf(
      [{ 'b/a.key': '1', 'x.txt': 'x' }, { 'b/.wh.a.key': '', 'c.key': '2' }, { 'c.key': '3' }],
      planOf(RULE, OTHER),
    );
    const found = [...layerCaptures(stack, ['keys', 'none'])];
    assert.deepEqual(
      found.map(({ ruleId, path, layer, bytes }) => `${ruleId} ${layer} ${path} ${Buffer.from(bytes).toString()}`),
      ['keys 0 b/a.key 1', 'keys 1 c.key 2', 'keys 2 c.key 3'],
    );
    assert.deepEqual([...layerCaptures(stack, [])], []);
  });
});

describe('hidingLayers', () => {
  test('finds the first layer above that deletes, replaces or hides a file', async () => {
    const stack = await stackOf([
      { 'a/1': '', 'b/1': '', 'c/1': '', 'd/e/1': '', f: '', 'g/1': '', 'h/1': '' },
      { 'a/.wh.1': '', 'b/.wh..wh..opq': '', 'c/1': 'new', 'h/2': '' },
      { '.wh.d': '', f: 'dir', g: 'link:h', 'a/1': '', h: 'dir' },
    ]);
    const files = ['a/1', 'b/1', 'c/1', 'd/e/1', 'f', 'g/1', 'h/1'].map((path) => ({ path, layer: 0 }));
    assert.deepEqual(hidingLayers(stack, files), [1, 1, 1, 2, 2, 2, undefined]);
    assert.deepEqual(
      hidingLayers(stack, [
        { path: 'a/1', layer: 1 },
        { path: 'a/1', layer: 2 },
      ]),
      [2, undefined],
    );
    assert.deepEqual(hidingLayers(stack, []), []);
  });

  test('an opaque root hides everything below its layer', async () => {
    const stack = await stackOf([{ 'a/1': '', t: '' }, { u: '' }, { '.wh..wh..opq': '' }]);
    const files = [
      { path: 'a/1', layer: 0 },
      { path: 't', layer: 0 },
      { path: 'u', layer: 1 },
    ];
    assert.deepEqual(hidingLayers(stack, files), [2, 2, 2]);
  });

  test('a name that begins like another is another', async () => {
    const stack = await stackOf([{ 'ab/1': '' }, { '.wh.a': '', 'ab/12': '', 'ab/.wh.': '' }]);
    assert.deepEqual(hidingLayers(stack, [{ path: 'ab/1', layer: 0 }]), [undefined]);
  });
});

describe('removingLayers', () => {
  test('finds the layer that took a file away for good', async () => {
    const stack = await stackOf([
      { 'a/1': '', 'b/1': '', 'c/1': '', 'd/e/1': '', f: '', 'g/1': '', 'h/1': '', 'i/1': '', 'k/.wh.1': '' },
      { 'a/.wh.1': '', 'b/.wh..wh..opq': '', 'c/1': 'new', 'h/.wh.1': '', 'i/.wh.1': '', 'k/1': '' },
      { '.wh.d': '', f: 'dir', g: 'link:h', 'h/1': '', 'i/1': '' },
      { 'i/.wh.1': '', 'never/.wh.1': '', 'b/.wh..wh..opq': '', 'c/1': 'link:x' },
    ]);
    const paths = ['a/1', 'b/1', 'c/1', 'd/e/1', 'f', 'g/1', 'h/1', 'i/1', 'k/1', 'never/1', 'x'];
    assert.deepEqual(removingLayers(stack, paths), [
      1,
      1,
      undefined,
      2,
      2,
      2,
      undefined,
      3,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('what stands in an opaque folder of its own layer stays', async () => {
    const stack = await stackOf([
      { 'a/1': '', 'a/2': '' },
      { 'a/1': '', 'a/.wh..wh..opq': '' },
    ]);
    assert.deepEqual(removingLayers(stack, ['a/1', 'a/2']), [undefined, 1]);
  });
});
