import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Ledger } from '../../src/ledger/index.ts';
import type { Package } from '../../src/packages/index.ts';
import { ledgerOf, md5, pkg } from './sample.ts';

const missing = ({ findings }: Ledger): readonly string[] =>
  findings.flatMap((finding) => (finding.kind === 'missing' ? [finding.path] : []));

describe('records of what a package of the operating system packed', () => {
  const site = 'usr/lib/python3/dist-packages';
  const record = `/${site}/chardet-5.dist-info/METADATA`;
  const wheel = (...places: readonly string[]): Package =>
    pkg('chardet', {
      type: 'pypi',
      foundBy: 'python',
      id: 'pypi/chardet@5',
      locations: places.map((path) => ({ path, layer: 0 })),
      files: [`/${site}/chardet.py`, '/usr/lib/python3/scripts/chardetect'],
      recordedFiles: new Map([['/usr/lib/python3/scripts/chardetect', md5('x')]]),
    });
  const files = { [record.slice(1)]: 'm', [`${site}/chardet.py`]: 'x', 'opt/METADATA': 'm' };
  const debian = pkg('python3-chardet', { files: [record, `/${site}/chardet.py`] });

  it('what the wheel lists and the package left out is not missed', () => {
    assert.deepEqual(missing(ledgerOf(files, [debian, wheel(record)])), []);
    // installed elsewhere too
    assert.deepEqual(missing(ledgerOf(files, [debian, wheel('/opt/METADATA', record)])), []);
  });

  it('what a wheel of no such package lists is', () => {
    assert.deepEqual(missing(ledgerOf(files, [debian, wheel('/opt/METADATA')])), [
      '/usr/lib/python3/scripts/chardetect',
    ]);
  });
});
