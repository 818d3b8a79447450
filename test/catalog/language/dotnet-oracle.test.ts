import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { capturePlan, runCatalogers } from '../../../src/catalog/index.ts';
import { dotnetCataloger } from '../../../src/catalog/language/dotnet.ts';
import { packagePurl } from '../../../src/packages/index.ts';
import { memoryView } from '../../support/memory-view.ts';
import { findPeer, missingPeers } from '../../support/peers.ts';

/** Python packages that bring .NET libraries: one with a list of what it was built from, one with libraries alone. */
const WHEELS = ['pythonnet==3.0.5', 'clr_loader==0.2.7.post0'];

/** What syft says that is not so, and what it does not know: each with its reason. */
const WITHOUT_PURL: readonly string[] = [
  // the project that was built: its name alone makes it no published package
  'Python.Runtime',
  // known by its version resource only
  'ClrLoader',
];

const folder = mkdtempSync(join(tmpdir(), 'waybill-dotnet-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('dotnetCataloger against syft', { skip: missingPeers('pip', 'syft') }, () => {
  it('finds the same packages in what real wheels bring', (context) => {
    const args = ['install', '--quiet', '--no-deps', '--no-compile', '--target', folder, ...WHEELS];
    const installed = spawnSync(findPeer('pip')!, args, { encoding: 'utf8', timeout: 120_000 });
    if (installed.status !== 0) return context.skip(`the wheels cannot be had: ${installed.stderr.slice(0, 200)}`);
    const paths = globSync('**/*.{dll,exe,json}', { cwd: folder }).toSorted();
    const files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path))]));
    assert.ok(paths.filter((path) => path.endsWith('.dll')).length >= 3);
    const { packages, diagnostics } = runCatalogers({
      view: memoryView(files, { captures: capturePlan([dotnetCataloger]).captures }),
      catalogers: [dotnetCataloger],
      rethrow: true,
    });
    assert.deepEqual(diagnostics, []);
    const syft = spawnSync(findPeer('syft')!, ['-q', '-o', 'json', `dir:${folder}`], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    assert.equal(syft.status, 0, syft.stderr);
    const { artifacts } = JSON.parse(syft.stdout) as {
      readonly artifacts: readonly { name: string; type: string; purl: string }[];
    };
    const theirs = new Set(artifacts.filter(({ type }) => type === 'dotnet').map(({ name }) => name));
    assert.deepEqual([...new Set(packages.map(({ name }) => name))].toSorted(), [...theirs].toSorted());
    for (const pkg of packages) {
      if (WITHOUT_PURL.includes(pkg.name)) assert.equal(packagePurl(pkg), undefined);
      else assert.equal(packagePurl(pkg), artifacts.find(({ name }) => name === pkg.name)?.purl);
    }
  });
});
