import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { uncheckedFiles } from '../../src/ledger/index.ts';
import type { RecordedFile } from '../../src/packages/index.ts';
import { md5, npm, pkg, viewOf, type Files } from './sample.ts';

/** A view without any digest. */
function unchecked(files: Files, recorded: Readonly<Record<string, RecordedFile>>): ReturnType<typeof uncheckedFiles> {
  const view = { ...viewOf(files), contentDigest: () => undefined };
  return uncheckedFiles(view, [pkg('a', { recordedFiles: new Map(Object.entries(recorded)) })]);
}

describe('uncheckedFiles', () => {
  it('names layers and paths of recorded files without a digest, by algorithm, links of folders followed', () => {
    const found = unchecked(
      {
        bin: { link: 'usr/bin' },
        'usr/bin/a': { content: 'a', layer: 1 },
        'opt/b': { content: 'b', layer: 3 },
        'opt/hard': { content: 'evil', layer: 2, hardLinkTo: 'tmp/evil' },
        'tmp/evil': { content: 'evil', layer: 0 },
      },
      { '/bin/a': md5('a'), '/opt/b': { algorithm: 'sha512', hex: '00' }, '/opt/hard': md5('x') },
    );
    assert.deepEqual(
      [...(found?.layers ?? [])].toSorted((a, b) => a - b),
      [0, 1, 2, 3],
    );
    assert.deepEqual(found?.rules, [
      { algorithm: 'md5', paths: ['bin/a', 'usr/bin/a', 'opt/hard', 'tmp/evil'] },
      { algorithm: 'sha512', paths: ['opt/b'] },
    ]);
  });

  it('is undefined when nothing is left: what is absent, empty, a link or of an algorithm that no pass makes', () => {
    const recorded = {
      '/gone': md5('x'),
      '/empty': md5('x'),
      '/link': md5('x'),
      '/long': { algorithm: 'other', hex: '00' },
    } as const;
    assert.equal(unchecked({ empty: '', link: { link: 'long' }, long: 'x' }, recorded), undefined);
    assert.equal(
      uncheckedFiles(viewOf({ a: 'x' }), [pkg('a', { recordedFiles: new Map([['/a', md5('x')]]) })]),
      undefined,
    );
  });

  it('leaves files of other packages to the first look', () => {
    const view = { ...viewOf({ 'opt/app/x': 'x' }), contentDigest: () => undefined };
    const recordedFiles = new Map([['/opt/app/x', md5('x')]]);
    assert.equal(uncheckedFiles(view, [npm('app', '/opt/app', { recordedFiles })]), undefined);
  });

  it('cuts long lists to folders, as deep as there are few enough', () => {
    const many = (path: (index: number) => string): readonly string[] | 'all' | undefined => {
      const paths = Array.from({ length: 300 }, (_, index) => path(index));
      const files = Object.fromEntries(paths.map((name) => [name, 'x']));
      const recorded = Object.fromEntries(paths.map((name) => [`/${name}`, md5('y')]));
      return unchecked(files, recorded)?.rules[0]?.paths;
    };
    assert.deepEqual(
      many((index) => `opt/vendor/lib/${index}`),
      ['opt/vendor/lib/'],
    );
    assert.deepEqual(
      many((index) => `opt/vendor/${index}/x`),
      ['opt/vendor/'],
    );
    assert.deepEqual(
      many((index) => `${index}`),
      [''],
    );
  });
});
