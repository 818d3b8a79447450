import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareCodeUnits } from '../../../src/core/index.ts';
import { pythonCataloger } from '../../../src/catalog/language/python.ts';
import { packagePurl } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';
import { zipArchive } from '../../support/zip-writer.ts';

const SITE = 'opt/venv/lib/python3.12/site-packages';
const INFO = `${SITE}/a-1.0.dist-info`;

function catalog(files: Readonly<Record<string, MemoryEntry>>) {
  const view = memoryView(files, { captures: pythonCataloger.captures });
  return pythonCataloger.catalog({ view, distribution: undefined, recordedFiles: true });
}

const metadata = (name: string, more = ''): string => `Name: ${name}\nVersion: 1.0\n${more}\n`;

const MIT = `Copyright (c) 2020, Ann

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies
of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

describe('pythonCataloger: applications that are one archive', () => {
  const launch = { prefix: '#!/usr/bin/env python3\n' };

  it('finds what shiv and pex put into them, each for itself', () => {
    const { packages, diagnostics } = catalog({
      'app/tool.pyz': zipArchive(
        {
          '__main__.py': '',
          'site-packages/a-1.0.dist-info/METADATA': metadata('a', 'License-Expression: MIT\nRequires-Dist: b\n'),
          'site-packages/a/_vendor/inner-1.0.dist-info/METADATA': metadata('inner'),
          'site-packages/b-1.0.dist-info/METADATA': metadata('b'),
        },
        launch,
      ),
      'app/tool.pex': zipArchive(
        {
          '.deps/a-1.0-py3-none-any.whl/a-1.0.dist-info/METADATA': metadata('a', 'Requires-Dist: c\n'),
          '.deps/c-1.0-py3-none-any.whl/c-1.0.dist-info/METADATA': metadata('c'),
        },
        launch,
      ),
      'app/plain.pyz': zipArchive({ 'd-1.0.dist-info/METADATA': metadata('d', 'Requires-Dist: b\n') }),
      'app/text.pyz': 'not an archive',
    });
    assert.deepEqual(diagnostics, []);
    const pyz = '/app/tool.pyz:site-packages';
    const pex = '/app/tool.pex:.deps';
    const sorted = packages.toSorted((a, b) => compareCodeUnits(a.id, b.id));
    assert.deepEqual(
      sorted.map(({ id, dependsOn }) => [id, dependsOn]),
      [
        ['/app/plain.pyz:d-1.0.dist-info/METADATA', []],
        [
          `${pex}/a-1.0-py3-none-any.whl/a-1.0.dist-info/METADATA`,
          [`${pex}/c-1.0-py3-none-any.whl/c-1.0.dist-info/METADATA`],
        ],
        [`${pex}/c-1.0-py3-none-any.whl/c-1.0.dist-info/METADATA`, []],
        [`${pyz}/a-1.0.dist-info/METADATA`, [`${pyz}/b-1.0.dist-info/METADATA`]],
        [`${pyz}/b-1.0.dist-info/METADATA`, []],
      ],
    );
    const shiv = packages.find(({ id }) => id.startsWith(`${pyz}/a-`));
    assert.equal(packagePurl(shiv!), 'pkg:pypi/a@1.0');
    assert.deepEqual(shiv?.licenses, [{ value: 'MIT' }]);
    assert.deepEqual(shiv?.locations, [
      { path: '/app/tool.pyz', inside: 'site-packages/a-1.0.dist-info/METADATA', layer: 0 },
    ]);
    assert.deepEqual(shiv?.files, ['/app/tool.pyz']);
  });

  it('never throws on what calls itself one, cut off anywhere', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void catalog({ 'a.pyz': bytes })));
    const whole = zipArchive({ 'a-1.0.dist-info/METADATA': metadata('a') });
    for (let end = 0; end < whole.length; end += 1) {
      assert.deepEqual(catalog({ 'a.pyz': whole.subarray(0, end) }).packages, [], String(end));
    }
  });

  it('says when a distribution in one cannot be read', () => {
    const { packages, diagnostics } = catalog({
      'app/tool.pyz': zipArchive({
        'a-1.0.dist-info/METADATA': metadata('a'),
        'b-1.0.dist-info/METADATA': { content: metadata('b'), claims: { sizeBytes: 99_999 } },
      }),
    });
    assert.deepEqual(
      packages.map(({ name }) => name),
      ['a'],
    );
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [['unreadable-zip', '/app/tool.pyz']],
    );
  });
});

describe('pythonCataloger: distributions from elsewhere than the index', () => {
  const qualifiers = (direct: object) =>
    catalog({ [`${INFO}/METADATA`]: metadata('a'), [`${INFO}/direct_url.json`]: JSON.stringify(direct) }).packages[0]
      ?.qualifiers;

  it('are marked by where they are from, files of the machine and of the index are not', () => {
    const url = 'https://host.example/models/a-1.0-py3-none-any.whl';
    assert.deepEqual(qualifiers({ url, archive_info: {} }), { download_url: url });
    assert.equal(qualifiers({ url: 'file:///wheels/a-1.0-py3-none-any.whl', archive_info: {} }), undefined);
    const index = 'https://files.pythonhosted.org/packages/aa/bb/a-1.0-py3-none-any.whl';
    assert.equal(qualifiers({ url: index, archive_info: {} }), undefined);
    assert.equal(qualifiers({ url: 'file:///src', dir_info: {} }), undefined);
  });

  it('of one repository are told apart by their folder in it', () => {
    const git = { url: 'https://host.example/r.git', vcs_info: { vcs: 'git', commit_id: 'abc123' } };
    const vcsUrl = 'git+https://host.example/r.git@abc123';
    assert.deepEqual(qualifiers(git), { vcs_url: vcsUrl });
    assert.deepEqual(qualifiers({ ...git, subdirectory: 'packages/a' }), { vcs_url: `${vcsUrl}#packages/a` });
    assert.deepEqual(qualifiers({ ...git, subdirectory: 'a b\n' }), { vcs_url: vcsUrl });
  });
});

describe('pythonCataloger: files', () => {
  it('compares no bytecode that installers write anew, whatever the wheel said of it', () => {
    const hash = `sha256=${Buffer.alloc(32, 1).toString('base64url')}`;
    const { packages } = catalog({
      [`${INFO}/METADATA`]: metadata('a'),
      [`${INFO}/RECORD`]: [
        `a/__init__.py,${hash},1`,
        `a/only.pyc,${hash},1`,
        'a/__pycache__/__init__.cpython-312.pyc,,',
        `a/__pycache__/__init__.cpython-312.pyc,${hash},1`,
      ].join('\n'),
      [`${SITE}/a/__init__.py`]: '',
      [`${SITE}/a/only.pyc`]: '',
      [`${SITE}/a/__pycache__/__init__.cpython-312.pyc`]: '',
    });
    assert.deepEqual(
      [...(packages[0]?.recordedFiles?.keys() ?? [])],
      [`/${SITE}/a/__init__.py`, `/${SITE}/a/only.pyc`],
    );
    assert.ok(packages[0]?.files?.includes(`/${SITE}/a/__pycache__/__init__.cpython-312.pyc`));
  });

  it('takes the licence from the one licence file, where the metadata names none and its text is certain', () => {
    const licenses = (more: string, files: Readonly<Record<string, string>>) =>
      catalog({
        [`${INFO}/METADATA`]: metadata('a', more),
        ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`${INFO}/${name}`, text])),
      }).packages[0]?.licenses;
    const listed = 'License-File: LICENSE\n';
    assert.deepEqual(licenses(listed, { 'licenses/LICENSE': MIT }), [
      { value: 'MIT', location: { path: `/${INFO}/licenses/LICENSE`, layer: 0 } },
    ]);
    assert.equal(licenses(listed, { LICENSE: MIT })?.[0]?.value, 'MIT');
    assert.deepEqual(licenses(`${listed}License: BSD\n`, { LICENSE: MIT }), [{ value: 'BSD' }]);
    assert.deepEqual(licenses(`${listed}License-File: COPYING\n`, { LICENSE: MIT, COPYING: MIT }), []);
    assert.deepEqual(licenses(listed, { LICENSE: `${MIT}\nNot for sale.` }), []);
    assert.deepEqual(licenses('', { LICENSE: MIT }), []);
    assert.deepEqual(licenses('License-File: ../a-1.0.dist-info/LICENSE\n', { LICENSE: MIT }), []);
    assert.deepEqual(licenses(listed, {}), []);
  });
});
