import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { squash } from '../../src/filesystem/index.ts';
import { LayerRecorder, RecordKind, type RecordInput } from '../../src/filesystem/index.ts';

const ENTRY = { mode: 0o644, uid: 0, gid: 0, mtime: 0, sizeBytes: 0 };

type Entry = Pick<RecordInput, 'path' | 'linkTarget'> & { readonly kind: RecordKind };

function layer(entries: readonly Entry[]): LayerRecorder {
  const recorder = new LayerRecorder([]);
  for (const entry of entries) recorder.add({ ...ENTRY, ...entry }, entry.kind);
  return recorder;
}

const view = (recorder: LayerRecorder): ReturnType<typeof squash> =>
  squash({ layers: [recorder.finish()], firstLayer: 0, diagnostics: [] });
const file = (path: string) => ({ path, kind: RecordKind.File });
const link = (path: string, linkTarget: string) => ({ path, kind: RecordKind.Symlink, linkTarget });
const folder = (path: string) => ({ path, kind: RecordKind.Directory });

describe('squash of hostile layers', () => {
  test('a few thousand deep paths do not make millions of folders', () => {
    const deep = 'a/'.repeat(2040);
    const recorder = layer(Array.from({ length: 1000 }, (_, index) => file(`${index}/${deep}f`)));
    assert.throws(() => view(recorder), { code: 'FILESYSTEM_TOO_LARGE', message: /folders/ });
  });

  test('the deepest path that a name can spell is there', () => {
    const path = `${'a/'.repeat(2040)}f`;
    assert.equal(view(layer([file(path)])).lookup(path)?.path, path);
  });

  test('names of a layer have a limit of their own', () => {
    const recorder = layer([]);
    const long = 'd'.repeat(4000);
    assert.throws(
      () => {
        for (let index = 0; index < 70_000; index += 1)
          recorder.add({ ...ENTRY, ...file(`${index}${long}`) }, RecordKind.File);
      },
      { code: 'FILESYSTEM_TOO_LARGE' },
    );
  });

  test('links lead through a thousand segments and no more', () => {
    const wiggle = 'x/../'.repeat(509);
    const found = view(
      layer([
        folder('x'),
        folder('usr'),
        file('usr/f'),
        link('near', `/${wiggle}usr`),
        link('far', `/x/../x/../${wiggle}usr`),
      ]),
    );
    assert.equal(found.resolve('near/f')?.path, 'usr/f');
    assert.equal(found.resolve('far/f'), undefined);
  });

  test('look-ups through long links end with an error instead of taking minutes', () => {
    const wiggle = 'x/../'.repeat(500);
    const found = view(layer([folder('x'), folder('usr'), link('l', `/${wiggle}usr`)]));
    assert.throws(
      () => {
        for (let index = 0; index < 200_000; index += 1) found.resolve('l/f');
      },
      { code: 'FILESYSTEM_TOO_LARGE' },
    );
  });
});
