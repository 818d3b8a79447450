import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cataloger } from '../../../src/catalog/index.ts';
import { composerCataloger } from '../../../src/catalog/language/composer.ts';
import { gemCataloger } from '../../../src/catalog/language/gem.ts';
import { luarocksCataloger } from '../../../src/catalog/language/luarocks.ts';
import { otpCataloger } from '../../../src/catalog/language/otp.ts';
import { zipArchive } from '../../support/zip-writer.ts';
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
      "{a,fun lists:map/2},{b,fun 'Elixir.String':'upcase!'/1}",
      "{a,'Elixir.Some.Module'},{b,['Elixir.A',b]}",
    ];
    for (const env of environments) {
      const { names, codes } = catalog(otpCataloger, { 'lib/demo-1.2.3/ebin/demo.app': app(env) });
      assert.deepEqual([names, codes], [['demo@1.2.3'], []], env);
    }
    for (const env of ['{a,#{b}}', '{a,#{b => }}', '{a,99#zz}', '{a,<<b>>}']) {
      const { names, codes } = catalog(otpCataloger, { 'lib/demo-1.2.3/ebin/demo.app': app(env) });
      assert.deepEqual([names, codes], [['demo@1.2.3'], ['malformed-application']], env);
    }
    for (const text of ['{application,demo,[{vsn,"1.2.3"', '{other,demo,[{vsn,"1"},{a,<<b>>}]}.', '{vsn,"1"}']) {
      const { names, codes } = catalog(otpCataloger, { 'lib/demo-1.2.3/ebin/demo.app': text });
      assert.deepEqual([names, codes], [[], ['malformed-application']], text);
    }
  });
});

describe('otpCataloger: archives', () => {
  const app = (name: string, version: string, needs = ''): string =>
    `{application,${name},[{vsn,"${version}"},{applications,[${needs}]}]}.`;

  it('finds the applications in them, beside those in folders', () => {
    const head = '#!/usr/bin/env escript\n%%! -smp\n';
    const rebar = {
      'rebar/ebin/rebar.app': app('rebar', '3.22.1', 'getopt'),
      'getopt/ebin/getopt.app': app('getopt', '1.0.2'),
    };
    const { packages, names, codes } = catalog(otpCataloger, {
      'opt/rabbitmq/plugins/mochiweb-2.20.ez': zipArchive({
        'mochiweb-2.20/': '',
        'mochiweb-2.20/ebin/mochiweb.app': app('mochiweb', '2.20', 'cowlib'),
        'mochiweb-2.20/ebin/mochiweb.beam': 'x',
        'mochiweb-2.20/priv/deep/ebin/other.app': app('other', '1'),
      }),
      'opt/rabbitmq/plugins/cowlib-2.12/ebin/cowlib.app': app('cowlib', '2.12'),
      'usr/local/bin/rebar3': zipArchive(rebar, { prefix: head }),
    });
    assert.deepEqual([names, codes], [['cowlib@2.12', 'getopt@1.0.2', 'mochiweb@2.20', 'rebar@3.22.1'], []]);
    const [mochiweb, cowlib, tool, getopt] = ['mochiweb', 'cowlib', 'rebar', 'getopt'].map((name) =>
      packages.find((pkg) => pkg.name === name),
    );
    assert.deepEqual(mochiweb?.dependsOn, [cowlib?.id]);
    assert.deepEqual(mochiweb?.files, ['/opt/rabbitmq/plugins/mochiweb-2.20.ez']);
    assert.equal(mochiweb?.locations[0]?.inside, 'mochiweb-2.20/ebin/mochiweb.app');
    assert.deepEqual(
      [tool?.files, tool?.dependsOn, getopt?.files],
      [['/usr/local/bin/rebar3'], [getopt?.id], undefined],
    );
  });

  it('tells of archives that cannot be read', () => {
    const damaged = { content: app('a', '1'), claims: { crc32: 7 } };
    const files = {
      'x/a-1.ez': 'no archive',
      'x/b-1.ez': zipArchive({ 'a-1/ebin/a.app': damaged }),
      'bin/rebar3': '#!/bin/sh',
    };
    const { names, codes } = catalog(otpCataloger, files);
    assert.deepEqual([names, codes], [[], ['malformed-archive', 'malformed-archive']]);
  });
});

describe('gemCataloger: several Rubies', () => {
  const spec = (name: string, version: string, more = ''): string =>
    `Gem::Specification.new do |s|\n  s.name = "${name}"\n  s.version = "${version}"\n${more}end\n`;

  it('leads no edge from the gems of one to those of another', () => {
    const needs = '  s.add_runtime_dependency("json", [">= 0"])\n  s.add_runtime_dependency("rake", [">= 0"])\n';
    const ruby = (version: string): string => `root/.rbenv/versions/${version}/lib/ruby/gems/${version}/specifications`;
    const { packages } = catalog(gemCataloger, {
      [`${ruby('3.1.0')}/default/json-2.6.1.gemspec`]: spec('json', '2.6.1'),
      [`${ruby('3.1.0')}/rake-13.0.6.gemspec`]: spec('rake', '13.0.6'),
      [`${ruby('3.3.0')}/default/json-2.7.1.gemspec`]: spec('json', '2.7.1'),
      'app/vendor/bundle/ruby/3.3.0/specifications/a-1.gemspec': spec('a', '1', needs),
      'usr/local/bundle/specifications/b-1.gemspec': spec('b', '1', needs),
    });
    const needed = (name: string): readonly string[] =>
      (packages.find((pkg) => pkg.name === name)?.dependsOn ?? []).map((id) => id.slice(id.lastIndexOf('/') + 1));
    assert.deepEqual(needed('a'), ['json-2.7.1.gemspec']);
    assert.deepEqual(needed('b'), ['json-2.6.1.gemspec', 'rake-13.0.6.gemspec']);
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

describe('luarocksCataloger: Fedora', () => {
  it('finds rocks below lib64, with the modules that lie there', () => {
    const { packages, names } = catalog(luarocksCataloger, {
      'usr/local/lib64/luarocks/rocks-5.4/cjson/2.1.0-1/cjson-2.1.0-1.rockspec':
        'package = "cjson"\nversion = "2.1.0-1"\n',
      'usr/local/lib64/luarocks/rocks-5.4/cjson/2.1.0-1/rock_manifest':
        'rock_manifest = { lib = { ["cjson.so"] = "0123" }, lua = { ["cjson.lua"] = "4567" } }\n',
      'usr/local/lib64/lua/5.4/cjson.so': '',
      'usr/local/share/lua/5.4/cjson.lua': '',
    });
    assert.deepEqual(names, ['cjson@2.1.0-1']);
    assert.deepEqual(packages[0]?.files, ['/usr/local/lib64/lua/5.4/cjson.so', '/usr/local/share/lua/5.4/cjson.lua']);
  });
});
