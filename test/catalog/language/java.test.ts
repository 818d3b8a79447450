import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { runCatalogers } from '../../../src/catalog/index.ts';
import { javaCataloger } from '../../../src/catalog/language/java.ts';
import { parseJavaFileName } from '../../../src/catalog/language/java-file-name.ts';
import KNOWN from '../../../src/catalog/language/java-groups.json' with { type: 'json' };
import { packageKey, packagePurl, type Package } from '../../../src/packages/index.ts';
import { jar, mavenPom, mavenRecord } from '../fixtures/java.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';
import { zipArchive, type ZipInput } from '../../support/zip-writer.ts';

function run(files: Readonly<Record<string, MemoryEntry>>) {
  const view = memoryView(files, { captures: javaCataloger.captures });
  return runCatalogers({ view, catalogers: [javaCataloger], rethrow: true });
}

const keyOf = (pkg: Package): string => packagePurl(pkg) ?? packageKey(pkg);

/** Keys of what is found in one jar of that name. */
function keys(path: string, entries: Readonly<Record<string, ZipInput>>, manifest = ''): readonly string[] {
  return run({ [path]: jar(entries, manifest) }).packages.map(keyOf);
}

function only(files: Readonly<Record<string, MemoryEntry>>): Package {
  const { packages } = run(files);
  assert.equal(packages.length, 1);
  return packages[0]!;
}

describe('parseJavaFileName', () => {
  const names: Readonly<Record<string, readonly [string, string?]>> = {
    'commons-lang3-3.12.0.jar': ['commons-lang3', '3.12.0'],
    'guava-33.3.1-jre.jar': ['guava', '33.3.1-jre'],
    'akka-actor_2.13-2.6.20.jar': ['akka-actor_2.13', '2.6.20'],
    'org.eclipse.osgi_3.18.0.v20220516.jar': ['org.eclipse.osgi', '3.18.0.v20220516'],
    'org.eclipse.osgi_3.18.0.v20220516-2155.jar': ['org.eclipse.osgi', '3.18.0.v20220516-2155'],
    'org.apache.felix.scr_2.2.6.20230601-1-rc.jar': ['org.apache.felix.scr', '2.2.6.20230601-1-rc'],
    'silencer-lib_2.12.10-1.4.4.jar': ['silencer-lib_2.12.10', '1.4.4'],
    'a-1.0_2.0.0.x-1.jar': ['a', '1.0_2.0.0.x-1'],
    'spring-r2dbc-6.1.jar': ['spring-r2dbc', '6.1'],
    'bcprov-jdk15on-1.70.jar': ['bcprov-jdk15on', '1.70'],
    'name.1.2.3.jar': ['name', '1.2.3'],
    'lib-SNAPSHOT.jar': ['lib', 'SNAPSHOT'],
    'derby.jar': ['derby'],
    'ktlint-1.5.0': ['ktlint', '1.5.0'],
    launcher: ['launcher'],
    'tool-build42.jar': ['tool', 'build42'],
    '1.2.jar': ['1.2'],
    '-1.jar': ['-1'],
    '.jar': ['.jar'],
  };
  for (const [file, [name, version]] of Object.entries(names)) {
    it(`reads ${file}`, () => {
      const found = parseJavaFileName(`/opt/x-1/${file}`);
      assert.deepEqual([found.name, found.version], [name, version]);
      assert.equal(parseJavaFileName(`WEB-INF/lib/${file}`).name, name);
    });
  }
});

describe('javaCataloger: identity', () => {
  const guava = mavenRecord('com.google.guava', 'guava', '33.0-jre');
  const app = mavenRecord('org.example', 'app', '1.0');
  const core = mavenRecord('org.example', 'app-core', '1.0');

  it('takes the record that fits the file, and the others as shaded parts of it', () => {
    const { packages } = run({ 'app-core-1.0-all.jar': jar({ ...guava, ...app, ...core }) });
    const [shaded, other, main] = packages;
    assert.deepEqual(packages.map(keyOf), [
      'pkg:maven/com.google.guava/guava@33.0-jre',
      'pkg:maven/org.example/app@1.0',
      'pkg:maven/org.example/app-core@1.0',
    ]);
    assert.equal(main?.hashes?.length, 1);
    assert.equal(main.partOf, undefined);
    assert.equal(main.properties?.['maven:classifier'], 'all');
    for (const part of [shaded, other]) {
      assert.equal(part?.hashes, undefined);
      assert.equal(part?.partOf, main.id);
      assert.equal(part?.files, undefined);
    }
    assert.equal(shaded?.locations[0]?.inside, 'META-INF/maven/com.google.guava/guava/pom.properties');
  });

  it('does not take the only record of a renamed jar for its own, unless the jar says so', () => {
    assert.deepEqual(keys('tool.jar', { ...guava, 'org/acme/A.class': '' }), [
      'maven/tool',
      'pkg:maven/com.google.guava/guava@33.0-jre',
    ]);
    assert.deepEqual(keys('tool.jar', { ...app, 'org/example/A.class': '' }), ['pkg:maven/org.example/app@1.0']);
    assert.deepEqual(keys('tool.jar', { ...app, 'x/y/A.class': '' }, 'Implementation-Title: app\r\n'), [
      'pkg:maven/org.example/app@1.0',
    ]);
    assert.deepEqual(keys('tool.jar', { ...app, 'BOOT-INF/classes/x/y/A.class': '' }), [
      'pkg:maven/org.example/app@1.0',
    ]);
  });

  it('reads a pom.xml where there are no properties, and the names of its folders where it has none', () => {
    assert.deepEqual(keys('lib.jar', mavenPom('org.example', 'lib', [])), ['pkg:maven/org.example/lib@1']);
    const unresolved = {
      'META-INF/maven/org.example/lib/pom.properties': 'groupId=${g}\nartifactId=lib\nversion=${v}\n',
    };
    assert.deepEqual(keys('lib-2.jar', unresolved), ['pkg:maven/org.example/lib@2']);
  });

  it('takes the version of Java that one of several builds is for from the file, and nothing else', () => {
    const record = mavenRecord('com.acme', 'jdbc', '12.6.1');
    const key = 'pkg:maven/com.acme/jdbc@12.6.1';
    assert.deepEqual(keys('jdbc-12.6.1.jre11.jar', record), [`${key}.jre11`]);
    for (const name of [
      'jdbc-12.6.1.jar',
      'jdbc-12.6.1.jreX.jar',
      'jdbc-12.6.1.1.jar',
      'jdbc.jar',
      'jdbc-12.6.1.jre.jar',
    ])
      assert.deepEqual(keys(name, record), [key], name);
  });

  it('never makes up a group', () => {
    const manifest =
      'Automatic-Module-Name: org.acme.lib\r\nMain-Class: org.acme.Main\r\nImplementation-Vendor-Id: org.acme\r\n';
    assert.deepEqual(keys('lib-1.2.jar', { 'org/acme/lib/A.class': '' }, manifest), ['maven/lib@1.2']);
    // ASM is not published under its package
    const asm = 'Bundle-SymbolicName: org.objectweb.asm\r\n';
    assert.deepEqual(keys('asm-9.5.jar', { 'org/other/A.class': '' }, asm), ['maven/asm@9.5']);
  });

  it('takes a symbolic name that can only be group and artefact', () => {
    const symbolic = 'Bundle-SymbolicName: com.acme.core.acme-databind;singleton:=true\r\n';
    assert.deepEqual(keys('acme-databind-2.1.jar', {}, symbolic), ['pkg:maven/com.acme.core/acme-databind@2.1']);
    const vendor = 'Bundle-SymbolicName: com.acme.lib\r\nImplementation-Vendor-Id: com.acme\r\n';
    assert.deepEqual(keys('lib-2.1.jar', {}, vendor), ['pkg:maven/com.acme/lib@2.1']);
  });

  it("takes a vendor's id for the group where the symbolic name goes on with the end of the artefact's", () => {
    const manifest = (vendor: string, symbolic: string): string =>
      `Bundle-SymbolicName: ${symbolic}\r\nImplementation-Vendor-Id: ${vendor}\r\n`;
    const server = manifest('org.acme.server', 'org.acme.server.wire.codec');
    assert.deepEqual(keys('acme-wire-codec-2.1.jar', {}, server), ['pkg:maven/org.acme.server/acme-wire-codec@2.1']);
    for (const [vendor, symbolic] of [
      // an organisation, not a group
      ['org.acme', 'org.acme.wire.codec'],
      ['org.acme.server', 'org.acme.server'],
      ['org.acme.server', 'org.acme.servers.wire.codec'],
      ['org.acme.server', 'org.acme.server.re.codec'],
      ['org.acme.server', 'org.other.wire.codec'],
      ['org.acme.server/x', 'org.acme.server/x.codec'],
    ] as const) {
      assert.deepEqual(keys('acme-wire-codec-2.1.jar', {}, manifest(vendor, symbolic)), ['maven/acme-wire-codec@2.1']);
    }
  });

  it('knows archives that are published without records, by name, classes and version', () => {
    assert.deepEqual(keys('spring-core-6.1.jar', { 'org/springframework/core/A.class': '' }), [
      'pkg:maven/org.springframework/spring-core@6.1',
    ]);
    assert.deepEqual(keys('spring-core-6.1.jar', { 'com/evil/A.class': '' }), ['maven/spring-core@6.1']);
    const hibernate = { 'org/hibernate/A.class': '' };
    assert.deepEqual(keys('hibernate-core-5.6.jar', hibernate), ['pkg:maven/org.hibernate/hibernate-core@5.6']);
    assert.deepEqual(keys('hibernate-core-6.5.jar', hibernate), ['pkg:maven/org.hibernate.orm/hibernate-core@6.5']);
    const castle = { 'org/bouncycastle/A.class': '' };
    assert.deepEqual(keys('bcprov-jdk14-1.38.jar', castle), ['pkg:maven/org.bouncycastle/bcprov-jdk14@1.38']);
    assert.deepEqual(keys('bcprov-jdk14-138.jar', castle), ['pkg:maven/bouncycastle/bcprov-jdk14@138']);
    assert.deepEqual(keys('bcprov-jdk15on-138.jar', castle), ['maven/bcprov-jdk15on@138']);
    const derby = 'Implementation-Version: 10.16.1.1 - (1900890)\r\n';
    assert.deepEqual(keys('derby.jar', { 'org/apache/derby/A.class': '' }, derby), [
      'pkg:maven/org.apache.derby/derby@10.16.1.1',
    ]);
    const tomcat = 'Implementation-Title: Apache Tomcat\r\nImplementation-Version: 9.0.98\r\n';
    assert.deepEqual(keys('catalina.jar', { 'org/apache/catalina/A.class': '' }, tomcat), [
      'pkg:maven/org.apache.tomcat/tomcat-catalina@9.0.98',
    ]);
    assert.deepEqual(keys('catalina.jar', { 'org/apache/catalina/A.class': '' }), ['maven/catalina']);
    const ecj = { 'org/eclipse/jdt/core/A.class': '' };
    for (const name of ['ecj-3.38.0.jar', 'org.eclipse.jdt.ecj-3.38.0.jar'])
      assert.deepEqual(keys(name, ecj), ['pkg:maven/org.eclipse.jdt/ecj@3.38.0']);
    // the number of an Eclipse release, not of what is published
    assert.deepEqual(keys('ecj-4.20.jar', ecj), ['maven/ecj@4.20']);
  });

  it('has a list of well-known archives in which no two rows contradict each other', () => {
    const seen = new Map<string, string>();
    for (const row of KNOWN) {
      assert.match(row.group, /^[a-z][A-Za-z0-9_.-]+$/);
      assert.ok(
        [row.artifacts, row.prefixes].some((names) => (names ?? []).length > 0),
        row.group,
      );
      assert.match(row.folder, /^[a-zA-Z0-9_]+(?:\/[a-zA-Z0-9_]+){0,2}$/);
      for (const name of [...(row.artifacts ?? []), ...(row.prefixes ?? [])]) {
        const range = [row.from, row.below, row.versions?.join(), row.title].join('|');
        const key = `${name} ${row.folder} ${range}`;
        assert.equal(seen.get(key), undefined, key);
        seen.set(key, row.group);
      }
    }
  });

  it("reads a Jenkins plugin's manifest", () => {
    const manifest = 'Group-Id: org.jenkins-ci.plugins\r\nShort-Name: git\r\nPlugin-Version: 5.2.1\r\n';
    assert.deepEqual(keys('plugins/git.jpi', {}, manifest), ['pkg:maven/org.jenkins-ci.plugins/git@5.2.1']);
  });

  it('leaves out what is woven into other classes', () => {
    assert.deepEqual(keys('spring-1.0.jar', {}, 'Weave-Classes: a\r\n'), []);
    // one line of a manifest does not hide what Maven's records name
    assert.deepEqual(keys('guava-33.0-jre.jar', guava, 'Weave-Classes: a\r\n'), [
      'pkg:maven/com.google.guava/guava@33.0-jre',
    ]);
  });

  it('tells archives with one name and several contents apart, and joins those with one content', () => {
    const one = jar({ 'a.txt': '1' });
    const { packages } = run({ 'a/lib-1.jar': one, 'b/lib-1.jar': one, 'c/lib-1.jar': jar({ 'a.txt': '2' }) });
    assert.deepEqual(
      packages.map(({ locations }) => locations.length).toSorted((a, b) => a - b),
      [1, 2],
    );
    assert.ok(packages.every(({ qualifiers }) => /^sha256:[0-9a-f]{64}$/.test(qualifiers?.['checksum'] ?? '')));
    const native = { ...mavenRecord('io.netty', 'epoll', '4.1') };
    const { packages: natives } = run({
      'lib/epoll-4.1-linux-x86_64.jar': jar({ ...native, a: '1' }),
      'lib/epoll-4.1-linux-aarch_64.jar': jar({ ...native, a: '2' }),
      'lib/epoll-4.1.jar': jar(native),
    });
    assert.deepEqual(natives.map(keyOf), [
      'pkg:maven/io.netty/epoll@4.1',
      'pkg:maven/io.netty/epoll@4.1?classifier=linux-aarch_64',
      'pkg:maven/io.netty/epoll@4.1?classifier=linux-x86_64',
    ]);
  });
});

describe('javaCataloger: facts', () => {
  it('gives digests of the archive as it lies there, nested ones too, and where it lies', () => {
    const lib = jar(mavenRecord('org.example', 'lib', '1'));
    const war = zipArchive({ 'WEB-INF/lib/lib-1.jar': lib });
    const { packages } = run({ 'srv/a.ear': zipArchive({ 'web.war': war }) });
    const found = packages.find(({ name }) => name === 'lib');
    assert.deepEqual(found?.locations, [{ path: '/srv/a.ear', inside: 'web.war:WEB-INF/lib/lib-1.jar', layer: 0 }]);
    assert.deepEqual(found.hashes, [{ algorithm: 'SHA-256', hex: createHash('sha256').update(lib).digest('hex') }]);
    const byName = new Map(packages.map((pkg) => [pkg.name, pkg]));
    assert.equal(found.partOf, byName.get('web')?.id);
    assert.equal(byName.get('web')?.partOf, byName.get('a')?.id);
    assert.deepEqual(
      [byName.get('a')?.kind, byName.get('web')?.kind, found.kind],
      ['application', 'application', undefined],
    );
    assert.deepEqual(byName.get('a')?.files, ['/srv/a.ear']);
  });

  it('gives the SHA-1 that Maven Central can be asked for, where no group is known and only there', () => {
    const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');
    const algorithms = (bytes: Uint8Array) => only({ 'opt/thing-1.0.zap': bytes }).hashes;
    const bare = jar({});
    assert.deepEqual(algorithms(bare)?.[0], { algorithm: 'SHA-1', hex: sha1(bare) });
    assert.deepEqual(
      algorithms(jar(mavenRecord('g', 'thing', '1.0')))?.map(({ algorithm }) => algorithm),
      ['SHA-256'],
    );
    const several = jar({ ...mavenRecord('g', 'thing', '1.0'), ...mavenRecord('g', 'other', '1.0') });
    const { packages } = run({ 'opt/thing-1.0.jar': several, 'opt/shaded-1.0.jar': several });
    assert.deepEqual(packages.find(({ name }) => name === 'thing')?.hashes?.length, 1);
    assert.deepEqual(packages.find(({ name }) => name === 'shaded')?.hashes?.[0], {
      algorithm: 'SHA-1',
      hex: sha1(several),
    });
  });

  it('notes archives whose coordinates are not known, with what can be looked up', () => {
    const bytes = jar({});
    const digest = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex');
    const { notes } = run({ 'opt/thing-1.0.jar': bytes });
    assert.deepEqual(
      notes.map(({ kind, code, path, facts }) => ({ kind, code, path, facts })),
      [
        {
          kind: 'known-unknown',
          code: 'archive-without-coordinates',
          path: '/opt/thing-1.0.jar',
          facts: { name: 'thing', version: '1.0', sha1: digest('sha1'), sha256: digest('sha256') },
        },
      ],
    );
  });

  it('reads licences from POM, manifest and a licence text of one owner', () => {
    const licenses = (entries: Readonly<Record<string, ZipInput>>, manifest = ''): readonly string[] =>
      only({ 'lib-1.jar': jar(entries, manifest) }).licenses.map(({ value }) => value);
    assert.deepEqual(licenses(mavenPom('g', 'lib', [])), ['Apache-2.0']);
    const listed =
      'Bundle-License: "EPL-2.0";link="https://x/a,b", https://opensource.org/license\r\n s/MIT;description=x\r\n';
    assert.deepEqual(licenses({}, listed), ['EPL-2.0', 'MIT']);
    assert.deepEqual(licenses({}, 'Bundle-License: Apache License, Version 2.0\r\n'), ['Apache License, Version 2.0']);
    assert.deepEqual(licenses({ 'META-INF/LICENSE.txt': '\n   Apache License\n   Version 2.0, January 2004\n' }), [
      'Apache-2.0',
    ]);
    assert.deepEqual(licenses({ LICENSE: 'GNU GENERAL PUBLIC LICENSE\nVersion 2\n' }), []);
  });

  it('draws edges inside an application and to a library folder, never for tests', () => {
    const pom = mavenPom('org.example', 'app', [
      'org.example:lib',
      'org.example:outer',
      'org.example:far',
      'junit:junit:test',
    ]);
    const lib = (name: string): Buffer => jar(mavenRecord('org.example', name, '1'));
    const { packages } = run({
      'srv/app.jar': jar({
        ...pom,
        'BOOT-INF/lib/lib-1.jar': lib('lib'),
        'BOOT-INF/lib/junit-4.jar': jar(mavenRecord('junit', 'junit', '4')),
      }),
      'srv/lib/outer-1.jar': lib('outer'),
      'opt/far-1.jar': lib('far'),
    });
    const main = packages.find(({ name }) => name === 'app');
    const names = new Map(packages.map(({ id, name }) => [id, name]));
    assert.deepEqual(
      main?.dependsOn.map((id) => names.get(id)),
      ['lib', 'outer'],
    );
  });

  it("finds an application's libraries where Quarkus puts them", () => {
    const app = {
      ...mavenRecord('org.example', 'app', '1'),
      ...mavenPom('org.example', 'app', ['g:lib', 'g:boot', 'g:far']),
    };
    const { packages } = run({
      'srv/quarkus-app/app/app-1.jar': jar(app),
      'srv/quarkus-app/lib/main/g.lib-1.jar': jar(mavenRecord('g', 'lib', '1')),
      'srv/quarkus-app/lib/boot/g.boot-1.jar': jar(mavenRecord('g', 'boot', '1')),
      'srv/other/lib/main/g.far-1.jar': jar(mavenRecord('g', 'far', '1')),
    });
    assert.deepEqual(packages.find(({ name }) => name === 'app')?.dependsOn, ['maven/g/boot@1', 'maven/g/lib@1']);
  });

  it('finds archives that lie there unpacked, with the folder they own and the libraries in it', () => {
    const [[record, text]] = Object.entries(mavenPom('org.example', 'web', ['org.example:lib'])) as [[string, string]];
    const files = {
      [`srv/web/${record}`]: text,
      'srv/web/WEB-INF/web.xml': '<web-app/>',
      'srv/web/WEB-INF/lib/lib-1.jar': jar(mavenRecord('org.example', 'lib', '1')),
      [`home/me/project/target/classes/${record}`]: text.replace('>web<', '>other<'),
    };
    const { packages } = run(files);
    const [lib, other, web] = packages;
    assert.deepEqual(
      packages.map(({ name }) => name),
      ['lib', 'other', 'web'],
    );
    assert.deepEqual(web?.directories, ['/srv/web']);
    assert.equal(web.kind, 'application');
    assert.deepEqual(web.dependsOn, [lib?.id]);
    assert.equal(other?.directories, undefined);
    assert.deepEqual(other?.files, [other?.locations[0]?.path]);
  });

  it('marks what is in development', () => {
    assert.equal(only({ 'a.jar': jar(mavenRecord('g', 'a', '1-SNAPSHOT')) }).firstParty, true);
    assert.equal(only({ 'a.jar': jar(mavenRecord('g', 'a', '1')) }).firstParty, undefined);
  });

  it('drops names that no archive can have, with a diagnostic', () => {
    const { packages, diagnostics } = run({ 'opt/a\u001bb-1.jar': jar({}), 'opt/Über uns.jar': jar({}) });
    assert.deepEqual(
      packages.map(({ name }) => name),
      ['Über uns'],
    );
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['invalid-name'],
    );
  });

  it('tells of archives without a byte, in which nothing can be hidden, without calling them unread', () => {
    const { packages, diagnostics, notes } = run({
      'opt/none.jar': '',
      'opt/outer-1.jar': jar({ 'lib/none.jar': '' }),
      // no entries, but an archive
      'opt/bare-1.jar': zipArchive({}),
    });
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(
      packages.map(({ name }) => name),
      ['bare', 'outer'],
    );
    const told = notes
      .filter(({ code }) => code === 'empty-archive')
      .map(({ path, facts }) => [path, facts?.['inside']]);
    assert.deepEqual(told, [
      ['/opt/none.jar', undefined],
      ['/opt/outer-1.jar', 'lib/none.jar'],
    ]);
  });

  it('reports facts of a cache that are none', () => {
    for (const text of [
      '{',
      '[]',
      '{"archives":[{}],"problems":[]}',
      '{"archives":[{"parent":3}],"problems":[]}',
      '{"archives":[],"problems":[1]}',
    ]) {
      const view = memoryView(
        { 'a.jar': text },
        { captures: javaCataloger.captures, extractors: { 'java-archive': (bytes) => bytes } },
      );
      const { diagnostics } = javaCataloger.catalog({ view, distribution: undefined });
      assert.deepEqual(
        diagnostics.map(({ code }) => code),
        ['unreadable-archive'],
      );
    }
  });

  it('catalogs 20,000 archives that need each other', () => {
    const facts = (index: number): string => {
      const name = `lib${index}`;
      const folder = `META-INF/maven/g/${name}`;
      const dependencies = Array.from({ length: 5 }, (_, step) => ({ groupId: 'g', artifactId: `lib${index + step}` }));
      const coordinates = [
        { folder, properties: { groupId: 'g', artifactId: name, version: '1' }, pom: { licenses: [], dependencies } },
      ];
      const archive = {
        inside: '',
        parent: -1,
        sha256: 'b',
        classFolders: [],
        licenseFiles: [],
        coordinates,
      };
      return JSON.stringify({ archives: [archive], problems: [] });
    };
    const files = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`l/lib${index}.jar`, facts(index)]));
    const view = memoryView(files, {
      captures: javaCataloger.captures,
      extractors: { 'java-archive': (bytes) => bytes },
    });
    assert.equal(javaCataloger.catalog({ view, distribution: undefined }).packages.length, 20_000);
  });
});
