import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runCatalogers } from '../../../src/catalog/index.ts';
import { javaCataloger } from '../../../src/catalog/language/java.ts';
import { packageKey, packagePurl, type Package } from '../../../src/packages/index.ts';
import { jar, mavenRecord } from '../fixtures/java.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

function find(files: Readonly<Record<string, MemoryEntry>>): readonly Package[] {
  const view = memoryView(files, { captures: javaCataloger.captures });
  return runCatalogers({ view, catalogers: [javaCataloger], rethrow: true }).packages;
}

const keys = (files: Readonly<Record<string, MemoryEntry>>): readonly string[] =>
  find(files).map((pkg) => packagePurl(pkg) ?? packageKey(pkg));

function pom(coordinates: string, more = ''): string {
  const [groupId, artifactId, version] = coordinates.split(':');
  return `<project><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version>${more}</project>`;
}

/** What Debian's tools put into a POM whose version they replace. */
const original = (version: string): string =>
  `<properties><debian.originalVersion>${version}</debian.originalVersion><debian.package>lib-java</debian.package></properties>`;

const ROOT = 'usr/share/maven-repo';
const BARE = jar({ 'javax/inject/Inject.class': 'x' });

describe('javaCataloger: Maven repositories', () => {
  it('takes the coordinates of a jar from the POM beside a link to it, with the version that Debian replaced', () => {
    const files = {
      'usr/share/java/atinject-jsr330-api-1.0.jar': BARE,
      [`${ROOT}/javax/inject/javax.inject/1/javax.inject-1.jar`]: {
        link: '../../../../../java/atinject-jsr330-api-1.0.jar',
      },
      [`${ROOT}/javax/inject/javax.inject/1/javax.inject-1.pom`]: pom('javax.inject:javax.inject:1', original('1')),
      [`${ROOT}/javax/inject/javax.inject/debian/javax.inject-debian.jar`]: {
        link: '/usr/share/java/atinject-jsr330-api-1.0.jar',
      },
      [`${ROOT}/javax/inject/javax.inject/debian/javax.inject-debian.pom`]: pom(
        'javax.inject:javax.inject:debian',
        original('1'),
      ),
    };
    const [found, ...others] = find(files);
    assert.equal(others.length, 0);
    assert.equal(packagePurl(found!), 'pkg:maven/javax.inject/javax.inject@1');
    assert.equal(found?.evidence?.[0]?.value, `/${ROOT}/javax/inject/javax.inject/1/javax.inject-1.pom`);
    assert.deepEqual(found.files, [
      '/usr/share/java/atinject-jsr330-api-1.0.jar',
      `/${ROOT}/javax/inject/javax.inject/1/javax.inject-1.pom`,
      `/${ROOT}/javax/inject/javax.inject/debian/javax.inject-debian.pom`,
    ]);
  });

  it('takes its licence, and the parent for what it leaves out', () => {
    const text = `<project><parent><groupId>org.acme</groupId><artifactId>parent</artifactId><version>2</version></parent>
      <artifactId>lib</artifactId><licenses><license><name>MIT</name></license></licenses></project>`;
    const [found] = find({
      'root/.m2/repository/org/acme/lib/2/lib-2.jar': BARE,
      'root/.m2/repository/org/acme/lib/2/lib-2.pom': text,
    });
    assert.equal(packagePurl(found!), 'pkg:maven/org.acme/lib@2');
    assert.deepEqual(found?.licenses, [{ value: 'MIT' }]);
  });

  it('reads the cache of Gradle, where each file lies in a folder of its own', () => {
    const folder = 'root/.gradle/caches/modules-2/files-2.1/org.acme/lib/2';
    const files = {
      [`${folder}/${'a'.repeat(40)}/lib-2.jar`]: BARE,
      [`${folder}/${'b'.repeat(39)}/lib-2.pom`]: pom('org.acme:lib:2'),
    };
    assert.deepEqual(keys(files), ['pkg:maven/org.acme/lib@2']);
  });

  it('keeps the classifier that the name beside the POM has', () => {
    const [found] = find({
      'r/org/acme/lib/2/lib-2-no_aop.jar': { link: '/usr/share/java/lib-no-aop.jar' },
      'r/org/acme/lib/2/lib-2.pom': pom('org.acme:lib:2'),
      'usr/share/java/lib-no-aop.jar': BARE,
    });
    assert.equal(packagePurl(found!), 'pkg:maven/org.acme/lib@2');
    assert.equal(found?.properties?.['maven:classifier'], 'no_aop');
  });

  it('takes the name that fits the file where one jar is linked under several', () => {
    const files: Record<string, MemoryEntry> = { 'usr/share/java/lib-2.jar': BARE };
    for (const [group, artifact] of [
      ['org/aaa', 'other'],
      ['org/acme', 'lib'],
    ]) {
      files[`r/${group}/${artifact}/2/${artifact}-2.jar`] = { link: '/usr/share/java/lib-2.jar' };
      files[`r/${group}/${artifact}/2/${artifact}-2.pom`] = pom(`${group?.replace('/', '.')}:${artifact}:2`);
    }
    assert.deepEqual(keys(files), ['pkg:maven/org.acme/lib@2']);
  });

  it('believes what the jar says of itself more', () => {
    const files = {
      'r/org/acme/lib/2/lib-2.jar': jar(mavenRecord('org.own', 'lib', '2')),
      'r/org/acme/lib/2/lib-2.pom': pom('org.acme:lib:2'),
    };
    assert.deepEqual(keys(files), ['pkg:maven/org.own/lib@2']);
  });

  it('does not take a POM whose folders are not its coordinates, or that cannot be read', () => {
    const at = 'r/org/acme/lib/2/lib-2';
    const others = ['org.other:lib:2', 'org.acme:lib:3', 'org.acme:bil:2', 'acme:lib:${revision}', 'rg.acme:lib:2'];
    for (const text of [...others.map((coordinates) => pom(coordinates)), '', '<project>', '<html/>']) {
      assert.deepEqual(keys({ [`${at}.jar`]: BARE, [`${at}.pom`]: text }), ['maven/lib@2'], text);
    }
    assert.deepEqual(keys({ 'opt/lib-2.jar': BARE, 'opt/lib-2.pom': pom('org.acme:lib:2') }), ['maven/lib@2']);
  });

  it('never throws on POMs of any kind', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string()), (bytes) => {
        assert.equal(keys({ 'r/org/acme/lib/2/lib-2.jar': BARE, 'r/org/acme/lib/2/lib-2.pom': bytes }).length, 1);
      }),
    );
  });

  it('lists a version of Gradle once, however many POMs lie in its folders', () => {
    const folder = 'g/files-2.1/org.acme/lib/2';
    const files: Record<string, MemoryEntry> = { [`${folder}/${'a'.repeat(40)}/lib-2.jar`]: BARE };
    for (let at = 0; at < 3000; at += 1) {
      files[`${folder}/${at.toString(16).padStart(40, '0')}/lib-2.pom`] = pom('org.acme:lib:2');
    }
    assert.equal(find(files).length, 1);
  });

  it('makes no package of a POM without an archive', () => {
    assert.deepEqual(keys({ 'r/org/acme/lib/2/lib-2.pom': pom('org.acme:lib:2') }), []);
    const gone = { 'r/org/acme/lib/2/lib-2.jar': { link: '/gone.jar' } };
    assert.deepEqual(keys({ ...gone, 'r/org/acme/lib/2/lib-2.pom': pom('org.acme:lib:2') }), []);
  });
});
