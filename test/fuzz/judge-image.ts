import assert from 'node:assert/strict';
import { CATALOGERS, capturePlan, runCatalogers, type CatalogRun } from '../../src/catalog/index.ts';
import type { FileView } from '../../src/filesystem/index.ts';
import { buildLedger, ledgerSummary } from '../../src/ledger/index.ts';
import { packageKey, packagePurl } from '../../src/packages/index.ts';
import { buildSbomDocument, writeCycloneDx } from '../../src/sbom/index.ts';

/** What nothing that waybill writes may hold: a terminal or a CI log would act on it. */
// oxlint-disable-next-line no-control-regex
const ACTIVE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

/** Everything that a pass over a made-up image must capture. */
export const FUZZ_PLAN = capturePlan(CATALOGERS, { digests: true });

/**
 * Runs the whole catalog over a view, then the ledger, then writes the SBOM.
 * @throws whatever is wrong: an exception of a cataloger, a result that differs from one run to the next, a purl with a control character, an SBOM that is not valid
 */
export async function judgeImage(view: FileView): Promise<CatalogRun> {
  const options = { view, catalogers: CATALOGERS, rethrow: true, recordedFiles: true };
  const run = runCatalogers(options);
  assert.deepEqual(runCatalogers(options), run, 'the same view gave another result');
  for (const pkg of run.packages) judgePackage(pkg);
  const ids = new Set(run.packages.map(({ id }) => id));
  assert.equal(ids.size, run.packages.length, 'ids of packages are unique');
  for (const { dependsOn } of run.packages) for (const id of dependsOn) assert.ok(ids.has(id), `there is no ${id}`);
  const { packages, notes, diagnostics, distribution, catalogers } = run;
  const ledger = buildLedger({ view, packages, notes, integrity: true, layers: [], baseLayers: 0 });
  const document = buildSbomDocument({
    subject: { name: 'registry.example.com/fuzz', layers: [] },
    distribution,
    packages,
    diagnostics,
    notes,
    catalogers,
    tool: { name: 'waybill', version: '0.0.0' },
    ledger: { summary: ledgerSummary(ledger, { diagnostics: diagnostics.length }), integrity: true },
  });
  // judges what it writes
  const bytes = await writeCycloneDx(document, { format: 'json', specVersion: '1.6' });
  const written = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  assert.doesNotMatch(written, ACTIVE, 'the SBOM holds control characters');
  return run;
}

function judgePackage(pkg: CatalogRun['packages'][number]): void {
  const what = JSON.stringify(packageKey(pkg));
  assert.doesNotMatch(packagePurl(pkg) ?? '', ACTIVE, `purl of ${what}`);
  assert.doesNotMatch(packageKey(pkg), ACTIVE, `key of ${what}`);
  assert.ok(pkg.locations.length > 0 && pkg.locations.every(({ path }) => path.startsWith('/')), `places of ${what}`);
  for (const file of [...(pkg.files ?? []), ...(pkg.directories ?? []), ...(pkg.configFiles ?? [])]) {
    assert.ok(file.startsWith('/') && !/\/\.\.?(?:\/|$)/.test(file), `${what} owns ${JSON.stringify(file)}`);
  }
  assert.notEqual(pkg.name, '', 'a package has a name');
  assert.notEqual(pkg.version, '', 'a version that is not known is left out');
}
