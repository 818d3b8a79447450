import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { pythonCataloger } from '../../../src/catalog/language/python.ts';
import { evaluateMarker, parseMarker, parseRequirement } from '../../../src/catalog/language/python-requirement.ts';
import { packagePurl, type Package } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

type Files = Readonly<Record<string, MemoryEntry>>;

function catalog(files: Files, options: { readonly languageFiles?: boolean } = {}) {
  const view = memoryView(files, { captures: pythonCataloger.captures });
  return pythonCataloger.catalog({ view, distribution: undefined, ...options });
}

const label = (pkg: Package): string => `${pkg.name} ${pkg.version ?? ''}`;
const SITE = 'usr/local/lib/python3.11/site-packages';

function dist(name: string, more = '', site = SITE): Files {
  return {
    [`${site}/${name.replaceAll('-', '_')}-1.0.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n${more}\nBody: no field\n`,
  };
}

function edges(files: Files): Readonly<Record<string, readonly string[]>> {
  const { packages } = catalog(files);
  const names = new Map(packages.map((pkg) => [pkg.id, pkg.name]));
  return Object.fromEntries(
    packages
      .filter(({ dependsOn }) => dependsOn.length > 0)
      .map((pkg) => [pkg.name, pkg.dependsOn.map((id) => names.get(id) ?? '?')]),
  );
}

describe('pythonCataloger: what is a distribution', () => {
  it('finds dist-info, egg-info folders and files, eggs, and upper-case variants', () => {
    const record = (name: string): string => `Name: ${name}\nVersion: 1.0\n`;
    const { packages } = catalog({
      ...dist('a'),
      [`${SITE}/b-1.0.egg-info/PKG-INFO`]: record('b'),
      [`${SITE}/c-1.0.egg-info`]: record('c'),
      [`${SITE}/d-1.0-py3.11.egg/EGG-INFO/PKG-INFO`]: record('d'),
      [`${SITE}/E-1.0.DIST-INFO/METADATA`]: record('E'),
      [`${SITE}/F.EGG-INFO/PKG-INFO`]: record('F'),
    });
    assert.deepEqual(packages.map(label).toSorted(), ['E 1.0', 'F 1.0', 'a 1.0', 'b 1.0', 'c 1.0', 'd 1.0']);
  });

  it('passes over files that only share a name, and the interpreter itself', () => {
    const { packages, diagnostics } = catalog({
      'usr/share/doc/METADATA': 'Name: x\nVersion: 1\n',
      'src/pkg/PKG-INFO': 'Name: x\nVersion: 1\n',
      'usr/lib/python2.7/Python.egg-info': 'Name: Python\nVersion: 2.7\n',
    });
    assert.deepEqual([packages, diagnostics], [[], []]);
  });

  it('keeps the name as written and normalises it in the purl', () => {
    const [pkg] = catalog(dist('Zope.Inter_face')).packages;
    assert.equal(pkg?.name, 'Zope.Inter_face');
    assert.equal(packagePurl(pkg), 'pkg:pypi/zope-inter-face@1.0');
  });
});

describe('pythonCataloger: fields', () => {
  const one = (more: string, files: Files = {}): Package => catalog({ ...dist('a', more), ...files }).packages[0]!;
  const licenses = (more: string): readonly string[] => one(more).licenses.map(({ value }) => value);
  const info = `${SITE}/a-1.0.dist-info`;

  it('prefers License-Expression, then License, then classifiers', () => {
    const classifiers =
      'Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: BSD License\n';
    assert.deepEqual(licenses(`${classifiers}License: BSD\nLicense-Expression: Apache-2.0 OR MIT\n`), [
      'Apache-2.0 OR MIT',
    ]);
    assert.deepEqual(licenses(`${classifiers}License: BSD-3-Clause\n`), ['BSD-3-Clause']);
    assert.deepEqual(licenses(`${classifiers}License: UNKNOWN\n`), ['MIT', 'BSD License']);
    assert.deepEqual(licenses(`${classifiers}License: Copyright\n  all of it\n`), ['MIT', 'BSD License']);
    assert.deepEqual(licenses('License: The X License\n  Permission is granted\n'), ['The X License']);
    assert.deepEqual(licenses('Classifier: License :: constructor\n'), ['constructor']);
  });

  it('reads author, summary and addresses', () => {
    const pkg = one(
      'Author: Ann\nAuthor-email: ann@example.com\nSummary: Does it\nProject-URL: Source Code, https://u:p@example.com/src\nProject-URL: Homepage, https://example.com/\n',
    );
    assert.equal(pkg.author, 'Ann <ann@example.com>');
    assert.equal(pkg.description, 'Does it');
    assert.equal(pkg.homepage, 'https://example.com/');
    assert.equal(pkg.sourceUrl, 'https://example.com/src');
    assert.equal(one('Author: UNKNOWN\nMaintainer-email: Bob <bob@example.com>\n').author, 'Bob <bob@example.com>');
  });

  it('lists files of RECORD that are on disk, quoted and outside of the site', () => {
    const pkg = one('', {
      [`${info}/RECORD`]:
        'a.py,sha256=x,1\n"with, comma.py",,\n../../../bin/tool,,\n../../../../../../../etc/x,,\ngone.py,,\n/opt/abs,,\n',
      [`${SITE}/a.py`]: '',
      [`${SITE}/with, comma.py`]: '',
      'usr/local/bin/tool': '',
      'etc/x': '',
      'opt/abs': '',
    });
    assert.deepEqual(pkg.files, [
      '/etc/x',
      '/opt/abs',
      `/usr/local/bin/tool`,
      `/${SITE}/a.py`,
      `/${SITE}/with, comma.py`,
    ]);
  });

  it('finds what pip install --target moved beside the packages', () => {
    const result = catalog({
      'opt/libs/flask-3.1.0.dist-info/METADATA': 'Name: flask\nVersion: 3.1.0\n',
      'opt/libs/flask-3.1.0.dist-info/RECORD': '../../bin/flask,sha256=a,1\n../../bin/gone,,\n',
      'opt/libs/bin/flask': '',
    });
    assert.deepEqual(result.packages[0]?.files, ['/opt/libs/bin/flask']);
  });

  it('lists installed-files.txt, else the record itself', () => {
    const files = {
      [`${SITE}/b.egg-info/PKG-INFO`]: 'Name: b\nVersion: 1\n',
      [`${SITE}/b.egg-info/installed-files.txt`]: '../b.py\nPKG-INFO\n',
      [`${SITE}/b.py`]: '',
    };
    assert.deepEqual(catalog(files).packages[0]?.files, [
      `/${SITE}/b.egg-info/PKG-INFO`,
      `/${SITE}/b.egg-info/installed-files.txt`,
      `/${SITE}/b.py`,
    ]);
    assert.deepEqual(one('').files, [`/${info}/METADATA`]);
  });

  it('reads direct_url.json, INSTALLER and REQUESTED', () => {
    const direct = (value: unknown): Package => one('', { [`${info}/direct_url.json`]: JSON.stringify(value) });
    const vcs = direct({ url: 'https://example.com/a.git', vcs_info: { vcs: 'git', commit_id: 'abc123' } });
    assert.deepEqual(vcs.qualifiers, { vcs_url: 'git+https://example.com/a.git@abc123' });
    const hash = 'a'.repeat(64);
    const archive = direct({ url: 'https://user:pw@example.com/a.whl', archive_info: { hash: `sha256=${hash}` } });
    assert.equal(archive.downloadUrl, 'https://example.com/a.whl');
    assert.deepEqual(archive.properties, { 'pypi:archive-hash': `sha256:${hash}` });
    const editable = direct({ url: 'file:///src', dir_info: { editable: true } });
    assert.equal(editable.firstParty, true);
    assert.deepEqual(editable.properties, { 'pypi:editable': 'true' });
    assert.equal(direct({ url: 'file:///src', dir_info: {} }).firstParty, true);
    const plain = one('', { [`${info}/INSTALLER`]: 'pip\n', [`${info}/REQUESTED`]: '' });
    assert.deepEqual(plain.properties, { 'pypi:installer': 'pip', 'pypi:requested': 'true' });
    assert.equal(plain.firstParty, undefined);
  });

  it('knows working trees: __editable__ marks and egg-info outside of a site', () => {
    assert.equal(one('', { [`${SITE}/__editable__.a-1.0.pth`]: '/src' }).firstParty, true);
    const source = { 'src/w.egg-info/PKG-INFO': 'Name: w\nVersion: 1\n' };
    assert.equal(catalog(source).packages[0]?.firstParty, true);
    const target = { ...source, 'src/w.egg-info/installed-files.txt': 'PKG-INFO\n' };
    assert.equal(catalog(target).packages[0]?.firstParty, undefined);
  });
});

describe('pythonCataloger: edges', () => {
  it('joins distributions of one environment by normalised name', () => {
    const files = {
      ...dist('a', 'Requires-Dist: Foo.Bar (>=1)\nRequires-Dist: missing\n'),
      ...dist('foo_bar', 'Requires-Dist: foo-bar\n'),
    };
    assert.deepEqual(edges(files), { a: ['foo_bar'] });
  });

  it('leaves out what a marker certainly excludes', () => {
    const requirements = [
      'b ; sys_platform == "win32"',
      'c ; python_version < "3.8"',
      'd ; extra == "test"',
      'e ; python_version >= "3.8" and (sys_platform != "win32" or extra == "x")',
      'f ; platform_machine == "riscv"',
    ];
    const more = requirements.map((text) => `Requires-Dist: ${text}\n`).join('');
    const files = { ...dist('a', more), ...dist('b'), ...dist('c'), ...dist('d'), ...dist('e'), ...dist('f') };
    assert.deepEqual(edges(files), { a: ['e', 'f'] });
  });

  it('follows extras that another distribution asks for, through any number of steps', () => {
    const files = {
      ...dist('a', 'Requires-Dist: b[Fast_One]\n'),
      ...dist('b', 'Requires-Dist: c[deep] ; extra == "fast-one"\nRequires-Dist: d ; extra == "other"\n'),
      ...dist('c', "Requires-Dist: d ; extra == 'deep'\n"),
      ...dist('d'),
    };
    assert.deepEqual(edges(files), { a: ['b'], b: ['c'], c: ['d'] });
  });

  it('never crosses environments, unless the environment sees the system', () => {
    const venv = 'opt/venv/lib/python3.11/site-packages';
    const files = {
      ...dist('b'),
      ...dist('a', 'Requires-Dist: b\n', venv),
      ...dist('c', 'Requires-Dist: b\n', 'usr/local/lib/python3.10/site-packages'),
    };
    assert.deepEqual(edges(files), {});
    const cfg = (text: string): Files => ({
      ...files,
      'opt/venv/pyvenv.cfg': `home = /usr/local/bin\ninclude-system-site-packages = ${text}\n`,
    });
    assert.deepEqual(edges(cfg('false')), {});
    assert.deepEqual(edges(cfg('true')), { a: ['b'] });
  });

  it("sees Debian's shared folders and the user's own", () => {
    const files = {
      ...dist('b', '', 'usr/lib/python3/dist-packages'),
      ...dist('a', 'Requires-Dist: b\n', 'usr/local/lib/python3.11/dist-packages'),
      ...dist('u', 'Requires-Dist: b\n', 'root/.local/lib/python3.11/site-packages'),
    };
    assert.deepEqual(edges(files), { a: ['b'], u: ['b'] });
  });

  it('reads requires.txt and egg-link', () => {
    const files = {
      'src/w.egg-info/PKG-INFO': 'Name: w\nVersion: 1\n',
      'src/w.egg-info/requires.txt': 'b>=1\n\n[:python_version < "3"]\nc\n\n[extra]\nd\n',
      [`${SITE}/w.egg-link`]: '/src\n.',
      ...dist('a', 'Requires-Dist: w\n'),
      'src/b.egg-info/PKG-INFO': 'Name: b\nVersion: 1\n',
      'src/c.egg-info/PKG-INFO': 'Name: c\nVersion: 1\n',
      'src/d.egg-info/PKG-INFO': 'Name: d\nVersion: 1\n',
    };
    // linked into an environment of Python 3, for which c is not
    assert.deepEqual(edges(files), { a: ['w'], w: ['b'] });
    assert.deepEqual(edges({ ...files, ...dist('b') }), { a: ['w'], w: ['b'] });
    const { [`${SITE}/w.egg-link`]: _, ...unlinked } = files;
    assert.deepEqual(edges(unlinked), { w: ['b', 'c'] });
  });

  it('finds what a linked working tree needs in the environment that links to it', () => {
    const files = {
      'src/w.egg-info/PKG-INFO': 'Name: w\nVersion: 1\n',
      'src/w.egg-info/requires.txt': 'b\ne\n',
      [`${SITE}/w.egg-link`]: '/src\n.',
      ...dist('b'),
      'opt/other/lib/python3.12/site-packages/e-1.dist-info/METADATA': 'Name: e\nVersion: 1\n',
    };
    assert.deepEqual(edges(files), { w: ['b'] });
  });

  it('names the owner of vendored distributions', () => {
    const vendored = `${SITE}/owner/_vendor`;
    const { packages } = catalog({
      ...dist('owner'),
      [`${SITE}/owner-1.0.dist-info/RECORD`]: 'owner/_vendor/inner-1.0.dist-info/METADATA,,\n',
      ...dist('inner', '', vendored),
    });
    assert.deepEqual(packages.find(({ name }) => name === 'inner')?.properties, { 'pypi:vendored-by': 'owner' });
  });

  it('says the same without lists of files when nobody wants them', () => {
    const files = {
      ...dist('owner'),
      ...dist('other'),
      [`${SITE}/owner-1.0.dist-info/RECORD`]: 'owner/_vendor/inner-1.0.dist-info/METADATA,,\n',
      [`${SITE}/other-1.0.dist-info/RECORD`]: 'other-1.0.dist-info/METADATA,,\n',
      ...dist('inner', '', `${SITE}/owner/_vendor`),
    };
    const without = catalog(files, { languageFiles: false }).packages;
    assert.equal(without.find(({ name }) => name === 'other')?.files, undefined);
    const bare = (pkg: Package): unknown => ({ ...pkg, files: undefined });
    assert.deepEqual(without.map(bare), catalog(files).packages.map(bare));
  });
});

describe('parseRequirement', () => {
  const environment = { pythonVersion: '3.11', extras: new Set<string>() };
  const judge = (text: string, pythonVersion: string | undefined = '3.11') =>
    evaluateMarker(parseMarker(text), { ...environment, pythonVersion });

  it('splits name, extras and marker, direct references included', () => {
    const found = parseRequirement('Foo_Bar [A, b.c] @ https://example.com/x;y.zip ; os_name == "nt"');
    assert.equal(found?.name, 'foo-bar');
    assert.deepEqual(found.extras, ['a', 'b-c']);
    assert.equal(evaluateMarker(found.marker!, environment), false);
    assert.equal(parseRequirement('  >=1'), undefined);
  });

  it('compares versions as numbers, and knows what it cannot know', () => {
    assert.equal(judge('python_version >= "3.9"'), true);
    assert.equal(judge('python_version < "3.9"'), false);
    assert.equal(judge('python_version < "3"', '3'), false);
    assert.equal(judge('python_version >= "3.8"', '3'), undefined);
    assert.equal(judge('python_version == "3.11"'), true);
    assert.equal(judge('python_full_version < "3.9"'), undefined);
    assert.equal(judge('"linux" in sys_platform'), undefined);
    assert.equal(judge('sys_platform in "linux darwin"'), true);
    assert.equal(judge('constructor == "x"'), undefined);
  });

  it('calls malformed markers unknown', () => {
    for (const text of ['', 'and', '(os_name == "nt"', 'os_name ==', 'os_name "nt"', '§', '('.repeat(300)]) {
      assert.equal(judge(text), undefined, text);
    }
  });

  it('never throws', () => {
    const word = fc.constantFrom(
      '(',
      ')',
      'and',
      'or',
      'not',
      'in',
      'extra',
      'os_name',
      '==',
      '"a"',
      'python_version',
      ';',
      '[',
      ']',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 4 }))), (words) => {
        const found = parseRequirement(`a ; ${words.join(' ')}`);
        if (found?.marker !== undefined) evaluateMarker(found.marker, environment);
      }),
    );
  });
});

describe('pythonCataloger: bad input', () => {
  it('follows no more requirements than any real image has, and says so', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => `Requires-Dist: p${index}\n`).join('');
    const asking = Array.from({ length: 40 }, (_, index) => dist(`a${index}`, `Requires-Dist: hub[e${index}]\n`));
    const told = (files: readonly Files[]): readonly unknown[] => {
      const { packages, diagnostics } = catalog(Object.assign({}, ...files) as Files);
      const codes = diagnostics
        .filter(({ source }) => source === 'python')
        .map(({ code, severity }) => [code, severity]);
      return [packages.length, ...codes];
    };
    assert.deepEqual(told([dist('hub', many), ...asking.slice(0, 5)]), [6]);
    // one is looked at again for each extra that others ask for
    assert.deepEqual(told([dist('hub', many), ...asking]), [41, ['dependencies-incomplete', 'warning']]);
    const hubs = Array.from({ length: 45 }, (_, index) => dist(`hub${index}`, many));
    assert.deepEqual(told(hubs), [45, ['dependencies-incomplete', 'warning']]);
  });

  it('notes malformed records and goes on', () => {
    const { packages, diagnostics } = catalog({
      [`${SITE}/a.dist-info/METADATA`]: 'garbage\n',
      [`${SITE}/b.dist-info/METADATA`]: 'Name: ../b\nVersion: 1\n',
      [`${SITE}/c.dist-info/METADATA`]: 'Name: c\nVersion: 1 2\n',
      [`${SITE}/d.dist-info/METADATA`]: 'Name: d\nVersion: 1\n',
      [`${SITE}/d.dist-info/direct_url.json`]: '{',
    });
    assert.deepEqual(packages.map(label), ['c ', 'd 1']);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['malformed-metadata', 'invalid-name', 'version-unknown', 'malformed-direct-url'],
    );
  });

  it('survives any bytes in any of its files', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string().map((text) => Buffer.from(`Name: a\nVersion: ${text}\nRequires-Dist: ${text}`)),
    );
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.jsonValue(), (metadata, record, other, json) => {
        const info = `${SITE}/a-1.0.dist-info`;
        catalog({
          [`${info}/METADATA`]: metadata,
          [`${info}/RECORD`]: record,
          [`${info}/INSTALLER`]: other,
          [`${info}/direct_url.json`]: JSON.stringify({
            url: json,
            vcs_info: json,
            archive_info: json,
            dir_info: json,
          }),
          [`${SITE}/a.egg-link`]: other,
          [`${SITE}/b.egg-info/PKG-INFO`]: metadata,
          [`${SITE}/b.egg-info/requires.txt`]: record,
          [`${SITE}/b.egg-info/installed-files.txt`]: other,
          'usr/local/pyvenv.cfg': other,
        });
      }),
    );
  });
});
