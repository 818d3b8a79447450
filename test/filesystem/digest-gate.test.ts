import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { CaptureMatcher, squash, type DigestRule } from '../../src/filesystem/index.ts';
import { stackOf } from '../support/layer-fixtures.ts';

function gate(...digests: DigestRule[]) {
  return new CaptureMatcher({ captures: [], digests }).digestGate();
}

describe('DigestGate', () => {
  it('leaves out what is excepted, unless it lies below a named folder', () => {
    const found = gate({ algorithm: 'sha1', paths: 'all', except: ['opt/', 'usr/local/'], below: ['site-packages'] });
    const wanted = (path: string): boolean => found.wanted(path, 1).includes('sha1');
    const cases = { 'usr/bin/x': true, 'opt/x': false, 'usr/local/x': false, optional: true };
    for (const [path, is] of Object.entries(cases)) assert.equal(wanted(path), is, path);
    assert.equal(wanted('opt/lib/site-packages/a/b.py'), true);
    assert.equal(wanted('opt/my-site-packages/b.py'), false);
  });

  it('adds up the rules of all algorithms', () => {
    const found = gate(
      { algorithm: 'md5', paths: ['a/'] },
      { algorithm: 'md5', paths: [], below: ['c'] },
      { algorithm: 'sha256', paths: ['a/', 'b/'] },
    );
    assert.deepEqual(found.wanted('a/x', 1), ['sha256', 'md5']);
    assert.deepEqual(found.wanted('b/x', 1), ['sha256']);
    assert.deepEqual(found.wanted('c/x', 1), ['md5']);
    assert.deepEqual(found.wanted('d/x', 1), []);
  });

  it('spares a layer that shows a sign before any file that counts', () => {
    const rule: DigestRule = { algorithm: 'md5', paths: ['usr/'], unless: ['lib/apk/', 'etc/alpine-release'] };
    for (const sign of ['lib/apk', 'lib/apk/db/installed', 'etc/alpine-release']) {
      const early = gate(rule);
      early.see('bin/busybox');
      early.wanted('bin/busybox', 5);
      early.wanted('usr/empty', 0);
      early.see(sign);
      assert.deepEqual(early.wanted('usr/bin/x', 5), [], sign);
      const late = gate(rule);
      late.wanted('usr/bin/w', 5);
      late.see(sign);
      assert.deepEqual(late.wanted('usr/bin/x', 5), ['md5'], sign);
    }
    const other = gate(rule);
    other.see('lib/apkindex');
    assert.deepEqual(other.wanted('usr/bin/x', 5), ['md5']);
  });
});

describe('digests of layers', () => {
  it('are those of the content, however large the file, and those of its source for a hard link', async () => {
    const large = Buffer.alloc(3_000_000, 'large');
    const digests = (['sha256', 'sha1', 'md5'] as const).map((algorithm) => ({ algorithm, paths: ['a/'] }));
    const tree = { 'a/small': 'text', 'a/empty': '', 'a/large': large, 'b/link': 'hard:a/large', 'b/other': 'x' };
    const view = squash(await stackOf([tree], { captures: [], digests }));
    const contents = { 'a/small': 'text', 'a/empty': '', 'a/large': large, 'b/link': large };
    for (const { algorithm } of digests) {
      for (const [path, content] of Object.entries(contents)) {
        assert.equal(view.contentDigest(path, algorithm), createHash(algorithm).update(content).digest('hex'), path);
      }
      assert.equal(view.contentDigest('b/other', algorithm), undefined);
    }
  });

  it('are spared layer by layer', async () => {
    const digests: DigestRule[] = [{ algorithm: 'md5', paths: 'all', unless: ['lib/apk/'] }];
    const view = squash(await stackOf([{ 'lib/apk/x': '1', a: '2' }, { b: '3' }], { captures: [], digests }));
    assert.equal(view.contentDigest('a', 'md5'), undefined);
    assert.notEqual(view.contentDigest('b', 'md5'), undefined);
  });
});
