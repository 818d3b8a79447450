import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
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

describe('DigestGate, against its definition', () => {
  const segments = fc.constantFrom('lib', 'lib64', 'usr', 'apk', 'site-packages', 'a');
  const path = fc.array(segments, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const start = fc.oneof(
    path,
    path.map((folder) => `${folder}/`),
  );
  const starts = fc.array(start, { maxLength: 3 });
  const rule = fc.record({
    algorithm: fc.constantFrom('md5', 'sha1', 'sha256', 'sha384', 'sha512'),
    paths: fc.oneof(fc.constant('all' as const), starts),
    except: starts,
    below: fc.array(segments, { maxLength: 1 }),
    unless: starts,
  });
  const entry = fc.record({ path, sizeBytes: fc.nat(1), isFile: fc.boolean() });

  it('answers the same, whatever lies beside what', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 4 }), fc.array(entry, { maxLength: 20 }), (rules, entries) => {
        const found = gate(...rules);
        const defined = rules.map(definedGate);
        for (const { path: at, sizeBytes, isFile } of entries) {
          found.see(at);
          for (const one of defined) one.see(at);
          if (!isFile) continue;
          const expected = rules.filter((_, index) => defined[index]?.wants(at, sizeBytes));
          assert.deepEqual(new Set(found.wanted(at, sizeBytes)), new Set(expected.map(({ algorithm }) => algorithm)));
        }
      }),
    );
  });
});

/** One rule as `DigestRule` describes it, path by path. */
function definedGate({ paths, except = [], below = [], unless = [] }: DigestRule) {
  const begins = (path: string, starts: readonly string[]): boolean => starts.some((start) => path.startsWith(start));
  let state = unless.length === 0 ? 'wanted' : 'undecided';
  return {
    see(path: string): void {
      if (state === 'undecided' && (begins(path, unless) || unless.includes(`${path}/`))) state = 'spared';
    },
    wants(path: string, sizeBytes: number): boolean {
      const isIn = (paths === 'all' || begins(path, paths)) && !begins(path, except);
      const matches = isIn || below.some((name) => `/${path}`.includes(`/${name}/`));
      if (state === 'spared' || !matches) return false;
      if (sizeBytes > 0) state = 'wanted';
      return true;
    },
  };
}

describe('digests of layers', () => {
  it('are those of the content, however large the file, and those of its source for a hard link', async () => {
    const large = Buffer.alloc(3_000_000, 'large');
    const digests = (['sha256', 'sha1', 'md5', 'sha384', 'sha512'] as const).map((algorithm) => ({
      algorithm,
      paths: ['a/'],
    }));
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
