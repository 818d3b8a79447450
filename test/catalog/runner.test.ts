import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OWNED_BY, runCatalogers, type Cataloger } from '../../src/catalog/index.ts';
import type { Diagnostic, Package } from '../../src/packages/index.ts';
import { memoryView } from '../support/memory-view.ts';
import { pkg } from './sample-package.ts';

const view = memoryView({ 'etc/os-release': 'NAME=x\n' });

function fake(id: string, packages: readonly Package[], diagnostics: readonly Diagnostic[] = []): Cataloger {
  return {
    id,
    title: `packages of ${id}`,
    version: 2,
    specifications: [],
    statement: { packageTypes: ['generic'], reads: [], licenses: false, dependencies: false, files: false },
    captures: [],
    catalog: () => ({ packages, diagnostics }),
  };
}

const run = (...catalogers: readonly Cataloger[]) => runCatalogers({ view, catalogers, rethrow: true });

describe('runCatalogers', () => {
  it('takes no more packages from a cataloger, and no more files of a rule, than any real image has', () => {
    const many = Array.from({ length: 100_001 }, (_, index) => pkg(`p${String(index).padStart(6, '0')}`, `/${index}`));
    const found = run(fake('many', many.toReversed()), fake('few', [pkg('z', '/z')]));
    assert.equal(found.packages.length, 100_001);
    assert.deepEqual([found.packages[0]?.name, found.packages.at(-1)?.name], ['p000000', 'z']);
    assert.deepEqual(
      found.diagnostics
        .filter(({ source }) => source !== 'distribution')
        .map(({ code, severity, source }) => [code, severity, source]),
      [['too-many-packages', 'error', 'many']],
    );
    // floods of several kinds share what one image may have, and hide no kind
    const flood = (name: string, count: number): Cataloger =>
      fake(
        name,
        Array.from({ length: count }, (_, index) => pkg(`${name}${index}`, `/${name}/${index}`)),
      );
    const flooded = run(fake('p', many), flood('a', 50_000), flood('b', 3000), flood('c', 1999));
    const counts = Map.groupBy(flooded.packages, ({ name }) => name[0]);
    assert.deepEqual(
      ['p', 'a', 'b', 'c'].map((name) => counts.get(name)?.length),
      [100_000, 2000, 2000, 1999],
    );
    assert.equal(flooded.diagnostics.filter(({ code }) => code === 'too-many-packages').length, 3);
    const entry = view.lookup('etc/os-release');
    assert.ok(entry);
    const file = { entry, bytes: new Uint8Array() };
    const crowded = { ...view, captured: () => Array.from({ length: 250_001 }, () => file) };
    let files = 0;
    const reader: Cataloger = {
      ...fake('reader', []),
      catalog: (context) => {
        files = context.view.captured('rule').length;
        return { packages: [], diagnostics: [] };
      },
    };
    const { diagnostics } = runCatalogers({ view: crowded, catalogers: [reader], rethrow: true });
    assert.equal(files, 250_000);
    assert.ok(diagnostics.some(({ code }) => code === 'too-many-packages'));
    // a thousand large files
    const fourMiB = 4 * 1024 * 1024;
    const all = new Uint8Array(fourMiB + 1000);
    const large = Array.from({ length: 1000 }, (_, at) => ({ entry, bytes: all.subarray(at, at + fourMiB) }));
    runCatalogers({ view: { ...view, captured: () => large }, catalogers: [reader], rethrow: true });
    assert.equal(files, 256);
  });

  it('takes no more edges than any real image has, and hides none of another kind with a flood of one', () => {
    const all = Array.from({ length: 1100 }, (_, index) => `p${index}`);
    const knot = all.map((name) => pkg(name, `/${name}`, { id: name, dependsOn: all }));
    const { packages, diagnostics } = run(
      fake('knot', knot),
      fake('late', [pkg('y', '/y', { id: 'y', dependsOn: ['z'] }), pkg('z', '/z', { id: 'z' })]),
    );
    const counts = Map.groupBy(packages, ({ dependsOn }) => dependsOn.length);
    assert.deepEqual(
      [counts.get(1099)?.length, counts.get(1)?.map(({ name }) => name), packages.length],
      [909, ['y'], 1102],
    );
    assert.deepEqual(
      diagnostics.filter(({ source }) => source !== 'distribution').map(({ code, source }) => [code, source]),
      [['dependencies-incomplete', 'knot']],
    );
  });

  it('counts a package once, however often it was found, and says when further files may not have been read', () => {
    const again = (count: number): readonly Package[] =>
      Array.from({ length: count }, (_, index) => pkg(`m${index % 3000}`, `/bin/${index}`, { id: `${index}` }));
    const many = run(fake('modules', again(120_000)), fake('late', [pkg('z', '/z')]));
    assert.equal(many.packages.length, 3001);
    assert.equal(many.packages[0]?.locations.length, 40);
    assert.deepEqual(
      many.diagnostics.filter(({ source }) => source === 'modules'),
      [],
    );
    const enough = run(fake('modules', again(150_000)));
    assert.equal(enough.packages.length, 3000);
    assert.deepEqual(
      enough.diagnostics.filter(({ source }) => source === 'modules').map(({ code, severity }) => [code, severity]),
      [['too-many-packages', 'error']],
    );
  });

  it('merges findings of one package and keeps everything they say', () => {
    const { packages } = run(
      fake('a', [
        pkg('x', '/b', {
          licenses: [{ value: 'MIT' }],
          files: ['/b/2', '/b/1'],
          scope: 'optional',
          firstParty: true,
          properties: { 'npm:p': 'b', 'npm:q': 'b' },
          dependsOn: ['/y'],
          evidence: [{ field: 'purl', technique: 'filename', confidence: 0.5 }],
        }),
        pkg('x', '/a', {
          licenses: [{ value: 'ISC' }, { value: 'MIT' }],
          files: ['/a/1'],
          properties: { 'npm:p': 'a' },
          description: 'first by path',
          dependsOn: ['/z', '/b', '/gone'],
          evidence: [{ field: 'purl', technique: 'filename', confidence: 0.5 }],
        }),
        pkg('y', '/y'),
        pkg('z', '/z'),
      ]),
    );
    assert.deepEqual(packages[0], {
      type: 'npm',
      name: 'x',
      version: '1',
      locations: [
        { path: '/a', layer: 0 },
        { path: '/b', layer: 0 },
      ],
      foundBy: 'fake',
      evidence: [{ field: 'purl', technique: 'filename', confidence: 0.5 }],
      licenses: [{ value: 'ISC' }, { value: 'MIT' }],
      files: ['/a/1', '/b/1', '/b/2'],
      properties: { 'npm:p': 'a', 'npm:q': 'b' },
      description: 'first by path',
      id: 'npm/x@1',
      dependsOn: ['npm/y@1', 'npm/z@1'],
    });
    assert.equal(packages.length, 3);
  });

  it('keeps apart what differs in version or qualifiers, and ids of different catalogers', () => {
    const { packages } = run(
      fake('a', [pkg('x', '/1', { qualifiers: { arch: 'a' } }), pkg('x', '/2', { qualifiers: { arch: 'b' } })]),
      fake('b', [pkg('w', '/1'), pkg('x', '/3', { version: '2', dependsOn: ['/1'] })]),
    );
    assert.deepEqual(
      packages.map(({ id }) => id),
      ['npm/w@1', 'npm/x@1?arch=a', 'npm/x@1?arch=b', 'npm/x@2'],
    );
    assert.deepEqual(packages[3]?.dependsOn, ['npm/w@1']);
  });

  it('gives the same result whatever the order of findings', () => {
    const findings = [pkg('x', '/a', { description: 'a' }), pkg('x', '/b', { description: 'b' }), pkg('y', '/y')];
    assert.deepEqual(run(fake('a', findings)), run(fake('a', findings.toReversed())));
  });

  it('turns an exception into a diagnostic, and the others go on', () => {
    const broken: Cataloger = {
      ...fake('broken', []),
      catalog: () => {
        throw new TypeError('boom');
      },
    };
    const result = runCatalogers({ view, catalogers: [broken, fake('a', [pkg('x', '/a')])] });
    assert.equal(result.packages.length, 1);
    const failed = result.diagnostics.find(({ code }) => code === 'cataloger-failed');
    assert.deepEqual(failed, {
      code: 'cataloger-failed',
      severity: 'error',
      message: 'packages of broken could not be catalogued and are missing: boom',
      source: 'broken',
    });
    assert.throws(() => run(broken), TypeError);
  });

  const site = '/usr/lib/python3/dist-packages';
  const debian = (name: string, files: readonly string[], more: Partial<Package> = {}): Package =>
    pkg(name, '/var/lib/dpkg/status', { type: 'deb', namespace: 'debian', files, ...more });

  it('puts away a language package that is the OS package itself, as its evidence, and moves its edges', () => {
    const six = pkg('six', `${site}/six/PKG-INFO`, { type: 'pypi', id: 'six' });
    const app = pkg('app', '/opt/app', { type: 'pypi', dependsOn: ['six'] });
    const { packages, ownership } = run(
      fake('os', [debian('python3-six', [`${site}/six/PKG-INFO`])]),
      fake('python', [six, app]),
    );
    assert.deepEqual(
      packages.map(({ name, alsoKnownAs, dependsOn }) => [name, alsoKnownAs?.map(({ purl }) => purl), dependsOn]),
      [
        ['python3-six', ['pkg:pypi/six@1'], []],
        ['app', undefined, ['deb/debian/python3-six@1']],
      ],
    );
    assert.deepEqual(ownership, [
      { owned: 'pypi/six@1', owner: 'deb/debian/python3-six@1', path: `${site}/six/PKG-INFO` },
    ]);
  });

  it('keeps what an OS package merely contains, and says whose it is', () => {
    const files = [`${site}/a/PKG-INFO`, `${site}/b/PKG-INFO`, '/usr/bin/tool'];
    const { packages } = run(
      fake('os', [debian('big-tool', files)]),
      fake('python', [
        pkg('a', `${site}/a/PKG-INFO`, { type: 'pypi' }),
        pkg('b', `${site}/b/PKG-INFO`, { type: 'pypi' }),
      ]),
      fake('go', [pkg('stdlib', '/usr/bin/tool', { type: 'golang' })]),
    );
    const owned = { [OWNED_BY]: 'pkg:deb/debian/big-tool@1' };
    assert.deepEqual(
      packages.map(({ name, properties }) => [name, properties]),
      [
        ['big-tool', undefined],
        ['stdlib', owned],
        ['a', owned],
        ['b', owned],
      ],
    );
  });

  it('puts away the only package of its kind when the version is the same, and programs recognised in owned files', () => {
    const { packages } = run(
      fake('os', [debian('yaml-for-us', [`${site}/y/PKG-INFO`, '/usr/bin/x'], { version: '1:5.3.1+dfsg-2' })]),
      fake('python', [pkg('pyyaml', `${site}/y/PKG-INFO`, { type: 'pypi', version: '5.3.1' })]),
      fake('binary', [pkg('x', '/usr/bin/x', { type: 'generic', version: '5.3.1', foundBy: 'binary' })]),
    );
    assert.deepEqual(
      packages.map(({ name, alsoKnownAs }) => [name, alsoKnownAs?.map(({ purl }) => purl)]),
      [['yaml-for-us', ['pkg:generic/x@5.3.1', 'pkg:pypi/pyyaml@5.3.1']]],
    );
  });

  it('keeps programs that an OS package bundles: neither the name nor the version is its own', () => {
    const binary = (name: string, path: string): Package =>
      pkg(name, path, { type: 'generic', version: '7.0.15', foundBy: 'binary' });
    const suite = debian('forge-ee', ['/opt/forge/bin/redis-server'], { version: '16.0.1-ee.0' });
    const named = debian('redis7', ['/usr/bin/redis-server'], { version: '5:20240101-1' });
    const lib = debian('libpython3.11', ['/usr/lib/libpython3.11.so'], { version: '7.0.15~rc1' });
    const { packages } = run(
      fake('os', [suite, named, lib]),
      fake('binary', [
        binary('redis', '/opt/forge/bin/redis-server'),
        { ...binary('redis', '/usr/bin/redis-server'), version: '7.0.16' },
        { ...binary('python', '/usr/lib/libpython3.11.so'), version: '3.11.2' },
      ]),
    );
    assert.deepEqual(
      packages.map(({ name, alsoKnownAs, properties }) => [
        name,
        alsoKnownAs?.map(({ purl }) => purl),
        properties?.[OWNED_BY],
      ]),
      [
        ['forge-ee', undefined, undefined],
        ['libpython3.11', ['pkg:generic/python@3.11.2'], undefined],
        ['redis7', ['pkg:generic/redis@7.0.16'], undefined],
        ['redis', undefined, 'pkg:deb/debian/forge-ee@16.0.1-ee.0'],
      ],
    );
  });

  it('makes software that several OS packages brought the evidence of each of them', () => {
    const openssl = pkg('openssl', '/usr/bin/openssl', {
      type: 'generic',
      version: '3.0.22',
      foundBy: 'binary',
      evidence: [{ field: 'version', technique: 'binary-analysis', confidence: 0.9 }],
      locations: [
        { path: '/usr/bin/openssl', layer: 0 },
        { path: '/usr/lib/libcrypto.so.3', layer: 0 },
      ],
    });
    const { packages } = run(
      fake('os', [
        debian('openssl', ['/usr/bin/openssl'], { version: '3.0.22-1' }),
        debian('libssl3', ['/usr/lib/libcrypto.so.3'], { version: '3.0.22-1', qualifiers: { upstream: 'openssl' } }),
      ]),
      fake('binary', [openssl]),
    );
    assert.deepEqual(
      packages.map(({ name, alsoKnownAs }) => [name, alsoKnownAs?.map(({ locations }) => locations[0]?.path)]),
      [
        ['libssl3', ['/usr/lib/libcrypto.so.3']],
        ['openssl', ['/usr/bin/openssl']],
      ],
    );
    assert.equal(packages[0]?.alsoKnownAs?.[0]?.evidence?.technique, 'binary-analysis');
    // one of them merely contains it
    const apart = run(
      fake('os', [
        debian('openssl', ['/usr/bin/openssl'], { version: '3.0.22-1' }),
        debian('forge-ee', ['/usr/lib/libcrypto.so.3'], { version: '16' }),
      ]),
      fake('binary', [openssl]),
    ).packages;
    assert.deepEqual(
      apart.map(({ type, name, alsoKnownAs }) => [type, name, alsoKnownAs]),
      [
        ['deb', 'forge-ee', undefined],
        ['deb', 'openssl', undefined],
        ['generic', 'openssl', undefined],
      ],
    );
  });

  it('follows a program in a JDK that an OS package brought', () => {
    const jdk = pkg('openjdk', '/usr/lib/jvm/release', {
      type: 'generic',
      directories: ['/usr/lib/jvm'],
      foundBy: 'jvm',
    });
    const java = pkg('java', '/usr/lib/jvm/bin/java', { type: 'generic', foundBy: 'binary' });
    const owner = debian('openjdk-17-jre-headless', ['/usr/lib/jvm/release']);
    const all = run(fake('os', [owner]), fake('jvm', [jdk]), fake('binary', [java])).packages;
    assert.deepEqual(
      all.map(({ name, alsoKnownAs }) => [name, alsoKnownAs?.map(({ purl }) => purl)]),
      [['openjdk-17-jre-headless', ['pkg:generic/java@1', 'pkg:generic/openjdk@1']]],
    );
    const without = run(fake('jvm', [jdk]), fake('binary', [java])).packages;
    assert.deepEqual(
      without.map(({ name, alsoKnownAs }) => [name, alsoKnownAs?.length]),
      [['openjdk', 1]],
    );
  });

  it('calls a package part of another only when it lies inside wherever it was found', () => {
    const pip = pkg('pip', '/pip', { id: 'pip' });
    const inside = (name: string, path: string): Package => pkg(name, path, { partOf: 'pip' });
    const { packages } = run(
      fake('a', [pip, inside('idna', '/pip/idna'), pkg('idna', '/idna'), inside('six', '/pip/six')]),
    );
    assert.deepEqual(
      packages.map(({ name, partOf }) => [name, partOf]),
      [
        ['idna', undefined],
        ['pip', undefined],
        ['six', 'npm/pip@1'],
      ],
    );
  });

  it('makes one package of a recognised program and what is linked into it', () => {
    const at = { type: 'golang', namespace: 'example.com', version: undefined } as unknown as Partial<Package>;
    const tool = pkg('tool', '/usr/bin/tool', { ...at, purlKnown: false });
    const released = pkg('released', '/usr/bin/released', { ...at, version: 'v1.0.0' });
    const recognised = (name: string, version: string): Package =>
      pkg(name, `/usr/bin/${name}`, { type: 'golang', namespace: 'example.com', version, foundBy: 'binary' });
    const { packages } = run(
      fake('go', [tool, released]),
      fake('binary', [recognised('tool', 'v2'), recognised('released', 'v9'), recognised('other', 'v3')]),
    );
    assert.deepEqual(
      packages.map(({ name, version, alsoKnownAs }) => [name, version, alsoKnownAs?.map(({ purl }) => purl)]),
      [
        ['other', 'v3', undefined],
        ['released', 'v1.0.0', ['pkg:golang/example.com/released@v9']],
        ['tool', 'v2', undefined],
      ],
    );
    // which module it is, the classifier knows
    assert.equal(packages.at(-1)?.purlKnown, undefined);
  });

  it('does not call a package owned that also lies elsewhere', () => {
    const owner = pkg('o', '/status', { type: 'deb', namespace: 'debian', files: ['/a'] });
    const { packages, ownership } = run(fake('a', [owner, pkg('x', '/a'), pkg('x', '/b')]));
    assert.equal(packages.find(({ name }) => name === 'x')?.properties, undefined);
    assert.equal(ownership.length, 1);
  });

  it('sorts diagnostics and caps those of one kind', () => {
    const diagnostics = Array.from({ length: 250 }, (_, index): Diagnostic => ({
      code: 'bad',
      severity: 'warning',
      message: `m${index}`,
      path: '/z',
      source: 'a',
    }));
    const first: Diagnostic = { code: 'x', severity: 'error', message: 'm', path: '/a', source: 'a' };
    const result = run(fake('a', [], [...diagnostics, first]));
    const own = result.diagnostics.filter(({ source }) => source === 'a');
    assert.equal(own.filter(({ code }) => code === 'bad').length, 100);
    assert.match(own.find(({ code }) => code === 'too-many-diagnostics')!.message, /150 more diagnostics bad/);
    assert.deepEqual(own[1], first);
  });

  it('says who ran', () => {
    assert.deepEqual(run(fake('a', []), fake('b', [])).catalogers, [
      { id: 'a', version: 2 },
      { id: 'b', version: 2 },
    ]);
  });
});
