import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { removedCaptures, squash } from '../../src/filesystem/index.ts';
import { planOf, stackOf } from '../support/layer-fixtures.ts';

type Trees = Parameters<typeof stackOf>[0];
const plan = planOf(
  { id: 'db', pathSuffixes: ['lib/dpkg/status'], maxBytes: 1000 },
  { id: 'key', suffixes: ['.key'], maxBytes: 1000 },
);

async function removed(...trees: Trees[number][]): Promise<string[]> {
  const stack = await stackOf(trees, plan);
  const found = removedCaptures(stack, ['key', 'db']);
  // the shortcut changes nothing
  assert.deepEqual(removedCaptures(stack, ['key', 'db'], squash(stack)), found);
  return found.map(({ ruleId, path, bytes, capturedInLayer, lastLayer, removedInLayer, isReplaced }) =>
    [ruleId, path, Buffer.from(bytes).toString(), capturedInLayer, lastLayer, removedInLayer, isReplaced].join(' '),
  );
}

describe('removedCaptures', () => {
  it('tells what whiteouts of files, folders and contents took away, and when', async () => {
    assert.deepEqual(
      await removed(
        { 'var/lib/dpkg/status': 'old', 'a/x.key': 'secret', 'b/y.key': 'other', 'c/z.key': 'third' },
        { 'var/lib/dpkg/status': 'newer' },
        { 'var/lib/.wh.dpkg': '', 'a/.wh.x.key': '', 'b/.wh..wh..opq': '' },
        { 'c/.wh.z.key': '' },
      ),
      [
        'key a/x.key secret 0 1 2 false',
        'key b/y.key other 0 1 2 false',
        'key c/z.key third 0 2 3 false',
        'db var/lib/dpkg/status newer 1 1 2 false',
      ],
    );
  });

  it('tells what something else took the place of', async () => {
    assert.deepEqual(
      await removed(
        { 'a/x.key': '1', 'b/y.key': '2', 'c/z.key': '3' },
        { 'a/x.key': 'link:nowhere', b: 'a file', 'c/z.key': 'dir' },
      ),
      ['key a/x.key 1 0 0 1 true', 'key b/y.key 2 0 0 1 true', 'key c/z.key 3 0 0 1 true'],
    );
  });

  it('says nothing of what was replaced by a newer one, came back, or lies behind a link', async () => {
    assert.deepEqual(
      await removed(
        { 'a/x.key': '1', lib: 'link:usr/lib', 'usr/lib/y.key': '2' },
        { 'a/x.key': '', 'lib/.wh.y.key': '' },
        { 'lib/y.key': '3', 'b/.wh.never': '' },
      ),
      [],
    );
    assert.deepEqual(removedCaptures(await stackOf([{ a: '1' }]), ['key']), []);
  });

  it('is not misled by folders that once were links', async () => {
    const there = { 'var/lib/dpkg/status': 'a' };
    // the same path, whose folder was another one in between
    const trees = [
      { real: 'dir', var: 'link:real', ...there },
      { var: 'dir', ...there },
    ] as const;
    assert.deepEqual(await removed(...trees), []);
    const moved = [
      { 'x/lib/dpkg/status': 'old', y: 'link:x' },
      { 'y/.wh.lib': '', 'x/lib/dpkg/status': 'new' },
    ] as const;
    assert.deepEqual(await removed(...moved), []);
    const through = [{ 'q/keep': '', var: 'link:q' }, there, { '.wh.var': '' }, there, { 'q/.wh.lib': '' }] as const;
    assert.deepEqual(await removed(...through), ['db q/lib/dpkg/status a 1 3 4 false']);
  });
});
