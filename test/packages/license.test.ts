import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseLicense } from '../../src/packages/index.ts';

describe('parseLicense', () => {
  const ids = {
    MIT: ['MIT', 'mit', ' MIT ', '(MIT)', 'Expat', 'The MIT License', 'MIT/X11'],
    'Apache-2.0': ['apache-2.0', 'Apache 2.0', 'Apache License, Version 2.0', 'Apache Software License - Version 2.0'],
    'EPL-1.0': ['EPL 1.0', 'Eclipse Public License - v 1.0', 'Eclipse Public License, Version 1.0'],
    'EPL-2.0': ['EPL 2.0', 'Eclipse Public License v2.0', 'Eclipse Public License v. 2.0'],
    'CDDL-1.1': ['CDDL 1.1'],
    'MPL-1.1': ['MPL 1.1', 'Mozilla Public License Version 1.1'],
    'GPL-2.0-only': ['GPL-2', 'GPL-2.0', 'GPL-2.0-only'],
    'GPL-2.0-or-later': ['GPL-2+', 'GPL-2.0+', 'gpl-2.0-or-later'],
    'LGPL-2.1-or-later': ['LGPL-2.1+'],
    'GFDL-1.3-only': ['GFDL-1.3'],
    'BSD-3-Clause': [
      'BSD-3-clause',
      'New BSD License',
      'The BSD 3-Clause License',
      'Eclipse Distribution License - v 1.0',
    ],
    Zlib: ['ZLIB', 'zlib'],
    'GFDL-1.2-invariants-only': ['GFDL-1.2-invariants-only'],
  };
  for (const [id, spellings] of Object.entries(ids)) {
    it(`knows ${spellings.join(', ')} as ${id}`, () => {
      for (const spelling of spellings) assert.deepEqual(parseLicense(spelling), { kind: 'id', value: id });
    });
  }

  const expressions = {
    'MIT and apache-2.0': 'MIT AND Apache-2.0',
    'GPL-2+ or  Expat': 'GPL-2.0-or-later OR MIT',
    '( MIT OR ISC ) AND Zlib': '(MIT OR ISC) AND Zlib',
    'GPL-2+ with Classpath-exception-2.0': 'GPL-2.0-or-later WITH Classpath-exception-2.0',
    'LicenseRef-Mine OR MIT': 'LicenseRef-Mine OR MIT',
    'MPL-1.1+': 'MPL-1.1+',
  };
  for (const [text, value] of Object.entries(expressions)) {
    it(`reads ${text}`, () => assert.deepEqual(parseLicense(text), { kind: 'expression', value }));
  }

  const names = [
    'BSD',
    'The BSD License',
    'Eclipse Public License',
    'Apache License',
    'CDDL + GPLv2 with classpath exception',
    'GPL',
    'MIT AND BSD',
    'MIT AND',
    'GPL-2+ or AFL-2.1, and Expat',
    'public-domain',
    'Artistic',
    '',
  ];
  for (const text of names) {
    it(`leaves ${JSON.stringify(text)} a name`, () =>
      assert.deepEqual(parseLicense(text), { kind: 'name', value: text }));
  }

  it('gives its own results back unchanged', () => {
    for (const text of [...Object.keys(ids), ...Object.values(expressions)]) {
      assert.equal(parseLicense(text).value, text);
    }
  });

  it('neither hangs nor throws on hostile statements', () => {
    for (const text of ['('.repeat(100_000), 'MIT OR '.repeat(50_000), ' '.repeat(100_000), `${'('.repeat(500)}MIT`]) {
      assert.equal(parseLicense(text).kind, 'name');
    }
    const word = fc.constantFrom(
      'MIT',
      'GPL-2+',
      'AND',
      'or',
      'WITH',
      '(',
      ')',
      ':',
      '+',
      'LicenseRef-x',
      'DocumentRef-a',
      'é',
    );
    fc.assert(fc.property(fc.array(word, { maxLength: 20 }), (words) => void parseLicense(words.join(' '))));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseLicense(text)));
  });
});
