import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { javaCataloger } from '../../../src/catalog/language/java.ts';
import { packageKey, packagePurl } from '../../../src/packages/index.ts';
import { jar, mavenRecord } from '../fixtures/java.ts';
import { runCataloger } from '../../support/run-cataloger.ts';

function inFolder(folder: string, entries: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(entries).map(([name, content]) => [`${folder}/${name}`, content]));
}

describe('javaCataloger: libraries that an agent hides in a folder', () => {
  const hidden = inFolder('inst', mavenRecord('org.yaml', 'snakeyaml', '2.0'));

  it('finds them as parts of the agent', () => {
    const agent = jar({ ...mavenRecord('org.acme', 'agent', '1.2.0'), ...hidden });
    const { packages } = runCataloger(javaCataloger, { 'opt/agent-1.2.0.jar': agent });
    assert.deepEqual(
      packages.map((pkg) => packagePurl(pkg)),
      ['pkg:maven/org.acme/agent@1.2.0', 'pkg:maven/org.yaml/snakeyaml@2.0'],
    );
    const part = packages.find(({ name }) => name === 'snakeyaml');
    assert.equal(part?.locations[0]?.inside, 'inst/META-INF/maven/org.yaml/snakeyaml/pom.properties');
    assert.equal(part.hashes, undefined);
  });

  it('does not take one of them for the agent itself', () => {
    for (const name of ['agent-1.2.0.jar', 'snakeyaml-2.0.jar']) {
      const { packages } = runCataloger(javaCataloger, { [`opt/${name}`]: jar(hidden) });
      assert.deepEqual(packages.map((pkg) => packagePurl(pkg) ?? packageKey(pkg)).length, 2, name);
      assert.equal(packages.find(({ namespace }) => namespace === undefined)?.locations[0]?.path, `/opt/${name}`);
    }
  });

  it('knows them by their folders where the record has no names', () => {
    const record = { 'inst/META-INF/maven/org.yaml/snakeyaml/pom.properties': 'version=2.0\n' };
    const { packages } = runCataloger(javaCataloger, { 'opt/agent-1.2.0.jar': jar(record) });
    assert.ok(packages.some((pkg) => packagePurl(pkg) === 'pkg:maven/org.yaml/snakeyaml@2.0'));
  });
});
