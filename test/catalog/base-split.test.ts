import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitByBase } from '../../src/catalog/index.ts';
import { samplePackage } from '../support/sample-sbom.ts';

const deb = (name: string, version: string, arch = 'amd64') =>
  samplePackage({
    type: 'deb',
    namespace: 'debian',
    name,
    version,
    qualifiers: { arch },
    id: `${name}@${version}:${arch}`,
  });

describe('splitByBase', () => {
  it('tells inherited from changed, added and removed packages', () => {
    const { shares, removed } = splitByBase(
      [deb('same', '1'), deb('newer', '2'), deb('own', '1'), deb('both', '1'), deb('both', '2')],
      [deb('same', '1'), deb('newer', '1'), deb('both', '1'), deb('gone', '1')],
    );
    assert.deepEqual(Object.fromEntries(shares), {
      'same@1:amd64': { share: 'inherited' },
      'newer@2:amd64': { share: 'changed', from: ['1'] },
      'own@1:amd64': { share: 'added' },
      'both@1:amd64': { share: 'inherited' },
      // the base's version is still there: this one came beside it
      'both@2:amd64': { share: 'added' },
    });
    assert.deepEqual(
      removed.map(({ name }) => name),
      ['gone'],
    );
  });

  it('keeps architectures apart', () => {
    const { shares, removed } = splitByBase([deb('libc6', '1', 'i386')], [deb('libc6', '1')]);
    assert.deepEqual(shares.get('libc6@1:i386'), { share: 'added' });
    assert.equal(removed.length, 1);
  });
});
