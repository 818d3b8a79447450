import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseBrewFormula } from '../../../src/catalog/os/homebrew-formula.ts';
import { homebrewCataloger } from '../../../src/catalog/os/homebrew.ts';
import { capturePlan, runCatalogers } from '../../../src/catalog/index.ts';
import { memoryView } from '../../support/memory-view.ts';
import { codesOf, runCataloger } from '../../support/run-cataloger.ts';

const CELLAR = 'home/linuxbrew/.linuxbrew/Cellar';
const receipt = (...names: readonly string[]): string =>
  JSON.stringify({ arch: 'x86_64', runtime_dependencies: names.map((name) => ({ full_name: name })) });
const formula = (text: string) => parseBrewFormula(Buffer.from(text));

describe('homebrew', () => {
  it('gives a formula its folder, what its text says, and every version of what it needs', () => {
    const { packages, diagnostics } = runCataloger(homebrewCataloger, {
      [`${CELLAR}/a/1.0_2/INSTALL_RECEIPT.json`]: receipt('b@2', 'some-org/tap/c', 'a', 'absent'),
      [`${CELLAR}/a/1.0_2/.brew/a.rb`]:
        'class A < Formula\n  desc "An a"\n  homepage "https://example.org"\n  license any_of: ["MIT", "Zlib"]\nend\n',
      [`${CELLAR}/b@2/1/INSTALL_RECEIPT.json`]: receipt(),
      [`${CELLAR}/b@2/2/INSTALL_RECEIPT.json`]: receipt(),
      [`${CELLAR}/c/1/INSTALL_RECEIPT.json`]: receipt(),
      // of another installation
      'opt/homebrew/Cellar/absent/1/INSTALL_RECEIPT.json': receipt(),
    });
    assert.deepEqual(diagnostics, []);
    const a = packages.find(({ name }) => name === 'a');
    assert.deepEqual(a?.licenses, [{ value: 'MIT OR Zlib' }]);
    assert.deepEqual([a.version, a.description, a.homepage], ['1.0_2', 'An a', 'https://example.org']);
    assert.deepEqual(a.directories, [`/${CELLAR}/a/1.0_2`]);
    assert.deepEqual(a.properties, { 'brew:arch': 'x86_64' });
    assert.deepEqual(a.dependsOn, ['brew/b%402@1', 'brew/b%402@2', 'brew/c@1']);
  });

  it('owns what other catalogers find in its folders', () => {
    const keg = `${CELLAR}/awscli/2.17.0`;
    const dist = `${keg}/libexec/lib/python3.12/site-packages/docutils-0.20.dist-info`;
    const view = memoryView(
      {
        [`${keg}/INSTALL_RECEIPT.json`]: receipt(),
        [`${dist}/METADATA`]: 'Metadata-Version: 2.1\nName: docutils\nVersion: 0.20\n',
      },
      { captures: capturePlan().captures },
    );
    const { packages } = runCatalogers({ view, rethrow: true });
    const docutils = packages.find(({ name }) => name === 'docutils');
    assert.equal(docutils?.properties?.['waybill:owned-by'], 'pkg:brew/awscli@2.17.0');
  });

  it('bounds what hostile receipts make it do', () => {
    const files = Object.fromEntries(
      Array.from({ length: 200 }, (_, version) => [
        `${CELLAR}/a/${version}/INSTALL_RECEIPT.json`,
        receipt(...Array.from({ length: 20_000 }, () => 'a')),
      ]),
    );
    assert.deepEqual(codesOf(runCataloger(homebrewCataloger, files)), ['database-too-large']);
  });
});

describe('parseBrewFormula', () => {
  it('takes the formula’s own fields, and nothing that is computed', () => {
    const text =
      '  desc "First"\n  desc "Second"\n    homepage "https://nested.example"\n  license all_of: ["MIT", "ISC"]\r\n';
    assert.deepEqual(formula(text), { description: 'First', license: 'MIT AND ISC' });
    assert.deepEqual(formula('  desc "a #{b}"\n  license :public_domain\n  homepage BASE\n'), {});
    assert.deepEqual(formula('  license any_of: ["MIT", { "GPL-2.0-only" => { with: "x" } }]\n'), {});
  });

  it('never throws and is linear', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseBrewFormula(bytes)));
    assert.deepEqual(formula(`  license any_of: [${'"A", '.repeat(200_000)}`), {});
    assert.deepEqual(formula(`  desc "${'"'.repeat(500_000)}`), {});
  });
});
