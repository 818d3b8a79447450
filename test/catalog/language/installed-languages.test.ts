import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { composerCataloger } from '../../../src/catalog/language/composer.ts';
import { condaCataloger } from '../../../src/catalog/language/conda.ts';
import { cpanCataloger } from '../../../src/catalog/language/cpan.ts';
import { cranCataloger } from '../../../src/catalog/language/cran.ts';
import { rLicense } from '../../../src/catalog/language/cran-license.ts';
import { luarocksCataloger } from '../../../src/catalog/language/luarocks.ts';
import { opamCataloger } from '../../../src/catalog/language/opam.ts';
import { otpCataloger } from '../../../src/catalog/language/otp.ts';
import { pearCataloger } from '../../../src/catalog/language/pear.ts';
import type { Cataloger, CatalogContext } from '../../../src/catalog/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

type Files = Readonly<Record<string, MemoryEntry>>;

function catalog(cataloger: Cataloger, files: Files, options: Partial<CatalogContext> = {}) {
  const view = memoryView(files, { captures: cataloger.captures });
  const { packages, ...rest } = cataloger.catalog({ view, distribution: undefined, ...options });
  return { packages, ...rest, byName: new Map(packages.map((pkg) => [pkg.name, pkg])) };
}

describe('composerCataloger', () => {
  const installed = (packages: readonly object[], more: object = {}): string => JSON.stringify({ packages, ...more });

  it('reads edges (through what is replaced too), development, hashes, licences and folders', () => {
    const { byName } = catalog(composerCataloger, {
      'app/vendor/composer/installed.json': installed(
        [
          {
            name: 'a/one',
            version: '1.0',
            license: ['MIT', 'GPL-2.0-only'],
            require: { 'A/Two': '^2', 'a/gone': '*', php: '>=8' },
            dist: { type: 'zip', url: 'https://u:p@example.com/one.zip', reference: 'abc', shasum: 'A'.repeat(40) },
            'install-path': '../a/one',
            bin: ['bin/run', 'bin/gone', '../../../etc/x/..'],
          },
          { name: 'a/two', version: '2.0', replace: { 'a/gone': '*' }, dist: { type: 'path', url: '../two' } },
          { name: 'a/all', version: '1', type: 'metapackage', 'install-path': null, require: { 'a/one': '*' } },
        ],
        { 'dev-package-names': ['a/two'] },
      ),
      'app/vendor/a/one/x.php': '',
      'app/vendor/bin/run': '#!/usr/bin/env php',
      'app/vendor/bin/other': '',
      'app/vendor/a/two/x.php': '',
    });
    const one = byName.get('one');
    assert.deepEqual(one?.dependsOn, ['/app/vendor/composer/installed.json#a/two']);
    assert.deepEqual(one.directories, ['/app/vendor/a/one']);
    assert.deepEqual(one.files, ['/app/vendor/bin/run']);
    assert.deepEqual(one.distributionHashes, [{ algorithm: 'SHA-1', hex: 'a'.repeat(40) }]);
    assert.equal(one.downloadUrl, 'https://example.com/one.zip');
    assert.deepEqual(one.licenses, [{ value: 'MIT OR GPL-2.0-only' }]);
    const two = byName.get('two');
    assert.deepEqual(
      [two?.scope, two?.firstParty, two?.purlKnown, two?.directories],
      ['optional', true, false, ['/app/vendor/a/two']],
    );
    assert.equal(byName.get('all')?.directories, undefined);
  });

  it('believes the list less where a package is not in its folder', () => {
    const list = installed([
      { name: 'a/here', version: '1', 'install-path': '../a/here' },
      { name: 'a/gone', version: '1', 'install-path': '../a/gone' },
      { name: 'a/none', version: '1', type: 'metapackage', 'install-path': null },
    ]);
    const { byName } = catalog(composerCataloger, {
      'app/vendor/composer/installed.json': list,
      'app/vendor/a/here/x.php': '',
    });
    const confidence = (name: string) => byName.get(name)?.evidence[0]?.confidence;
    assert.deepEqual([confidence('here'), confidence('gone'), confidence('none')], [1, 0.6, 1]);
  });

  it('reads several licences as the choice that they are, where each is one that SPDX knows', () => {
    const licensesOf = (license: unknown) =>
      catalog(composerCataloger, {
        'vendor/composer/installed.json': installed([{ name: 'a/b', version: '1', license }]),
      }).byName.get('b')?.licenses;
    assert.deepEqual(licensesOf(['lgpl-2.1-only', 'MIT', 'MIT']), [{ value: 'lgpl-2.1-only OR MIT' }]);
    assert.deepEqual(licensesOf(['GPL-2.0+ and MIT', 'BSD-3-Clause']), [
      { value: '(GPL-2.0+ and MIT) OR BSD-3-Clause' },
    ]);
    assert.deepEqual(licensesOf(['proprietary', 'MIT']), [{ value: 'proprietary' }, { value: 'MIT' }]);
    assert.deepEqual(licensesOf('MIT'), [{ value: 'MIT' }]);
    assert.deepEqual(licensesOf(7), []);
  });

  it('joins the project to what its own manifest asks for', () => {
    const php = (name: string): string =>
      `<?php return array(\n    'root' => array(\n        'name' => '${name}',\n        'pretty_version' => 'dev-main',\n        'install_path' => __DIR__ . '/../../',\n    ),\n    'versions' => array(),\n);\n`;
    const files = {
      'app/vendor/composer/installed.json': installed([
        { name: 'a/one', version: '1.0' },
        { name: 'a/two', version: '1.0' },
      ]),
      'app/vendor/composer/installed.php': php('acme/shop'),
      'app/composer.json': JSON.stringify({
        license: 'proprietary',
        require: { php: '*', 'a/one': '*' },
        'require-dev': { 'A/Two': '*' },
      }),
    };
    const shop = catalog(composerCataloger, files).byName.get('shop');
    assert.deepEqual([shop?.version, shop?.firstParty, shop?.purlKnown], ['dev-main', true, false]);
    assert.deepEqual(shop?.licenses, [{ value: 'proprietary' }]);
    assert.deepEqual(
      shop.dependsOn,
      ['one', 'two'].map((name) => `/app/vendor/composer/installed.json#a/${name}`),
    );
    const broken = catalog(composerCataloger, { ...files, 'app/composer.json': '{' }).byName.get('shop');
    assert.deepEqual(broken?.dependsOn, []);
    assert.equal(
      catalog(composerCataloger, { ...files, 'app/vendor/composer/installed.php': php('__root__') }).packages.length,
      2,
    );
  });

  it('reads 20,000 packages, no more, and long names without trouble', () => {
    const many = Array.from({ length: 30_000 }, (_, index) => ({ name: `a/p${index}`, require: { 'a/p0': '*' } }));
    const { packages, diagnostics } = catalog(composerCataloger, { 'vendor/composer/installed.json': installed(many) });
    assert.equal(packages.length, 20_000);
    assert.equal(diagnostics[0]?.code, 'too-many-packages');
    const long = { name: `${'a'.repeat(200)}!/b` };
    assert.equal(
      catalog(composerCataloger, { 'vendor/composer/installed.json': installed([long]) }).packages.length,
      0,
    );
  });
});

describe('condaCataloger', () => {
  it('reads so many needs of all records, and says from where on edges are missing', () => {
    const record = (name: string, needs: readonly string[]): Files => ({
      [`opt/conda/conda-meta/${name}-1-0.json`]: JSON.stringify({ name, version: '1', build: '0', depends: needs }),
    });
    const many = Array.from({ length: 700_000 }, () => 'x');
    const { packages, diagnostics } = catalog(condaCataloger, {
      ...record('a', many),
      ...record('b', many),
      ...record('c', many),
      ...record('d', ['x']),
      ...record('x', []),
    });
    assert.deepEqual(
      packages.map(({ name, dependsOn }) => `${name} ${dependsOn.length}`),
      ['a 1', 'b 1', 'c 1', 'd 0', 'x 0'],
    );
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [['dependencies-incomplete', '/opt/conda/conda-meta/c-1-0.json']],
    );
  });

  const sha = 'ab'.repeat(32);
  const record = {
    name: 'a',
    version: '1',
    depends: ['conda-forge::B >=1,<2', 'c[version=1]', '__glibc >=2.17', 'python_abi 3.11.* *_cp311'],
    license: 'BSD-3-Clause',
    sha256: sha,
    files: ['lib/a.so', 'bin/a', '../out', '/etc/passwd'],
    paths_data: {
      paths: [
        { _path: 'lib/a.so', path_type: 'hardlink', sha256: sha },
        { _path: 'bin/a', path_type: 'hardlink', sha256: 'cd'.repeat(32), prefix_placeholder: '/place' },
      ],
    },
  };
  const files = {
    'opt/conda/conda-meta/a-1-0.json': JSON.stringify(record),
    'opt/conda/conda-meta/b-1-0.json': JSON.stringify({ name: 'b', version: '1' }),
    'opt/conda/envs/x/conda-meta/c-1-0.json': JSON.stringify({ name: 'c', version: '1' }),
    'opt/conda/lib/a.so': 'x',
    'opt/conda/bin/a': 'x',
    'opt/out': 'x',
    'etc/passwd': 'x',
  };

  it('reads edges inside one environment, files and the digests that hold for them', () => {
    const a = catalog(condaCataloger, files, { recordedFiles: true }).byName.get('a');
    assert.deepEqual(a?.dependsOn, ['/opt/conda/conda-meta/b-1-0.json']);
    assert.deepEqual(a.files, ['/opt/conda/bin/a', '/opt/conda/conda-meta/a-1-0.json', '/opt/conda/lib/a.so']);
    assert.deepEqual([...(a.recordedFiles ?? [])], [['/opt/conda/lib/a.so', { algorithm: 'sha256', hex: sha }]]);
    assert.deepEqual(a.distributionHashes, [{ algorithm: 'SHA-256', hex: sha }]);
    assert.equal(catalog(condaCataloger, files).byName.get('a')?.recordedFiles, undefined);
  });
});

describe('otpCataloger', () => {
  it('follows a thousand applications that one needs, and says when there are more', () => {
    const app = (name: string, needs: readonly string[]): Files => ({
      [`usr/lib/erlang/lib/${name}-1/ebin/${name}.app`]: `{application,${name},[{vsn,"1"},{modules,[m1,m2]},{applications,[${needs.join(',')}]}]}.`,
    });
    const others = Array.from({ length: 1200 }, (_, index) => `a${index}`);
    const { packages, diagnostics } = catalog(otpCataloger, {
      ...app('many', others),
      ...app('a0', ['a1199', 'many']),
      ...app('a1199', []),
    });
    assert.deepEqual(
      packages.map(({ name, dependsOn }) => [name, dependsOn.length]),
      [
        ['a0', 2],
        ['a1199', 0],
        ['many', 1],
      ],
    );
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [['dependencies-incomplete', '/usr/lib/erlang/lib/many-1/ebin/many.app']],
    );
  });

  it('reads edges in a release, what the index knew, and the own folder', () => {
    const { byName } = catalog(otpCataloger, {
      'app/lib/plug-1.15.0/ebin/plug.app':
        '{application,plug,[{vsn,"1.15.0"},{description,"Web"},{applications,[kernel,mime]},{included_applications,[x]}]}.',
      'app/lib/mime-2.0.5/ebin/mime.app': '{application,mime,[{vsn,"2.0.5"}]}.',
      'app/lib/mime-2.0.5/hex_metadata.config': '{<<"name">>,<<"mime">>}.{<<"licenses">>,[<<"Apache-2.0">>]}.',
      'usr/lib/erlang/lib/kernel-9.0/ebin/kernel.app': '{application,kernel,[{vsn,"9.0"}]}.',
    });
    assert.deepEqual(byName.get('plug')?.dependsOn, [
      '/app/lib/mime-2.0.5/ebin/mime.app',
      '/usr/lib/erlang/lib/kernel-9.0/ebin/kernel.app',
    ]);
    assert.deepEqual(byName.get('plug')?.directories, ['/app/lib/plug-1.15.0']);
    assert.deepEqual([byName.get('mime')?.type, byName.get('mime')?.licenses], ['hex', [{ value: 'Apache-2.0' }]]);
  });
});

describe('cranCataloger', () => {
  it('tells CRAN from Bioconductor, repositories and R itself', () => {
    const built = 'Built: R 4.3.0\n';
    const { byName } = catalog(cranCataloger, {
      'r/library/Rcpp/DESCRIPTION': `Package: Rcpp\nVersion: 1.0.12\nRepository: CRAN\nLicense: GPL (>= 2)\n${built}`,
      'r/library/limma/DESCRIPTION': `Package: limma\nVersion: 3.58\nbiocViews: X\ngit_url: https://git.bioconductor.org/packages/limma\nImports: Rcpp (>= 1.0),\n  stats\nDepends: R (>= 4)\n${built}`,
      'r/library/gh/DESCRIPTION': `Package: gh\nVersion: 1\nRepository: CRAN\nRemoteType: github\nRemoteUsername: u\nRemoteRepo: r\n${built}`,
    });
    assert.equal(byName.get('Rcpp')?.purlKnown, undefined);
    assert.deepEqual(byName.get('Rcpp')?.licenses, [{ value: 'GPL-2.0-or-later' }]);
    assert.deepEqual(byName.get('limma')?.dependsOn, ['/r/library/Rcpp/DESCRIPTION']);
    assert.deepEqual(byName.get('limma')?.properties, { 'cran:origin': 'bioconductor' });
    assert.deepEqual([byName.get('gh')?.purlKnown, byName.get('gh')?.sourceUrl], [false, 'https://github.com/u/r']);
  });

  it('translates only licences that R defines', () => {
    assert.equal(rLicense('GPL-2 | GPL-3'), 'GPL-2.0-only OR GPL-3.0-only');
    assert.equal(rLicense('GPL (>=2)'), 'GPL-2.0-or-later');
    assert.equal(rLicense('LGPL(>=  2.1) | MIT+file LICENSE'), 'LGPL-2.1-or-later OR MIT');
    assert.equal(rLicense('GPL (> 2)'), 'GPL (> 2)');
    assert.equal(rLicense('GPL-2 + file LICENCE'), 'GPL-2 + file LICENCE');
    const row = `a${' '.repeat(100_000)}b`;
    assert.equal(rLicense(row), row);
    assert.equal(rLicense('MIT + file LICENSE'), 'MIT');
    assert.equal(rLicense('GPL-3 + file LICENSE'), 'GPL-3 + file LICENSE');
    assert.equal(rLicense('Part of R 4.2.2'), 'Part of R 4.2.2');
  });
});

describe('luarocksCataloger', () => {
  it('reads edges, licence and the files put outside its folder', () => {
    const rocks = 'usr/local/lib/luarocks/rocks-5.4';
    const { byName } = catalog(luarocksCataloger, {
      [`${rocks}/a/1.0-1/a-1.0-1.rockspec`]:
        'package="a" dependencies={"lua >= 5.1", "B ~> 1"} description={license="MIT"}',
      [`${rocks}/a/1.0-1/rock_manifest`]: 'rock_manifest={lua={x={["y.lua"]="0"},["../z"]="0"},bin={a="0"}}',
      [`${rocks}/b/1-1/b-1-1.rockspec`]: 'package="b"',
      'usr/local/share/lua/5.4/x/y.lua': '',
      'usr/local/bin/a': '',
    });
    assert.deepEqual(byName.get('a')?.dependsOn, [`/${rocks}/b/1-1/b-1-1.rockspec`]);
    assert.deepEqual(byName.get('a')?.files, ['/usr/local/bin/a', '/usr/local/share/lua/5.4/x/y.lua']);
    assert.deepEqual(byName.get('a')?.directories, [`/${rocks}/a/1.0-1`]);
  });
});

describe('cpanCataloger', () => {
  it('joins the two records of one distribution; edges go through modules', () => {
    const library = 'usr/local/lib/perl5/site_perl/5.38.0';
    const install = (dist: string, name: string, provides: object): string =>
      JSON.stringify({ name, version: '1.0', dist: `${dist}-1.0`, pathname: `A/AB/ABC/${dist}-1.0.tar.gz`, provides });
    const { packages, byName, notes } = catalog(cpanCataloger, {
      [`${library}/.meta/A-B-1.0/install.json`]: install('A-B', 'A::B', { 'A::B': {}, 'A::B::C': {} }),
      [`${library}/.meta/D-1.0/install.json`]: install('D', 'D', { D: {} }),
      [`${library}/.meta/D-1.0/MYMETA.json`]: JSON.stringify({
        license: ['perl_5'],
        prereqs: { runtime: { requires: { 'A::B::C': 0, perl: '5.6' } }, test: { requires: { 'Test::More': 0 } } },
      }),
      [`${library}/auto/D/.packlist`]: '/usr/local/bin/d type=link from=/x\n/usr/gone\n',
      'usr/local/bin/d': '',
    });
    assert.equal(packages.length, 2);
    assert.deepEqual(notes, []);
    assert.deepEqual(byName.get('D')?.dependsOn, [`/${library}/.meta/A-B-1.0/install.json`]);
    assert.deepEqual(byName.get('D')?.licenses, [{ value: 'Artistic-1.0-Perl OR GPL-1.0-or-later' }]);
    assert.deepEqual(byName.get('D')?.files, ['/usr/local/bin/d', `/${library}/auto/D/.packlist`]);
  });

  it('takes the version of another library only where all logs say the same', () => {
    const log = (version: string): string => `=head2 x: C<Module> L<A|A>\n\n=item *\n\nC<VERSION: ${version}>\n`;
    const versionOf = (...versions: readonly string[]) => {
      const logs = versions.map((version, index) => [`perl${index}/perllocal.pod`, log(version)]);
      return catalog(cpanCataloger, { 'usr/lib/perl5/auto/A/.packlist': '', ...Object.fromEntries(logs) }).byName.get(
        'A',
      )?.version;
    };
    assert.equal(versionOf('1.0'), '1.0');
    assert.equal(versionOf('1.0', '1.0'), '1.0');
    assert.equal(versionOf('1.0', '2.0', '1.0'), undefined);
  });

  describe('records that cpanm leaves of what it has replaced', () => {
    const library = 'usr/local/lib/perl5/site_perl/5.38.0/x86_64-linux';
    const log = (version: string): string => `=head2 x: C<Module> L<A::B|A::B>\n\n=item *\n\nC<VERSION: ${version}>\n`;
    const record = (version: string, layer = 0, dist = 'A-B', place = library) => ({
      [`${place}/.meta/${dist}-${version}/install.json`]: {
        content: JSON.stringify({ name: 'A::B', version, dist: `${dist}-${version}` }),
        layer,
      },
    });
    const packlist = (layer = 0, place = library) => ({
      [`${place}/auto/A/B/.packlist`]: { content: '/usr/local/bin/ab\n', layer },
    });
    const versions = (files: Files) => catalog(cpanCataloger, files).packages.map(({ version }) => version);
    const two = { ...record('1.0'), ...record('2.0') };

    it('keeps the version that perl logged last, and gives it the folders of the others', () => {
      const files = { ...two, ...packlist(), 'usr/local/lib/perl5/5.38.0/perllocal.pod': log('2.0') + log('1.0') };
      const { packages } = catalog(cpanCataloger, files);
      assert.deepEqual(
        packages.map(({ version, directories, files: owned }) => ({ version, directories, owned })),
        [
          {
            version: '1.0',
            directories: [`/${library}/.meta/A-B-1.0`, `/${library}/.meta/A-B-2.0`],
            owned: [`/${library}/auto/A/B/.packlist`],
          },
        ],
      );
    });

    it('keeps the one whose record came with the list of its files', () => {
      assert.deepEqual(versions({ ...record('1.0', 1), ...record('2.0', 3), ...packlist(3) }), ['2.0']);
      assert.deepEqual(versions({ ...record('1.0', 3), ...record('2.0', 1), ...packlist(3) }), ['1.0']);
    });

    it('keeps all where nothing decides', () => {
      assert.deepEqual(versions(two), ['1.0', '2.0']);
      assert.deepEqual(versions({ ...two, ...packlist() }), ['1.0', '2.0']);
      // a third version, of which there is no record
      assert.deepEqual(versions({ ...two, ...packlist(), 'usr/perllocal.pod': log('3.0') }), ['1.0', '2.0']);
      // the list is older than one of them
      assert.deepEqual(versions({ ...record('1.0', 1), ...record('2.0', 3), ...packlist(1) }), ['1.0', '2.0']);
      // the log may be that of the other library
      const other = { ...packlist(0, 'opt/lib'), 'opt/lib/perllocal.pod': log('1.0') };
      assert.deepEqual(versions({ ...two, ...packlist(), ...other }), ['1.0', '2.0', '1.0']);
    });

    it('keeps what lies in different libraries, or is another distribution', () => {
      const log1 = { 'usr/perllocal.pod': log('1.0') };
      assert.deepEqual(versions({ ...record('1.0'), ...record('2.0', 0, 'A-B', 'opt'), ...packlist(), ...log1 }), [
        '2.0',
        '1.0',
      ]);
      assert.deepEqual(versions({ ...record('1.0'), ...record('2.0', 0, 'C'), ...packlist(), ...log1 }), [
        '1.0',
        '2.0',
      ]);
    });
  });

  it('tells of modules whose version no record holds', () => {
    const { notes } = catalog(cpanCataloger, { 'usr/lib/perl5/auto/X/Y/.packlist': '' });
    assert.deepEqual(
      notes?.map(({ kind, facts }) => [kind, facts]),
      [['known-unknown', { name: 'X::Y' }]],
    );
  });
});

describe('opamCataloger', () => {
  it('leaves out edges for tests and builds, reads sums and files', () => {
    const packages = 'r/sw/.opam-switch/packages';
    const { byName } = catalog(opamCataloger, {
      [`${packages}/a.1/opam`]:
        'depends: ["b" {>= "1"} "c" {with-test} "d" {build} ("e" | "b")]\nurl { src: "https://x.example/a.tgz" checksum: "md5=00000000000000000000000000000000" }',
      [`${packages}/b.2/opam`]: '',
      [`${packages}/c.3/opam`]: '',
      [`${packages}/d.4/opam`]: '',
      'r/sw/.opam-switch/install/a.changes': 'added: [ "lib/a" {"D"} "lib/a/META" {"F:x"} "../etc" {"F:x"} ]',
      'r/sw/lib/a/META': '',
    });
    assert.deepEqual(byName.get('a')?.dependsOn, [`/${packages}/b.2/opam`]);
    assert.deepEqual(byName.get('a')?.files, ['/r/sw/.opam-switch/install/a.changes', '/r/sw/lib/a/META']);
    assert.deepEqual(byName.get('a')?.distributionHashes, [{ algorithm: 'MD5', hex: '0'.repeat(32) }]);
  });
});

describe('pearCataloger', () => {
  it('reads licence, people, edges and files', () => {
    const text = (value: string): string => `s:${value.length}:"${value}";`;
    const array = (entries: Readonly<Record<string, string>>): string =>
      `a:${Object.keys(entries).length}:{${Object.entries(entries)
        .map(([key, value]) => text(key) + value)
        .join('')}}`;
    const record = (name: string, more: Readonly<Record<string, string>>): string =>
      array({ name: text(name), channel: text('pear.php.net'), version: array({ release: text('1.0') }), ...more });
    const registry = 'usr/share/php/.registry';
    const { byName } = catalog(pearCataloger, {
      [`${registry}/a.reg`]: record('A', {
        license: array({ _content: text('BSD-2-Clause') }),
        lead: array({ name: text('Ann'), email: text('ann@example.com') }),
        filelist: array({ 'A.php': array({ installed_as: text('/usr/share/php/A.php') }) }),
        dependencies: array({
          required: array({ package: array({ name: text('B'), channel: text('pear.php.net') }) }),
        }),
      }),
      [`${registry}/b.reg`]: record('B', {}),
      'usr/share/php/A.php': '',
    });
    const a = byName.get('A');
    assert.deepEqual(a?.dependsOn, [`/${registry}/b.reg`]);
    assert.deepEqual([a.licenses, a.author], [[{ value: 'BSD-2-Clause' }], 'Ann <ann@example.com>']);
    assert.deepEqual(a.files, [`/${registry}/a.reg`, '/usr/share/php/A.php']);
  });
});
