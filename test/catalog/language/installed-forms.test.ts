import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cataloger } from '../../../src/catalog/index.ts';
import { composerCataloger } from '../../../src/catalog/language/composer.ts';
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
