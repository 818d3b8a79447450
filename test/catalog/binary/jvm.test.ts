import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { jvmCataloger } from '../../../src/catalog/binary/jvm.ts';
import type { Package } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

function find(files: Readonly<Record<string, MemoryEntry>>): Package {
  const view = memoryView(files, { captures: jvmCataloger.captures });
  const { packages } = jvmCataloger.catalog({ view, distribution: undefined });
  assert.equal(packages.length, 1);
  return packages[0]!;
}

const release = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([key, value]) => `${key}="${value}"\n`)
    .join('');

describe('jvmCataloger', () => {
  it('reads a build of OpenJDK with its vendor, source, edition, CPE and folder', () => {
    const pkg = find({
      'opt/java/openjdk/release': release({
        IMPLEMENTOR: 'Eclipse Adoptium',
        JAVA_RUNTIME_VERSION: '21.0.4+7-LTS',
        JAVA_VERSION: '21.0.4',
        SOURCE_REPO: 'https://github.com/adoptium/jdk21u.git',
        IMAGE_TYPE: 'JRE',
      }),
      'opt/java/openjdk/bin/java': 'x',
    });
    assert.deepEqual([pkg.namespace, pkg.name, pkg.version], ['oracle', 'openjdk', '21.0.4+7-LTS']);
    assert.deepEqual(pkg.qualifiers, { repository_url: 'https://github.com/adoptium/jdk21u.git' });
    assert.deepEqual(pkg.cpes, ['cpe:2.3:a:oracle:openjdk:21.0.4:*:*:*:*:*:*:*']);
    assert.deepEqual(pkg.directories, ['/opt/java/openjdk']);
    assert.deepEqual(pkg.supplier, { name: 'Eclipse Adoptium' });
    assert.equal(pkg.properties?.['jvm:edition'], 'JRE');
  });

  it('tells vendors apart, and writes the update of Java 8 as vulnerability databases do', () => {
    const cpes = (fields: Readonly<Record<string, string>>): readonly string[] | undefined =>
      find({ 'opt/jdk/release': release(fields) }).cpes;
    const old = { JAVA_VERSION: '1.8.0_302', FULL_VERSION: '1.8.0_302-b08' };
    assert.deepEqual(cpes(old), ['cpe:2.3:a:oracle:openjdk:1.8.0:update302:*:*:*:*:*:*']);
    assert.deepEqual(cpes({ ...old, IMPLEMENTOR: 'Azul Systems, Inc.' }), [
      'cpe:2.3:a:azul:zulu:1.8.0:update302:*:*:*:*:*:*',
    ]);
    assert.deepEqual(cpes({ JAVA_VERSION: '22.0.2', IMPLEMENTOR: 'Oracle Corporation', IMAGE_TYPE: 'JDK' }), [
      'cpe:2.3:a:oracle:jdk:22.0.2:*:*:*:*:*:*:*',
    ]);
    assert.deepEqual(cpes({ JAVA_VERSION: '17', IMPLEMENTOR: 'IBM Corporation' }), [
      'cpe:2.3:a:ibm:java:17:*:*:*:*:*:*:*',
    ]);
  });

  it('owns no folder that cannot be all its own', () => {
    for (const folder of ['usr', 'usr/local', 'app', 'usr/lib/jvm']) {
      const files = { [`${folder}/release`]: release({ JAVA_VERSION: '17' }), [`${folder}/bin/java`]: 'x' };
      assert.equal(find(files).directories, undefined, folder);
    }
    assert.equal(find({ 'opt/x/release': release({ JAVA_VERSION: '17' }) }).directories, undefined);
    const own = { 'jdk-17/release': release({ JAVA_VERSION: '17' }), 'jdk-17/bin/java': 'x' };
    assert.deepEqual(find(own).directories, ['/jdk-17']);
  });

  it('agrees with the Java of this machine', (test) => {
    const which = spawnSync('sh', ['-c', 'command -v java'], { encoding: 'utf8' }).stdout.trim();
    const home = which === '' ? '' : dirname(dirname(realpathSync(which)));
    if (home === '' || !existsSync(join(home, 'release'))) return test.skip('no Java with a release file');
    const { stderr } = spawnSync(which, ['-XshowSettings:properties', '-version'], { encoding: 'utf8' });
    const told = /java\.runtime\.version = (\S+)/.exec(stderr)?.[1];
    const pkg = find({ 'opt/jdk/release': readFileSync(join(home, 'release')) });
    assert.ok(told === pkg.version || told?.startsWith(`${pkg.version}+`) === true, `${told} and ${pkg.version}`);
  });
});
