import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { integrityHashes } from '../../../src/catalog/language/integrity.ts';
import { npmCataloger } from '../../../src/catalog/language/npm.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

function catalog(files: Readonly<Record<string, MemoryEntry>>) {
  const view = memoryView(files, { captures: npmCataloger.captures });
  const { packages, diagnostics } = npmCataloger.catalog({ view, distribution: undefined });
  return { packages, diagnostics, byName: new Map(packages.map((pkg) => [pkg.name, pkg])) };
}

const json = (value: unknown): string => JSON.stringify(value);
const named = (name: string, more: object = {}): string => json({ name, version: '1.0.0', ...more });
const SHA512 = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;
const HEX512 = '01'.repeat(64);

describe('npmCataloger: pnpm', () => {
  const store = 'app/node_modules/.pnpm';
  const files = (lock: string) => ({
    'app/package.json': named('app', { dependencies: { b: '*' } }),
    [`${store}/lock.yaml`]: lock,
    [`${store}/@s+a@1.0.0/node_modules/@s/a/package.json`]: named('@s/a'),
    [`${store}/b@1.0.0/node_modules/b/package.json`]: named('b', { dependencies: { '@s/a': '*' } }),
    [`${store}/b@1.0.0/node_modules/@s/a`]: { link: '../../../@s+a@1.0.0/node_modules/@s/a' },
    'app/node_modules/b': { link: '.pnpm/b@1.0.0/node_modules/b' },
  });

  it('gives the scripts that start programs to the packages whose programs they start', () => {
    const tool = named('tool', { bin: { tool: './cli.js', other: 'x.js' } });
    const { packages } = catalog({
      'app/package.json': named('app'),
      [`${store}/tool@1.0.0/node_modules/tool/package.json`]: tool,
      [`${store}/tool@2.0.0/node_modules/tool/package.json`]: tool.replace('1.0.0', '2.0.0'),
      [`${store}/one@1.0.0/node_modules/@s/one/package.json`]: named('@s/one', { bin: 'cli.js' }),
      [`${store}/tool@2.0.0/node_modules/.bin/tool`]: '#!/bin/sh',
      [`${store}/node_modules/.bin/tool`]: '#!/bin/sh',
      [`${store}/node_modules/.bin/one`]: { link: '../x' },
      'app/node_modules/.bin/other': '#!/bin/sh',
      'app/node_modules/.bin/one': '#!/bin/sh',
      'app/node_modules/.bin/one.CMD': '@echo',
      'app/node_modules/.bin/rogue': '#!/bin/sh',
      'app/node_modules/.bin/__proto__': '#!/bin/sh',
      'usr/bin/tool': '#!/bin/sh',
    });
    const owned = Object.fromEntries(packages.map(({ name, version, files }) => [`${name}@${version}`, files]));
    assert.deepEqual(owned, {
      'app@1.0.0': undefined,
      'one@1.0.0': ['/app/node_modules/.bin/one', '/app/node_modules/.bin/one.CMD'],
      'tool@1.0.0': [`/${store}/node_modules/.bin/tool`, '/app/node_modules/.bin/other'].toSorted(),
      'tool@2.0.0': [`/${store}/tool@2.0.0/node_modules/.bin/tool`],
    });
    const large = { 'a/node_modules/tool/package.json': tool, 'a/node_modules/.bin/tool': 'x'.repeat(20_000) };
    assert.equal(catalog(large).packages[0]?.files, undefined);
  });

  for (const [version, lock] of [
    [
      '5',
      `packages:\n\n  /@s/a/1.0.0:\n    resolution: {integrity: ${SHA512}}\n    dev: true\n\n  /b/1.0.0_peer@2.0.0:\n    resolution:\n      integrity: ${SHA512}\n`,
    ],
    [
      '6',
      `packages:\n\n  /@s/a@1.0.0:\n    resolution: {integrity: ${SHA512}}\n    dev: true\n\n  /b@1.0.0(peer@2.0.0):\n    resolution: {integrity: ${SHA512}}\n`,
    ],
  ] as const) {
    it(`reads integrity and development from its lockfile, version ${version}`, () => {
      const { byName, diagnostics } = catalog(files(lock));
      assert.deepEqual(diagnostics, []);
      assert.deepEqual(byName.get('a')?.distributionHashes, [{ algorithm: 'SHA-512', hex: HEX512 }]);
      assert.equal(byName.get('a')?.scope, 'optional');
      assert.deepEqual(byName.get('b')?.distributionHashes, [{ algorithm: 'SHA-512', hex: HEX512 }]);
      assert.deepEqual(byName.get('b')?.dependsOn, [`/${store}/@s+a@1.0.0/node_modules/@s/a`]);
      assert.deepEqual(byName.get('b')?.directories, [`/${store}/b@1.0.0/node_modules/b`]);
      assert.deepEqual(byName.get('app')?.dependsOn, [`/${store}/b@1.0.0/node_modules/b`]);
    });
  }

  describe('lockfile of version 9, which no longer says what is for development', () => {
    const installed = (...names: readonly string[]) =>
      Object.fromEntries(
        names.map((label) => {
          const [name = '', version = ''] = label.split('@');
          return [`${store}/${label}/node_modules/${name}/package.json`, json({ name, version })];
        }),
      );
    const scopes = (lock: string, ...labels: readonly string[]) =>
      Object.fromEntries(
        catalog({ [`${store}/lock.yaml`]: lock, ...installed(...labels) }).packages.map((pkg) => [
          `${pkg.name}@${pkg.version}`,
          pkg.scope,
        ]),
      );
    const lock = `lockfileVersion: '9.0'

importers:

  .:
    dependencies:
      run:
        specifier: ^1.0.0
        version: 1.0.0(peer@2.0.0)
      other:
        specifier: link:packages/other
        version: link:packages/other
    devDependencies:
      test:
        specifier: ^1.0.0
        version: 1.0.0
      alias:
        specifier: npm:@s/real@1.0.0
        version: '@s/real@1.0.0'

  packages/other:
    optionalDependencies:
      maybe:
        specifier: ^1.0.0
        version: 1.0.0

packages:

  run@1.0.0:
    resolution: {integrity: ${SHA512}}

snapshots:

  '@s/real@1.0.0': {}

  both@1.0.0: {}

  both@2.0.0(peer@1.0.0): {}

  both@2.0.0(peer@2.0.0): {}

  loop@1.0.0:
    dependencies:
      run: 1.0.0(peer@2.0.0)

  maybe@1.0.0:
    dependencies:
      gone: 1.0.0
    optional: true

  orphan@1.0.0: {}

  run@1.0.0(peer@2.0.0):
    dependencies:
      both: 2.0.0(peer@2.0.0)
      loop: 1.0.0
    transitivePeerDependencies:
      - test

  test@1.0.0:
    dependencies:
      both: 1.0.0
      test-loop: 1.0.0
    optionalDependencies:
      both2: both@2.0.0(peer@1.0.0)

  test-loop@1.0.0:
    dependencies:
      test: 1.0.0
`;
    const labels = ['both@1.0.0', 'both@2.0.0', 'loop@1.0.0', 'maybe@1.0.0', 'orphan@1.0.0', 'run@1.0.0'] as const;

    it('marks what only development dependencies of all importers reach', () => {
      assert.deepEqual(scopes(lock, ...labels, 'test@1.0.0', 'test-loop@1.0.0'), {
        'both@1.0.0': 'optional',
        'both@2.0.0': undefined,
        'loop@1.0.0': undefined,
        'maybe@1.0.0': undefined,
        'orphan@1.0.0': undefined,
        'run@1.0.0': undefined,
        'test@1.0.0': 'optional',
        'test-loop@1.0.0': 'optional',
      });
      const real = catalog({
        [`${store}/lock.yaml`]: lock,
        [`${store}/@s+real@1.0.0/node_modules/@s/real/package.json`]: named('@s/real'),
      });
      assert.equal(real.packages[0]?.scope, 'optional');
    });

    it('keeps integrity', () => {
      const { packages } = catalog({ [`${store}/lock.yaml`]: lock, ...installed('run@1.0.0') });
      assert.deepEqual(packages[0]?.distributionHashes, [{ algorithm: 'SHA-512', hex: HEX512 }]);
    });

    for (const [what, broken] of [
      ['a key of a snapshot', lock.replace('  loop@1.0.0:', '  ? loop@1.0.0\n  :')],
      ['a dependency', lock.replace('both: 2.0.0(peer@2.0.0)', 'both: &x 2.0.0(peer@2.0.0)')],
      ['a version of an importer', lock.replace('version: 1.0.0(peer@2.0.0)', 'version: >-')],
      ['a group', lock.replace('devDependencies:', '? devDependencies')],
    ] as const) {
      it(`marks nothing where ${what} is written in an unknown way, and says so`, () => {
        const found = catalog({ [`${store}/lock.yaml`]: broken, ...installed('test@1.0.0') });
        assert.deepEqual(
          found.packages.map(({ scope }) => scope),
          [undefined],
        );
        assert.deepEqual(
          found.diagnostics.map(({ code, path }) => [code, path]),
          [['malformed-lockfile', `/${store}/lock.yaml`]],
        );
      });
    }

    it('walks a chain of a hundred thousand snapshots', () => {
      const chain = Array.from(
        { length: 100_000 },
        (_, index) => `  p${index}@1.0.0:\n    dependencies:\n      p${index + 1}: 1.0.0\n`,
      );
      const long = `importers:\n  .:\n    devDependencies:\n      p0:\n        version: 1.0.0\nsnapshots:\n${chain.join('')}  p100000@1.0.0: {}\n`;
      assert.deepEqual(scopes(long, 'p100000@1.0.0'), { 'p100000@1.0.0': 'optional' });
    });

    it('marks nothing, and says so, beyond a million dependencies', () => {
      const edges = '      a: 1.0.0\n'.repeat(1_000_001);
      const large = `importers:\n  .:\n    devDependencies:\n      a:\n        version: 1.0.0\nsnapshots:\n  a@1.0.0:\n    dependencies:\n${edges}`;
      const found = catalog({ [`${store}/lock.yaml`]: large, ...installed('a@1.0.0') });
      assert.equal(found.packages[0]?.scope, undefined);
      assert.deepEqual(
        found.diagnostics.map(({ code }) => code),
        ['malformed-lockfile'],
      );
    });
  });

  it('takes no integrity of another version', () => {
    const { byName } = catalog(files(`packages:\n\n  b@2.0.0:\n    resolution: {integrity: ${SHA512}}\n`));
    assert.equal(byName.get('b')?.distributionHashes, undefined);
  });
});

describe('npmCataloger: Yarn', () => {
  it('reads address and SHA-1 that Yarn 1 leaves', () => {
    const sha1 = 'ab'.repeat(20);
    const { byName } = catalog({
      'app/node_modules/.yarn-integrity': json({
        lockfileEntries: {
          '@s/a@^1.0.0': `https://host.example/npm/@s/a/-/a-1.0.0.tgz#${sha1}`,
          'alias@npm:b@^1': `https://host.example/b/-/b-1.0.0.tgz#${sha1}`,
          'c@git': 'https://host.example/c.git#abc',
        },
      }),
      'app/node_modules/@s/a/package.json': named('@s/a'),
      'app/node_modules/alias/package.json': named('b'),
      'app/node_modules/c/package.json': named('c'),
    });
    assert.deepEqual(byName.get('a')?.distributionHashes, [{ algorithm: 'SHA-1', hex: sha1 }]);
    assert.equal(byName.get('b')?.downloadUrl, 'https://host.example/b/-/b-1.0.0.tgz');
    assert.equal(byName.get('c')?.distributionHashes, undefined);
  });

  it('reads from Yarn 2 what is patched and what is from a repository', () => {
    const { byName } = catalog({
      'app/node_modules/.yarn-state.yml':
        '__metadata:\n  version: 1\n\n"a@patch:a@npm%3A1.0.0#~/.yarn/patches/a.patch::version=1.0.0&hash=0":\n  locations:\n    - "node_modules/a"\n\n"b@https://host.example/b.git#commit=0123456789":\n  locations:\n    - "node_modules/b"\n',
      'app/node_modules/a/package.json': named('a'),
      'app/node_modules/b/package.json': named('b'),
    });
    assert.deepEqual(byName.get('a')?.properties, { 'npm:patched': 'true' });
    assert.deepEqual(byName.get('b')?.qualifiers, { vcs_url: 'git+https://host.example/b.git@0123456789' });
  });

  const map = {
    packageRegistryData: [
      [
        null,
        [[null, { packageLocation: './', packageDependencies: [['a', 'virtual:0a#npm:1.0.0']], linkType: 'SOFT' }]],
      ],
      [
        'a',
        [
          [
            'npm:1.0.0',
            {
              packageLocation: './.yarn/cache/a-npm-1.0.0-0-0.zip/node_modules/a/',
              packageDependencies: [['a', 'npm:1.0.0']],
            },
          ],
          [
            'virtual:0a#npm:1.0.0',
            {
              packageLocation: './.yarn/__virtual__/a-virtual-0/0/cache/a-npm-1.0.0-0-0.zip/node_modules/a/',
              packageDependencies: [
                ['al', ['@s/b', 'npm:2.0.0']],
                ['gone', 'npm:1.0.0'],
                ['x', null],
              ],
            },
          ],
        ],
      ],
      [
        '@s/b',
        [
          [
            'npm:2.0.0',
            { packageLocation: './.yarn/cache/@s-b-npm-2.0.0-0-0.zip/node_modules/@s/b/', packageDependencies: [] },
          ],
        ],
      ],
      [
        'gone',
        [
          [
            'npm:1.0.0',
            { packageLocation: './.yarn/cache/gone-npm-1.0.0-0-0.zip/node_modules/gone/', packageDependencies: [] },
          ],
        ],
      ],
    ],
  };
  const archives = { 'app/.yarn/cache/a-npm-1.0.0-0-0.zip': 'PK', 'app/.yarn/cache/@s-b-npm-2.0.0-0-0.zip': 'PK' };
  const loader = `#!/usr/bin/env node\nconst RAW_RUNTIME_STATE =\n'${JSON.stringify(map, undefined, 1).replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\\n')}';\n\nfunction x() {}\n`;

  for (const [name, content] of [
    ['.pnp.cjs', loader],
    ['.pnp.data.json', json(map)],
  ] as const) {
    it(`reads packages in archives, and edges, from ${name}`, () => {
      const { packages, byName, diagnostics } = catalog({
        'app/package.json': named('app'),
        [`app/${name}`]: content,
        ...(name === '.pnp.cjs' ? {} : { 'app/.pnp.cjs': 'loads the data' }),
        ...archives,
      });
      assert.deepEqual(diagnostics, []);
      assert.deepEqual(
        packages.map((pkg) => `${pkg.namespace ?? ''} ${pkg.name} ${pkg.version}`),
        [' app 1.0.0', ' a 1.0.0', '@s b 2.0.0'],
      );
      assert.deepEqual(byName.get('app')?.dependsOn, [`/app/${name}#a@1.0.0`]);
      assert.deepEqual(byName.get('a')?.dependsOn, [`/app/${name}#@s/b@2.0.0`]);
      assert.deepEqual(byName.get('a')?.locations[1], {
        path: '/app/.yarn/cache/a-npm-1.0.0-0-0.zip',
        inside: 'node_modules/a/package.json',
        layer: 0,
      });
    });
  }

  it('tells when a map has more than any real project', () => {
    const nowhere = ['npm:1.0.0', { packageLocation: './x/', packageDependencies: [] }];
    const flood = Array.from({ length: 100_000 }, () => nowhere);
    const { diagnostics } = catalog({
      ...archives,
      'app/.pnp.data.json': json({ packageRegistryData: [['x', flood], ...map.packageRegistryData] }),
    });
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [['too-many-packages', '/app/.pnp.data.json']],
    );
  });

  it('tells of a map that cannot be read', () => {
    assert.deepEqual(
      catalog({ '.pnp.cjs': 'const x' }).diagnostics.map(({ code }) => code),
      ['malformed-pnp'],
    );
    assert.deepEqual(
      catalog({ 'node_modules/.yarn-integrity': '{' }).diagnostics.map(({ code }) => code),
      ['malformed-lockfile'],
    );
  });

  it('never throws on what installers leave', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json());
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        catalog({
          '.pnp.data.json': a,
          '.pnp.cjs': `const RAW_RUNTIME_STATE =\n'${b}';\n`,
          'node_modules/.yarn-integrity': b,
          'node_modules/.yarn-state.yml': c,
          'node_modules/.pnpm/lock.yaml': `packages:\n  ${c}`,
          'x/node_modules/.pnpm/lock.yaml': `importers:\n  .:\n    ${a}\nsnapshots:\n  ${c}:\n    ${b}`,
        });
      }),
    );
  });
});

describe('npmCataloger: what is no package', () => {
  it("leaves out manifests in a project's tests and examples, but not projects that are called so", () => {
    const { packages } = catalog({
      'app/package.json': named('app'),
      'app/packages/one/package.json': named('one'),
      'app/test/fixtures/x/package.json': named('fixture'),
      'app/packages/one/examples/y/package.json': named('example'),
      'srv/examples/z/package.json': named('z'),
    });
    assert.deepEqual(packages.map(({ name }) => name).toSorted(), ['app', 'one', 'z']);
  });
});

describe('integrityHashes', () => {
  it('keeps whole digests only', () => {
    assert.deepEqual(integrityHashes(`sha1-x ${SHA512}?opt md5-AAAA`), {
      distributionHashes: [{ algorithm: 'SHA-512', hex: HEX512 }],
    });
    assert.deepEqual(integrityHashes('sha512-AAAA'), {});
    assert.deepEqual(integrityHashes(undefined), {});
  });
});
