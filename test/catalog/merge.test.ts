import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergePackages } from '../../src/catalog/merge.ts';
import { comparePackages, packagePurl, type Package } from '../../src/packages/index.ts';
import { pkg } from './sample-package.ts';

const merged = (packages: readonly Package[]): readonly Package[] =>
  mergePackages([packages]).toSorted(comparePackages);

describe('mergePackages', () => {
  it('never takes the purl of a published package because something else has its name', () => {
    const packages = merged([
      pkg('tool', '/published', { id: 'a', hashes: [{ algorithm: 'SHA-1', hex: 'a'.repeat(40) }] }),
      pkg('tool', '/own', { id: 'b', purlKnown: false, firstParty: true }),
      pkg('tool', '/fork', { id: 'c', purlKnown: false }),
      pkg('user', '/user', { dependsOn: ['a', 'b'] }),
    ]);
    const facts = packages.map((item) => [
      item.id,
      packagePurl(item),
      item.locations.map(({ path }) => path),
      item.hashes?.length ?? 0,
    ]);
    assert.deepEqual(facts, [
      ['npm/tool@1', 'pkg:npm/tool@1', ['/published'], 1],
      ['npm/tool@1#unpublished', undefined, ['/fork', '/own'], 0],
      ['npm/user@1', 'pkg:npm/user@1', ['/user'], 0],
    ]);
    assert.deepEqual(packages.at(-1)?.dependsOn, ['npm/tool@1', 'npm/tool@1#unpublished']);
    const alone = merged([pkg('tool', '/own', { purlKnown: false })]);
    assert.equal(alone[0]?.id, 'npm/tool@1');
  });

  it('makes one package of what has one purl, however its name is written', () => {
    const packages = merged([
      pkg('Zope.Interface', '/site/b', { type: 'pypi', id: 'b' }),
      pkg('zope_interface', '/pip/a', { type: 'pypi', id: 'a' }),
      pkg('user', '/site/user', { type: 'pypi', dependsOn: ['a', 'b'] }),
      // names of npm packages differ by case
      pkg('JSONStream', '/c', {}),
      pkg('jsonstream', '/d', {}),
    ]);
    assert.deepEqual(
      packages.map((item) => [packagePurl(item), item.locations.map(({ path }) => path)]),
      [
        ['pkg:npm/JSONStream@1', ['/c']],
        ['pkg:npm/jsonstream@1', ['/d']],
        ['pkg:pypi/user@1', ['/site/user']],
        ['pkg:pypi/zope-interface@1', ['/pip/a', '/site/b']],
      ],
    );
    const interfaces = packages.at(-1);
    assert.deepEqual(packages.find(({ name }) => name === 'user')?.dependsOn, [interfaces?.id]);
  });

  it('keeps an edge to what lies inside from each package that holds it', () => {
    const jars = ['one', 'two', 'three'].map((name) => pkg(name, `/${name}.jar`, { id: name }));
    const inside = (name: string, whole: string): Package =>
      pkg(name, `/${whole}.jar`, { id: `${whole}:${name}`, partOf: whole });
    const packages = merged([
      ...jars,
      inside('shared', 'one'),
      inside('shared', 'two'),
      inside('loose', 'three'),
      pkg('loose', '/loose.jar'),
      inside('own', 'three'),
    ]);
    const found = new Map(packages.map((item) => [item.name, item]));
    assert.equal(found.get('shared')?.partOf, 'npm/one@1');
    assert.equal(found.get('own')?.partOf, 'npm/three@1');
    // of the package it is part of, `partOf` says so
    assert.deepEqual(found.get('one')?.dependsOn, []);
    assert.deepEqual(found.get('two')?.dependsOn, ['npm/shared@1']);
    assert.deepEqual(found.get('three')?.dependsOn, ['npm/loose@1']);
  });
});
