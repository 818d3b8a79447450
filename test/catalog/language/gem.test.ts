import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { gemCataloger } from '../../../src/catalog/language/gem.ts';
import { compareGemVersions, satisfiesGem } from '../../../src/catalog/language/gem-version.ts';
import { readGemspec } from '../../../src/catalog/language/gemspec.ts';
import type { Package } from '../../../src/packages/index.ts';
import { directoryFiles } from '../../support/directory-files.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

const HOME = 'usr/local/lib/ruby/gems/3.3.0';

function catalog(files: Readonly<Record<string, MemoryEntry>>) {
  const view = memoryView(files, { captures: gemCataloger.captures });
  return gemCataloger.catalog({ view, distribution: undefined });
}

const spec = (name: string, version: string, more = ''): string =>
  `# stub: ${name} ${version} ruby lib\nGem::Specification.new do |s|\n  s.name = "${name}".freeze\n  s.version = "${version}"\n${more}end\n`;

const edges = (packages: readonly Package[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    packages.map((pkg) => [
      `${pkg.name} ${pkg.version}`,
      pkg.dependsOn.map((id) => packages.find((other) => other.id === id)).map((to) => `${to?.name} ${to?.version}`),
    ]),
  );

describe('gemCataloger', () => {
  it('reads licences, people, addresses, platform and the files beside the record', () => {
    const [pkg] = catalog({
      [`${HOME}/specifications/nokogiri-1.15.0-x86_64-linux.gemspec`]: spec(
        'nokogiri',
        '1.15.0',
        '  s.platform = "x86_64-linux".freeze\n  s.licenses = ["MIT".freeze, "Apache-2.0".freeze]\n  s.authors = ["Ann \\u00C5".freeze, "Bob".freeze]\n  s.homepage = "https://nokogiri.example".freeze\n  s.metadata = { "source_code_uri" => "https://git.example/n" } if s.respond_to? :metadata=\n  s.executables = ["nokogiri".freeze]\n  s.summary = "an XML \\"reader\\"".freeze\n',
      ),
      [`${HOME}/gems/nokogiri-1.15.0-x86_64-linux/lib/a.rb`]: '',
      [`${HOME}/extensions/x86_64-linux/3.3.0/nokogiri-1.15.0-x86_64-linux/gem.build_complete`]: '',
      [`${HOME}/bin/nokogiri`]: '',
      [`${HOME}/cache/nokogiri-1.15.0-x86_64-linux.gem`]: 'archive',
    }).packages;
    assert.deepEqual(pkg?.qualifiers, { platform: 'x86_64-linux' });
    assert.deepEqual(pkg.licenses, [{ value: 'MIT' }, { value: 'Apache-2.0' }]);
    assert.equal(pkg.author, 'Ann Å, Bob');
    assert.equal(pkg.description, 'an XML "reader"');
    assert.deepEqual([pkg.homepage, pkg.sourceUrl], ['https://nokogiri.example', 'https://git.example/n']);
    assert.deepEqual(pkg.directories, [
      `/${HOME}/extensions/x86_64-linux/3.3.0/nokogiri-1.15.0-x86_64-linux`,
      `/${HOME}/gems/nokogiri-1.15.0-x86_64-linux`,
    ]);
    assert.deepEqual(pkg.files, [
      `/${HOME}/bin/nokogiri`,
      `/${HOME}/cache/nokogiri-1.15.0-x86_64-linux.gem`,
      `/${HOME}/specifications/nokogiri-1.15.0-x86_64-linux.gemspec`,
    ]);
    assert.equal(pkg.distributionHashes?.[0]?.algorithm, 'SHA-256');
  });

  it('follows requirements to the newest version that fits, in its home, then in those of a Ruby', () => {
    const app = 'app/vendor/bundle/ruby/3.3.0';
    const { packages } = catalog({
      [`${app}/specifications/a-1.0.gemspec`]: spec(
        'a',
        '1.0',
        '  s.add_runtime_dependency(%q<b>.freeze, ["~> 1.2".freeze, "< 1.9"])\n  s.add_dependency("json", [">= 2"])\n  s.add_development_dependency("c", [">= 0"])\n',
      ),
      [`${app}/specifications/b-1.2.gemspec`]: spec('b', '1.2'),
      [`${app}/specifications/b-1.8.1.gemspec`]: spec('b', '1.8.1'),
      [`${app}/specifications/b-2.0.gemspec`]: spec('b', '2.0'),
      [`${app}/specifications/c-1.gemspec`]: spec('c', '1'),
      [`${HOME}/specifications/default/json-2.9.gemspec`]: spec('json', '2.9'),
    });
    assert.deepEqual(edges(packages)['a 1.0'], ['b 1.8.1', 'json 2.9']);
  });

  it('lists what a default gem has in the folder of Ruby itself', () => {
    const [pkg] = catalog({
      [`${HOME}/specifications/default/csv-3.2.gemspec`]: spec(
        'csv',
        '3.2',
        '  s.files = ["lib/csv.rb".freeze, "lib/../../x".freeze]\n',
      ),
      'usr/local/lib/ruby/3.3.0/csv.rb': '',
    }).packages;
    assert.deepEqual(pkg?.files, [
      '/usr/local/lib/ruby/3.3.0/csv.rb',
      `/${HOME}/specifications/default/csv-3.2.gemspec`,
    ]);
    assert.deepEqual(pkg.properties, { 'gem:default': 'true' });
  });
});

describe('readGemspec', () => {
  it('drops what is computed and keeps the rest', () => {
    const found = readGemspec(
      'spec.name = \'a\'\nspec.version = "1.#{minor}"\nspec.license = \'MIT\'\nspec.homepage = "https://#{host}"\nspec.authors = %w[Ann Bob]\nspec.summary = %q{One}\n',
    );
    assert.deepEqual(
      [found.name, found.version, found.licenses, found.homepage, found.authors, found.summary],
      ['a', undefined, ['MIT'], undefined, ['Ann', 'Bob'], 'One'],
    );
  });

  it('never throws and takes linear time', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readGemspec(text)));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('s.files = [', '"', "'", '#{', '\\', '%q<', ' ', '\n', 's.name =', ']', ',')),
        (parts) => void readGemspec(parts.join('')),
      ),
    );
    readGemspec(' '.repeat(1_000_000));
    readGemspec('s.name = ['.repeat(100_000));
    readGemspec(`s.name = [\n`.repeat(20_000));
  });
});

describe('satisfiesGem', () => {
  it('knows the ranges of RubyGems', () => {
    assert.ok(satisfiesGem('1.2.9', ['~> 1.2.3']));
    assert.ok(!satisfiesGem('1.3', ['~> 1.2.3']));
    assert.ok(satisfiesGem('1.9', ['~> 1.2']));
    assert.ok(satisfiesGem('2.0', ['>= 1', '!= 2.1']));
    assert.ok(!satisfiesGem('2.0.rc1', ['>= 2.0']));
    assert.ok(compareGemVersions('1.0.10', '1.0.9') > 0);
    assert.equal(compareGemVersions('1.0', '1'), 0);
  });
});

describe('gemCataloger equals gem list', () => {
  const run = spawnSync('gem', ['list', '--all', '--local'], { encoding: 'utf8' });
  const paths = spawnSync('gem', ['env', 'gempath'], { encoding: 'utf8' });
  const skip = run.status !== 0 && 'gem is not installed';
  it('on this machine', { skip }, () => {
    const files: Record<string, MemoryEntry> = {};
    for (const home of new Set(paths.stdout.trim().split(':'))) {
      if (!existsSync(`${home}/specifications`)) continue;
      for (const [path, entry] of Object.entries(directoryFiles(`${home}/specifications`, () => true))) {
        files[`${home.slice(1)}/specifications/${path}`] = entry;
      }
    }
    const expected = run.stdout
      .split('\n')
      .flatMap((line) => {
        const [, name, versions = ''] = /^(\S+) \((.*)\)$/.exec(line) ?? [];
        return versions.split(', ').map((version) => `${name} ${version.replace('default: ', '').split(' ')[0]}`);
      })
      .filter((line) => !line.startsWith('undefined'));
    const found = new Set(catalog(files).packages.map(({ name, version }) => `${name} ${version}`));
    assert.ok(found.size > 20);
    assert.deepEqual([...found].toSorted(), [...new Set(expected)].toSorted());
  });
});
