import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CATALOGERS, capturePlan, catalogVersion, runCatalogers, type Cataloger } from '../../src/catalog/index.ts';
import { packageKey, packagePurl } from '../../src/packages/index.ts';
import { memoryView } from '../support/memory-view.ts';
import { FIXTURE_EXTRACTORS, type CatalogFixture, type CatalogFixtures } from './fixtures/contract.ts';

const CATALOG = new URL('../../src/catalog/', import.meta.url);

/** Every exported const that looks like a cataloger, in any file of the family's folders. */
async function membersOnDisk(): Promise<readonly Cataloger[]> {
  const members: Cataloger[] = [];
  for (const folder of ['os', 'language', 'binary', 'declared']) {
    for (const file of filesOf(folder)) {
      const exports = Object.values((await import(new URL(`${folder}/${file}`, CATALOG).href)) as object);
      members.push(...exports.filter(isCataloger));
    }
  }
  return members;
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(new URL(`${folder}/`, CATALOG)).filter((name) => name.endsWith('.ts'));
  } catch {
    return [];
  }
}

function isCataloger(value: unknown): value is Cataloger {
  return typeof value === 'object' && value !== null && 'catalog' in value && 'captures' in value;
}

describe('CATALOGERS', () => {
  it('has every member on disk, each once', async () => {
    const onDisk = (await membersOnDisk()).map(({ id }) => id).toSorted();
    assert.ok(onDisk.length >= 5);
    assert.deepEqual(CATALOGERS.map(({ id }) => id).toSorted(), onDisk);
    assert.equal(new Set(onDisk).size, onDisk.length);
  });

  it('has unique capture rules, each with a limit and something to match, named after its cataloger', () => {
    const ids = capturePlan(CATALOGERS, { digests: true }).captures.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { id, captures: always, recordCaptures = [] } of CATALOGERS) {
      const captures = [...always, ...recordCaptures];
      for (const rule of captures) {
        assert.ok(rule.id.startsWith(`${id}/`), rule.id);
        assert.ok(rule.maxBytes > 0);
        const patterns = [rule.names, rule.prefixes, rule.suffixes, rule.pathSuffixes, rule.directories].flatMap(
          (list) => list ?? [],
        );
        const byContent = rule.executables ?? rule.unnamedZips;
        assert.ok(patterns.length > 0 || byContent !== undefined, rule.id);
        assert.deepEqual(structuredClone(rule), rule);
      }
    }
  });

  it('asks for no digests', () => assert.deepEqual(capturePlan().digests, []));

  it('has a version made of all members', () => {
    const version = catalogVersion();
    for (const { id, version: number } of CATALOGERS) assert.ok(version.split(',').includes(`${id}@${number}`));
  });

  for (const cataloger of CATALOGERS) describe(cataloger.id, () => checkMember(cataloger));
});

function checkMember(cataloger: Cataloger): void {
  const { id, title, version, specifications, statement } = cataloger;
  it('states what it is', () => {
    assert.match(id, /^[a-z][a-z0-9-]*$/);
    assert.notEqual(title, '');
    assert.ok(Number.isSafeInteger(version) && version >= 1);
    assert.ok(specifications.length > 0 && specifications.every((url) => url.startsWith('https://')));
    assert.ok(statement.packageTypes.length > 0 && statement.reads.length > 0);
  });

  it('finds exactly what its fixtures say, twice the same, and what its statement allows', async () => {
    const { fixtures } = (await import(`./fixtures/${id}.ts`)) as { readonly fixtures: CatalogFixtures };
    for (const [name, fixture] of Object.entries(fixtures) as [string, CatalogFixture][]) {
      const run = () =>
        runCatalogers({
          view: memoryView(fixture.files, {
            captures: capturePlan([cataloger]).captures,
            extractors: FIXTURE_EXTRACTORS,
          }),
          catalogers: [cataloger],
          rethrow: true,
        });
      const result = run();
      const packages = result.packages.map((pkg) => packagePurl(pkg) ?? packageKey(pkg));
      assert.deepEqual(packages, fixture.packages, name);
      assert.deepEqual(
        result.diagnostics.map(({ code }) => code),
        fixture.diagnostics,
        name,
      );
      assert.deepEqual(run(), result, name);
      for (const pkg of result.packages) {
        assert.ok(statement.packageTypes.includes(pkg.type));
        assert.equal(pkg.foundBy, id);
        assert.ok(statement.fileDigests === true || pkg.recordedFiles === undefined);
        assert.ok(pkg.locations.length > 0 && pkg.evidence.length > 0);
        assert.ok(statement.licenses || pkg.licenses.length === 0);
        assert.ok(statement.files || pkg.files === undefined);
        assert.ok(statement.dependencies || pkg.dependsOn.length === 0);
      }
    }
  });
}
