import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cataloger } from '../../../src/catalog/index.ts';
import { composerCataloger } from '../../../src/catalog/language/composer.ts';
import { gemCataloger } from '../../../src/catalog/language/gem.ts';
import { otpCataloger } from '../../../src/catalog/language/otp.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

function catalog(cataloger: Cataloger, files: Readonly<Record<string, MemoryEntry>>) {
  const view = memoryView(files, { captures: cataloger.captures });
  const { packages, diagnostics } = cataloger.catalog({ view, distribution: undefined });
  return { packages, codes: diagnostics.map(({ code }) => code), names: packages.map(labelOf).toSorted() };
}

function labelOf({ name, version }: { readonly name: string; readonly version?: string | undefined }): string {
  return version === undefined ? name : `${name}@${version}`;
}

describe('composerCataloger: what other versions of Composer write', () => {
  it('finds the project in the installed.php of Composer 2.0', () => {
    const php =
      "<?php return array (\n  'root' => \n  array (\n    'pretty_version' => '1.2.3',\n    'version' => '1.2.3.0',\n" +
      "    'aliases' => \n    array (\n    ),\n    'reference' => NULL,\n    'name' => 'acme/shop',\n  ),\n" +
      "  'versions' => \n  array (\n    'a/b' => \n    array (\n      'pretty_version' => '9.9.9',\n    ),\n  ),\n);\n";
    assert.deepEqual(catalog(composerCataloger, { 'app/vendor/composer/installed.php': php }).names, ['shop@1.2.3']);
  });
});

describe('otpCataloger: settings of any form', () => {
  it('reads applications whose environment has maps, characters, numbers in other bases, bytes and functions', () => {
    const app = (env: string): string => `{application,demo,[{vsn,"1.2.3"},{env,[${env}]},{applications,[kernel]}]}.`;
    const environments = [
      '{a,#{}}',
      '{a,#{level => info, <<"k">> => [1,2], {x,1} => #{y => z}}}',
      '{a,$a},{b,$\\n},{c,$ }',
      '{a,16#ff},{b,-2#101},{c,1_000_000},{d,1.5e-3}',
      '{a,<<>>},{b,<<1,2,255>>},{c,<<"a"/utf8,10>>},{d,<<"x":8>>},{e,<<"one" "two">>}',
      '{a,fun lists:map/2}',
      "{a,'Elixir.Some.Module'},{b,['Elixir.A',b]}",
    ];
    for (const env of environments) {
      const { names, codes } = catalog(otpCataloger, { 'lib/demo-1.2.3/ebin/demo.app': app(env) });
      assert.deepEqual([names, codes], [['demo@1.2.3'], []], env);
    }
    for (const env of ['{a,#{b}}', '{a,#{b => }}', '{a,99#zz}', '{a,<<b>>}']) {
      const { names, codes } = catalog(otpCataloger, { 'lib/demo-1.2.3/ebin/demo.app': app(env) });
      assert.deepEqual([names, codes], [[], ['malformed-application']], env);
    }
  });
});

describe('gemCataloger: repositories that Bundler checks out', () => {
  const CHECKOUT = 'app/vendor/bundle/ruby/3.1.0/bundler/gems/rails-4c86c67e7747';
  const spec = (name: string, more = ''): string =>
    `# -*- encoding: utf-8 -*-\n# stub: ${name} 7.1.0 ruby lib\n\nGem::Specification.new do |s|\n  s.name = "${name}".freeze\n  s.version = "7.1.0"\n${more}end\n`;

  it('finds all gems of a repository, and no examples in it', () => {
    const needs = '  s.add_runtime_dependency(%q<activefoo>.freeze, [">= 0"])\n';
    const { packages, names } = catalog(gemCataloger, {
      [`${CHECKOUT}/rails.gemspec`]: spec('rails', needs),
      [`${CHECKOUT}/activefoo/activefoo.gemspec`]: spec('activefoo'),
      [`${CHECKOUT}/guides/example.gemspec`]:
        'Gem::Specification.new do |s|\n  s.name = "example"\n  s.version = "1"\nend\n',
      [`${CHECKOUT}/spec/fixtures/deep.gemspec`]: spec('deep'),
    });
    assert.deepEqual(names, ['activefoo@7.1.0', 'rails@7.1.0']);
    const [rails, foo] = ['rails', 'activefoo'].map((name) => packages.find((pkg) => pkg.name === name));
    assert.deepEqual(rails?.dependsOn, [foo?.id]);
    assert.deepEqual([rails?.directories, foo?.directories], [[`/${CHECKOUT}`], [`/${CHECKOUT}/activefoo`]]);
    for (const pkg of [rails, foo]) {
      assert.equal(pkg?.purlKnown, false);
      assert.deepEqual(pkg?.properties, { 'gem:git-revision': '4c86c67e7747' });
    }
  });
});
