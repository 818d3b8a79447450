import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { squash, type FileView } from '../../src/filesystem/index.ts';
import { planOf, stackOf } from '../support/layer-fixtures.ts';

function paths(view: FileView): string[] {
  return [...view.entries()].map((entry) => entry.path);
}

describe('squash', () => {
  it('removes what a whiteout of an upper layer names, and nothing of its own layer', async () => {
    const stack = await stackOf([
      { 'a/x': '1', 'a/y': '2', 'b/z': '3' },
      { 'a/x': 'new', 'a/.wh.x': '', '.wh.b': '', 'a/.wh.never': '' },
    ]);
    const view = squash(stack);
    assert.deepEqual(paths(view), ['a', 'a/x', 'a/y']);
    assert.equal(view.lookup('a/x')?.layer, 1);
    assert.equal(view.lookup('a/x')?.sizeBytes, 3);
    assert.deepEqual(paths(squash(stack, 1)), ['a', 'a/x', 'a/y', 'b', 'b/z']);
  });

  it('empties an opaque folder of lower layers only', async () => {
    const stack = await stackOf([
      { 'd/old': '1', 'd/sub/older': '2' },
      { 'd/new': '3', 'd/.wh..wh..opq': '' },
    ]);
    assert.deepEqual(paths(squash(stack)), ['d', 'd/new']);
  });

  it('ignores aufs bookkeeping and whiteouts of names no file can have', async () => {
    const stack = await stackOf([{ a: '1' }, { '.wh..wh.plnk': '', '.wh...': '', '.wh..': '', '.wh.': '' }]);
    assert.deepEqual(paths(squash(stack)), ['a']);
  });

  it('replaces a folder by a file and a file by a folder', async () => {
    const stack = await stackOf([
      { 'a/inside': '1', b: '2' },
      { a: 'file', b: 'dir', 'b/inside': '3' },
    ]);
    const view = squash(stack);
    assert.deepEqual(paths(view), ['a', 'b', 'b/inside']);
    assert.equal(view.lookup('a')?.type, 'file');
    assert.equal(view.lookup('b')?.type, 'directory');
  });

  it('merges a folder into a folder and takes the newer description', async () => {
    const stack = await stackOf([
      { d: { type: 'directory', mode: 0o755 }, 'd/a': '1' },
      { d: { type: 'directory', mode: 0o700 }, 'd/b': '2' },
    ]);
    const view = squash(stack);
    assert.deepEqual(paths(view), ['d', 'd/a', 'd/b']);
    assert.equal(view.lookup('d')?.mode, 0o700);
    assert.equal(view.lookup('d')?.layer, 1);
  });

  it('puts entries whose parent is a link where the link leads (merged usr)', async () => {
    const stack = await stackOf([{ lib: 'link:usr/lib', 'usr/lib/a': '1' }, { 'lib/b': '2' }]);
    const view = squash(stack);
    assert.deepEqual(paths(view), ['lib', 'usr', 'usr/lib', 'usr/lib/a', 'usr/lib/b']);
    assert.equal(view.resolve('lib/b')?.path, 'usr/lib/b');
    assert.equal(view.lookup('lib/b')?.path, 'usr/lib/b');
  });

  it('takes nothing away behind links of lower layers, as overlay does not, and says so', async () => {
    const lower = { 'usr/lib/a': '1', 'usr/lib/s/b': '2', lib: 'link:usr/lib', lib2: 'link:lib' };
    const all = ['lib', 'lib2', 'usr', 'usr/lib', 'usr/lib/a', 'usr/lib/s', 'usr/lib/s/b'];
    const cases: readonly (readonly [upper: Readonly<Record<string, string>>, first: string | undefined])[] = [
      [{ 'lib/.wh.a': '' }, '/lib/a'],
      [{ 'lib2/s/.wh.b': '' }, '/lib2/s/b'],
      [{ 'lib/s/.wh..wh..opq': '' }, '/lib/s/'],
      // a folder has taken the link's place by then
      [{ lib: 'dir', 'lib/.wh.a': '' }, '/lib/a'],
      [{ 'lib/.wh.none': '' }, undefined],
      [{ 'usr/.wh.none': '' }, undefined],
    ];
    for (const [upper, first] of cases) {
      const view = squash(await stackOf([lower, upper]));
      assert.deepEqual(paths(view), all);
      assert.deepEqual(
        view.diagnostics.map(({ code, path }) => [code, path]),
        first === undefined ? [] : [['behind-link', first]],
      );
    }
  });

  it('says what replaces or adds something behind links of lower layers, once for each layer', async () => {
    const stack = await stackOf([
      { 'opt/x': 'bad', o: 'link:opt' },
      { 'o/x': 'good', 'o/y': '1' },
      { own: 'link:opt', 'own/z': '1' },
    ]);
    const { diagnostics } = squash(stack);
    assert.deepEqual(
      diagnostics.map(({ code, path, message }) => [code, path, message.includes('and 1 more')]),
      [['behind-link', '/o/x', true]],
    );
    assert.deepEqual(squash(stack, 1).diagnostics, []);
  });

  it('keeps what lies in a folder that a layer removes and makes again, as overlay does, and says so', async () => {
    const lower = { 'a/x': '1', 'b/c/y': '2' };
    const view = squash(await stackOf([lower, { '.wh.a': '', a: 'dir', 'b/.wh.c': '', 'b/c': 'dir', 'b/c/n': '3' }]));
    assert.deepEqual(paths(view), ['a', 'a/x', 'b', 'b/c', 'b/c/n', 'b/c/y']);
    assert.deepEqual(
      view.diagnostics.map(({ code, path, message }) => [code, path, message.includes('and 1 more')]),
      [['folder-remade', '/a', true]],
    );
    const file = squash(await stackOf([{ a: '1' }, { '.wh.a': '', a: 'dir' }]));
    assert.deepEqual([paths(file), file.diagnostics], [['a'], []]);
  });

  it('says that a layer replaces a folder and makes it again: overlay then merges it with the lower one', async () => {
    const view = squash(await stackOf([{ 'a/x': '1' }, { a: 'link:b', './a': 'dir', 'a/n': '1' }]));
    assert.deepEqual(
      view.diagnostics.map(({ code, path }) => [code, path]),
      [['folder-remade', '/a']],
    );
  });

  it('leaves a root that is emptied as overlay does, and says so', async () => {
    const view = squash(await stackOf([{ a: '1' }, { '.wh..wh..opq': '', b: '2' }]));
    assert.deepEqual(paths(view), ['a', 'b']);
    assert.deepEqual(
      view.diagnostics.map(({ code }) => code),
      ['root-emptied'],
    );
    assert.deepEqual(squash(await stackOf([{ '.wh..wh..opq': '', b: '2' }])).diagnostics, []);
  });

  it('replaces a link by a folder of an upper layer, as runtimes do', async () => {
    const stack = await stackOf([
      { lib: 'link:usr/lib', 'usr/lib/a': '1' },
      { lib: 'dir', 'lib/b': '2' },
    ]);
    const view = squash(stack);
    assert.deepEqual(paths(view), ['lib', 'lib/b', 'usr', 'usr/lib', 'usr/lib/a']);
  });

  it('keeps links inside the root and gives up on cycles', async () => {
    const stack = await stackOf([
      {
        up: 'link:../../../../etc/passwd',
        abs: 'link:/etc/passwd',
        'etc/passwd': 'root',
        a: 'link:b',
        b: 'link:a',
        self: 'link:self/self',
        dangling: 'link:nowhere',
      },
    ]);
    const view = squash(stack);
    assert.equal(view.resolve('up')?.path, 'etc/passwd');
    assert.equal(view.resolve('abs')?.path, 'etc/passwd');
    for (const path of ['a', 'self', 'self/x', 'dangling', 'etc/passwd/x', '../nothing']) {
      assert.equal(view.resolve(path), undefined, path);
    }
    assert.equal(view.lookup('a')?.linkTarget, 'b');
  });

  it('never hangs on a layer whose paths run through cyclic links', async () => {
    const stack = await stackOf([
      { a: 'link:b', b: 'link:a' },
      { 'a/x': '1', c: '2' },
    ]);
    assert.deepEqual(paths(squash(stack)), ['a', 'b', 'c']);
  });

  it('gives a hard link the content its target had, in the same layer or below', async () => {
    const rule = { id: 'all', names: ['a', 'same', 'other'], maxBytes: 100 };
    const stack = await stackOf(
      [
        { a: 'one', same: 'hard:a' },
        { other: 'hard:a', a: 'two' },
      ],
      planOf(rule),
    );
    const view = squash(stack);
    assert.equal(Buffer.from(view.read('same') ?? []).toString(), 'one');
    assert.equal(Buffer.from(view.read('other') ?? []).toString(), 'one');
    assert.equal(Buffer.from(view.read('a') ?? []).toString(), 'two');
    const entry = view.lookup('other');
    assert.deepEqual([entry?.type, entry?.hardLinkTo, entry?.sizeBytes, entry?.layer], ['file', 'a', 3, 1]);
  });

  it('keeps a hard link whose target a marker of its own layer takes away', async () => {
    const rule = { id: 'all', names: ['x', 'y', 'd'], maxBytes: 100 };
    const stack = await stackOf(
      [
        { 'tmp/x': 'one', 'old/y': 'two', 'gone/d': 'three' },
        { 'bin/evil': 'hard:tmp/x', 'tmp/.wh.x': '', 'lib/y': 'hard:old/y', 'old/.wh..wh..opq': '' },
        { '.wh.gone': '', 'etc/d': 'hard:gone/d', 'etc/none': 'hard:never' },
      ],
      planOf(rule),
    );
    const view = squash(stack);
    assert.deepEqual(paths(view), ['bin', 'bin/evil', 'etc', 'etc/d', 'lib', 'lib/y', 'old', 'tmp']);
    assert.deepEqual(
      view.captured('all').map(({ entry, bytes }) => `${entry.path} ${Buffer.from(bytes).toString()}`),
      ['bin/evil one', 'etc/d three', 'lib/y two'],
    );
    assert.equal(Buffer.from(view.read('bin/evil') ?? []).toString(), 'one');
    assert.equal(view.lookup('bin/evil')?.sizeBytes, 3);
  });

  it('drops hard links to nothing', async () => {
    const stack = await stackOf([{ x: 'hard:missing', 'd/y': '1', z: 'hard:d' }]);
    assert.deepEqual(paths(squash(stack)), ['d', 'd/y']);
  });

  it('lists by path in UTF-16 code unit order', async () => {
    const stack = await stackOf([
      { 'a/x': '1', 'a-b': '2', 'a.c/y': '3', b: '4', 'a/\u{1f600}': '5', 'a/\uff5e': '6' },
    ]);
    const view = squash(stack);
    const all = paths(view);
    assert.deepEqual(
      all,
      all.toSorted((a, b) => (a < b ? -1 : 1)),
    );
    assert.equal(view.size, all.length);
    assert.deepEqual(
      view.list('').map((entry) => entry.path),
      ['a', 'a-b', 'a.c', 'b'],
    );
    assert.deepEqual(view.list('b'), []);
    assert.deepEqual(view.list('missing'), []);
  });

  it('shows captured files of the visible layer and of lower views', async () => {
    const rule = { id: 'db', pathSuffixes: ['lib/dpkg/status'], maxBytes: 1000 };
    const stack = await stackOf(
      [{ 'var/lib/dpkg/status': 'old' }, { 'var/lib/dpkg/status': 'newer' }, { 'var/.wh.lib': '' }],
      planOf(rule),
    );
    const text = (view: FileView): string[] => view.captured('db').map((file) => Buffer.from(file.bytes).toString());
    assert.deepEqual(text(squash(stack)), []);
    assert.deepEqual(text(squash(stack, 2)), ['newer']);
    assert.deepEqual(text(squash(stack, 1)), ['old']);
  });

  it('describes the root when the archive does', async () => {
    const view = squash(await stackOf([{ './': { type: 'directory', mode: 0o711, uid: 7 }, a: '1' }]));
    assert.deepEqual([view.lookup('')?.mode, view.lookup('')?.uid, view.size], [0o711, 7, 1]);
  });

  it('follows 64 links and no more', async () => {
    const tree: Record<string, string> = { l0: 'file' };
    for (let index = 1; index <= 70; index += 1) tree[`l${index}`] = `link:l${index - 1}`;
    const view = squash(await stackOf([tree]));
    assert.equal(view.resolve('l64')?.path, 'l0');
    assert.equal(view.resolve('l65'), undefined);
  });
});
