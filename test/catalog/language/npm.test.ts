import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { npmCataloger } from '../../../src/catalog/language/npm.ts';
import { parseNpmManifest } from '../../../src/catalog/language/npm-manifest.ts';
import { createNpmResolver } from '../../../src/catalog/language/npm-resolve.ts';
import type { Package } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

function catalog(files: Readonly<Record<string, MemoryEntry>>) {
  const view = memoryView(files, { captures: npmCataloger.captures });
  return npmCataloger.catalog({ view, distribution: undefined });
}

const label = (pkg: Package): string =>
  `${pkg.namespace === undefined ? '' : `${pkg.namespace}/`}${pkg.name}@${pkg.version}`;
const labels = (files: Readonly<Record<string, MemoryEntry>>): readonly string[] => catalog(files).packages.map(label);
const json = (value: unknown): string => JSON.stringify(value);
const named = (name: string, more: object = {}): string => json({ name, version: '1.0.0', ...more });

describe('npmCataloger: what is a package', () => {
  it('finds projects, installed packages, scopes, nested packages and pnpm stores', () => {
    assert.deepEqual(
      labels({
        'app/package.json': named('app'),
        'app/node_modules/a/package.json': named('a'),
        'app/node_modules/@s/b/package.json': named('@s/b'),
        'app/node_modules/a/node_modules/c/package.json': named('c'),
        'app/node_modules/.pnpm/d@1.0.0/node_modules/d/package.json': named('d'),
      }),
      ['d@1.0.0', '@s/b@1.0.0', 'c@1.0.0', 'a@1.0.0', 'app@1.0.0'],
    );
  });

  it('says nothing of a manifest without version in the tests of a package', () => {
    const { packages, diagnostics } = catalog({
      'app/node_modules/a/package.json': named('a'),
      'app/node_modules/a/test/fixture/node_modules/b/package.json': json({ name: 'b' }),
      'app/node_modules/c/package.json': json({ name: 'c' }),
    });
    assert.deepEqual(packages.map(label), ['a@1.0.0']);
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [['version-unknown', '/app/node_modules/c/package.json']],
    );
  });

  it('takes no package for installed that another one brought for its tests, unless a lockfile has it', () => {
    const fixtures = 'app/node_modules/@s/core/test/fixtures/plugins/node_modules';
    const files = {
      'app/node_modules/@s/core/package.json': named('@s/core'),
      [`${fixtures}/bad/package.json`]: named('bad'),
      [`${fixtures}/bad/node_modules/worse/package.json`]: named('worse'),
      // names and folders that only look like it
      'app/node_modules/test/node_modules/a/package.json': named('a'),
      'app/node_modules/@s/core/vendor/node_modules/b/package.json': named('b'),
      'app/test/node_modules/c/package.json': named('c'),
      'app/node_modules/.pnpm/spec@1.0.0/node_modules/spec/package.json': named('spec'),
    };
    assert.deepEqual(labels(files).toSorted(), ['@s/core@1.0.0', 'a@1.0.0', 'b@1.0.0', 'c@1.0.0', 'spec@1.0.0']);
    const lock = json({
      packages: { 'node_modules/@s/core/test/fixtures/plugins/node_modules/bad': { version: '1.0.0' } },
    });
    assert.ok(labels({ ...files, 'app/node_modules/.package-lock.json': lock }).includes('bad@1.0.0'));
  });

  it('takes no project for one that a package of Python or Ruby brought for its tests', () => {
    assert.deepEqual(
      labels({
        'venv/lib/python3.11/site-packages/lab/tests/mock/package.json': named('mock'),
        'usr/share/gems/gems/rails-7.0/test/dummy/package.json': named('dummy'),
        'venv/lib/python3.11/site-packages/lab/staging/package.json': named('staging'),
      }),
      ['staging@1.0.0'],
    );
  });

  it('leaves out stubs, fixtures inside packages, hidden folders and files without name or version', () => {
    const { packages, diagnostics } = catalog({
      'app/node_modules/a/package.json': named('a'),
      'app/node_modules/a/esm/package.json': json({ type: 'module' }),
      'app/node_modules/a/test/fixture/package.json': named('fixture'),
      'app/node_modules/@s/b/dist/package.json': named('inner'),
      'app/node_modules/.cache/package.json': named('cache'),
      'app/node_modules/@s/package.json': named('scope'),
      'app/dist/package.json': json({ name: 'no-version' }),
      'app/esm/package.json': json({ version: '1.0.0' }),
    });
    assert.deepEqual(packages.map(label), ['a@1.0.0']);
    assert.deepEqual(diagnostics, []);
  });

  it('takes VS Code extensions and Unity packages for what they are, outside node_modules only', () => {
    assert.deepEqual(
      labels({
        'ext/package.json': named('extension', { engines: { vscode: '^1.0.0' } }),
        'unity/package.json': named('com.unity.x', { unity: '2020.1' }),
        'app/node_modules/vscode-client/package.json': named('vscode-client', { engines: { vscode: '^1.0.0' } }),
      }),
      ['vscode-client@1.0.0'],
    );
  });

  it("knows Debian's folder of packages and resolves into it", () => {
    const packages = [
      ...catalog({
        'usr/share/nodejs/a/package.json': named('a', { dependencies: { b: '*' } }),
        'usr/share/nodejs/b/package.json': named('b'),
        'usr/share/nodejs/b/helpers/package.json': named('helpers'),
        'usr/lib/x86_64-linux-gnu/nodejs/c/package.json': named('c', { dependencies: { a: '*' } }),
      }).packages,
    ];
    assert.deepEqual(packages.map(label), ['c@1.0.0', 'a@1.0.0', 'b@1.0.0']);
    assert.deepEqual(packages.shift()?.dependsOn, ['/usr/share/nodejs/a']);
    assert.deepEqual(packages[0]?.dependsOn, ['/usr/share/nodejs/b']);
    assert.equal(packages[0].firstParty, undefined);
  });

  it('marks projects as first-party and claims no purl for private ones', () => {
    const { packages } = catalog({
      'app/package.json': named('app', { private: true }),
      'tool/package.json': named('tool'),
      'tool/node_modules/a/package.json': named('a', { private: true }),
    });
    assert.deepEqual(
      packages.map(({ name, firstParty, purlKnown }) => [name, firstParty, purlKnown]),
      [
        ['app', true, false],
        ['a', undefined, undefined],
        ['tool', true, undefined],
      ],
    );
  });
});

describe('npmCataloger: fields', () => {
  const one = (more: object): Package => {
    const [pkg] = catalog({
      'node_modules/a/package.json': named('a', more),
      'node_modules/a/LICENSE.txt': 'text',
    }).packages;
    assert.ok(pkg);
    return pkg;
  };

  it('reads licences as text, object, array, and a reference to a file', () => {
    assert.deepEqual(one({ license: ' MIT ' }).licenses, [{ value: 'MIT' }]);
    assert.deepEqual(one({ license: { type: 'ISC', url: 'x' } }).licenses, [{ value: 'ISC' }]);
    assert.deepEqual(one({ licenses: [{ type: 'MIT' }, 'Apache-2.0', 3] }).licenses, [
      { value: 'MIT' },
      { value: 'Apache-2.0' },
    ]);
    assert.deepEqual(one({ license: 'SEE LICENSE IN LICENSE.txt' }).licenses, [
      { value: 'SEE LICENSE IN LICENSE.txt', location: { path: '/node_modules/a/LICENSE.txt', layer: 0 } },
    ]);
    assert.deepEqual(one({ license: 'SEE LICENSE IN ../../etc/passwd' }).licenses, [
      { value: 'SEE LICENSE IN ../../etc/passwd' },
    ]);
  });

  it('takes the licence from the one licence file of a manifest that names none, or from the named one, where its text is certain', () => {
    const mit = readFileSync(new URL('../../../node_modules/ajv/LICENSE', import.meta.url), 'utf8');
    const licensesOf = (more: object, files: Readonly<Record<string, string>>) =>
      catalog({ 'app/node_modules/@s/a/package.json': named('@s/a', more), ...files }).packages[0]?.licenses;
    const folder = 'app/node_modules/@s/a';
    const at = (name: string) => ({ value: 'MIT', location: { path: `/${folder}/${name}`, layer: 0 } });
    assert.deepEqual(licensesOf({}, { [`${folder}/LICENSE`]: mit }), [at('LICENSE')]);
    assert.deepEqual(licensesOf({}, { [`${folder}/license.md`]: mit }), [at('license.md')]);
    assert.deepEqual(licensesOf({ license: 'SEE LICENSE IN LICENSE.md' }, { [`${folder}/LICENSE.md`]: mit }), [
      at('LICENSE.md'),
    ]);
    assert.deepEqual(licensesOf({ license: 'ISC' }, { [`${folder}/LICENSE`]: mit }), [{ value: 'ISC' }]);
    // nothing certain: another text, two files, a file of another package, no file
    assert.deepEqual(licensesOf({}, { [`${folder}/LICENSE`]: `${mit} but not on Sundays` }), []);
    assert.deepEqual(licensesOf({}, { [`${folder}/LICENSE`]: mit, [`${folder}/LICENSE.txt`]: 'x' }), []);
    assert.deepEqual(licensesOf({}, { [`${folder}/lib/LICENSE`]: mit }), []);
    assert.deepEqual(licensesOf({}, {}), []);
  });

  it('reads lockfiles of an image until they hold more than any real image has, and tells where it stopped', () => {
    const lock = (count: number): string =>
      json({
        packages: Object.fromEntries(
          Array.from({ length: count }, (_, index) => [`node_modules/p${index}`, { dependencies: { a: '1' } }]),
        ),
      });
    const { packages, diagnostics } = catalog({
      'a/node_modules/.package-lock.json': lock(300_000),
      'b/node_modules/.package-lock.json': lock(300_000),
      'c/node_modules/.package-lock.json': lock(1),
      'c/node_modules/a/package.json': named('a'),
    });
    assert.equal(packages.length, 1);
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [['lockfiles-too-large', '/b/node_modules/.package-lock.json']],
    );
  });

  it('reads 64 MiB of what pnpm and Yarn leave', () => {
    const lock = `lockfileVersion: 5\n#${' '.repeat(30 * 1024 * 1024)}`;
    const { diagnostics } = catalog({
      'a/node_modules/.pnpm/lock.yaml': lock,
      'b/node_modules/.pnpm/lock.yaml': lock,
      'c/node_modules/.pnpm/lock.yaml': lock,
    });
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [['malformed-lockfile', '/c/node_modules/.pnpm/lock.yaml']],
    );
  });

  it('takes no time for authors made to take some', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}"Bob"${']'.repeat(depth)}`;
    const packages = [40, 100_000].map((depth) => `{"name":"x","version":"1","author":${nested(depth)}}`);
    packages.push(
      ...Array<string>(500).fill(JSON.stringify({ name: 'x', version: '1', author: `a${' '.repeat(8000)}b` })),
    );
    const started = performance.now();
    const authors = packages.map((text) => {
      const read = parseNpmManifest(Buffer.from(text));
      return 'manifest' in read ? read.manifest.author : read.problem;
    });
    assert.deepEqual(authors.slice(0, 2), [undefined, undefined]);
    assert.ok(performance.now() - started < 5000, 'backtracking takes half a minute');
  });

  it('reads authors of any shape', () => {
    assert.equal(one({ author: 'Ann <ann@example.com> (https://example.com)' }).author, 'Ann <ann@example.com>');
    assert.equal(one({ author: { name: 'Ann', email: 'ann@example.com' } }).author, 'Ann <ann@example.com>');
    assert.equal(one({ author: [{}, { name: 'Bob' }] }).author, 'Bob');
    assert.equal(one({ author: 7 }).author, undefined);
    assert.equal(one({ author: 'Ann (a) (b)' }).author, 'Ann (a)');
    assert.equal(one({ author: '(Ann)' }).author, '(Ann)');
    assert.equal(one({ author: 'Ann (Bob' }).author, 'Ann (Bob');
  });

  it('writes repositories as addresses and takes credentials out of them', () => {
    assert.equal(one({ repository: 'user/repo' }).sourceUrl, 'https://github.com/user/repo');
    assert.equal(one({ repository: 'gitlab:user/repo.git' }).sourceUrl, 'https://gitlab.com/user/repo');
    assert.equal(
      one({ repository: { url: 'git+https://github.com/u/r.git' } }).sourceUrl,
      'https://github.com/u/r.git',
    );
    assert.equal(one({ repository: { url: 'git@github.com:u/r.git' } }).sourceUrl, 'ssh://git@github.com/u/r.git');
    assert.equal(one({ homepage: 'https://me:secret@example.com/x' }).homepage, 'https://example.com/x');
    assert.equal(one({ homepage: 'javascript:alert(1)' }).homepage, undefined);
  });
});

describe('npmCataloger: edges and the hidden lockfile', () => {
  const tree = {
    'app/package.json': named('app', {
      dependencies: { a: '*' },
      devDependencies: { d: '*' },
      peerDependencies: { missing: '*' },
    }),
    'app/node_modules/a/package.json': named('a', { dependencies: { c: '*' }, optionalDependencies: { e: '*' } }),
    'app/node_modules/a/node_modules/c/package.json': json({ name: 'c', version: '2.0.0' }),
    'app/node_modules/c/package.json': named('c'),
    'app/node_modules/d/package.json': named('d', {
      dependencies: { c: '*' },
      devDependencies: { a: '*' },
      peerDependencies: { a: '*' },
    }),
  };

  it('resolves names as Node does: nearest folder first', () => {
    const edges = new Map(catalog(tree).packages.map(({ id, dependsOn }) => [id, dependsOn]));
    assert.deepEqual(edges.get('/app'), ['/app/node_modules/a', '/app/node_modules/d']);
    assert.deepEqual(edges.get('/app/node_modules/a'), ['/app/node_modules/a/node_modules/c']);
    assert.deepEqual(edges.get('/app/node_modules/d'), ['/app/node_modules/a', '/app/node_modules/c']);
  });

  it('follows links of workspaces and pnpm', () => {
    const { packages } = catalog({
      'app/package.json': named('app', { dependencies: { w: '*', '@s/p': '*' } }),
      'app/packages/w/package.json': named('w'),
      'app/node_modules/w': { link: '../packages/w' },
      'app/node_modules/@s/p': { link: '../.pnpm/p@1/node_modules/@s/p' },
      'app/node_modules/.pnpm/p@1/node_modules/@s/p/package.json': named('@s/p'),
    });
    assert.deepEqual(packages.find(({ name }) => name === 'app')?.dependsOn, [
      '/app/node_modules/.pnpm/p@1/node_modules/@s/p',
      '/app/packages/w',
    ]);
  });

  it('takes integrity, address, scope and names from the lockfile', () => {
    const lock = json({
      lockfileVersion: 3,
      packages: {
        'node_modules/a': {
          version: '1.0.0',
          resolved: 'https://example.com/a.tgz',
          integrity: 'sha512-x',
          dependencies: { d: '*' },
        },
        'node_modules/d': { version: '1.0.0', dev: true, resolved: 'git+ssh://git@example.com/d.git#abc' },
      },
    });
    const { packages, diagnostics } = catalog({ ...tree, 'app/node_modules/.package-lock.json': lock });
    const a = packages.find(({ id }) => id === '/app/node_modules/a');
    assert.deepEqual(a?.dependsOn, ['/app/node_modules/d']);
    assert.equal(a.downloadUrl, 'https://example.com/a.tgz');
    assert.deepEqual(a.properties, { 'npm:integrity': 'sha512-x' });
    const d = packages.find(({ id }) => id === '/app/node_modules/d');
    assert.equal(d?.scope, 'optional');
    assert.deepEqual(d.qualifiers, { vcs_url: 'git+ssh://git@example.com/d.git@abc' });
    assert.deepEqual(diagnostics, []);
  });

  it('takes versions as the registry has them, whatever sign is before them', () => {
    for (const [written, version] of [
      ['v1.2.3', '1.2.3'],
      ['=1.2.3-rc.1', '1.2.3-rc.1'],
      ['= v1.2.3', '1.2.3'],
      ['1.2.3', '1.2.3'],
      ['v1', 'v1'],
      ['version', 'version'],
    ] as const) {
      const { packages, diagnostics } = catalog({
        'app/node_modules/.package-lock.json': json({ packages: { 'node_modules/a': { version } } }),
        'app/node_modules/a/package.json': json({ name: 'a', version: written }),
      });
      assert.deepEqual([packages[0]?.version, diagnostics], [version, []], written);
    }
  });

  it('does not believe a lockfile that is stale or broken', () => {
    const lock = json({ packages: { 'node_modules/a': { version: '9.9.9', integrity: 'sha512-x' } } });
    const stale = catalog({ ...tree, 'app/node_modules/.package-lock.json': lock });
    assert.deepEqual(
      stale.diagnostics.map(({ code }) => code),
      ['stale-lockfile'],
    );
    assert.equal(stale.packages.find(({ name }) => name === 'a')?.properties, undefined);
    const broken = catalog({ ...tree, 'app/node_modules/.package-lock.json': '{"packages":' });
    assert.deepEqual(
      broken.diagnostics.map(({ code }) => code),
      ['malformed-lockfile'],
    );
    assert.equal(broken.packages.length, 5);
  });
});

describe('npmCataloger: bad input', () => {
  it('notes malformed files and goes on', () => {
    const { packages, diagnostics } = catalog({
      'node_modules/a/package.json': '{"name": "a",',
      'node_modules/b/package.json': '[]',
      'node_modules/c/package.json': named('../c'),
      'node_modules/d/package.json': `${named('d')}\n${named('e')}`,
      'node_modules/f/package.json': json({ name: 'f' }),
      'node_modules/g/package.json': `\ufeff${named('g')}`,
    });
    assert.deepEqual(packages.map(label), ['d@1.0.0', 'g@1.0.0']);
    assert.deepEqual(
      diagnostics.map(({ code, path }) => `${code} ${path}`),
      [
        'malformed-package-json /node_modules/a/package.json',
        'malformed-package-json /node_modules/b/package.json',
        'invalid-name /node_modules/c/package.json',
        'several-documents /node_modules/d/package.json',
        'version-unknown /node_modules/f/package.json',
      ],
    );
  });

  it('survives any JSON and any bytes, prototype names included', () => {
    const keys = fc.constantFrom(
      'name',
      'version',
      'license',
      'licenses',
      'author',
      'repository',
      'dependencies',
      '__proto__',
      'engines',
    );
    const value = fc.jsonValue().map((item) => JSON.stringify(item));
    fc.assert(
      fc.property(fc.dictionary(keys, value), fc.uint8Array({ maxLength: 60 }), (members, noise) => {
        const text = `{${Object.entries(members)
          .map(([key, item]) => `${JSON.stringify(key)}:${item}`)
          .join(',')}}`;
        for (const bytes of [Buffer.from(text), noise, Buffer.concat([Buffer.from(text), noise])])
          parseNpmManifest(bytes);
        catalog({
          'node_modules/a/package.json': text,
          'node_modules/.package-lock.json': `{"packages":{"node_modules/a":${text}}}`,
        });
      }),
    );
  });

  it('stops resolving when a made-up tree uses up the budget of look-ups', () => {
    const view = memoryView({
      'node_modules/a/node_modules/b/package.json': '{}',
      'node_modules/c/package.json': '{}',
    });
    const resolver = createNpmResolver(view, new Set(['node_modules/a/node_modules/b', 'node_modules/c']), 3);
    assert.equal(resolver.resolve('node_modules/a', 'c'), 'node_modules/c');
    assert.equal(resolver.exhausted, false);
    assert.equal(resolver.resolve('node_modules/a', 'c'), undefined);
    assert.equal(resolver.exhausted, true);
  });

  it('survives deep nesting', () => {
    const deep = '['.repeat(200_000);
    const { diagnostics } = catalog({
      'node_modules/a/package.json': deep,
      'node_modules/b/package.json': `{"a":${deep}`,
    });
    assert.equal(diagnostics.length, 2);
  });
});
