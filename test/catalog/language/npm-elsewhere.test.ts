import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { npmCataloger } from '../../../src/catalog/language/npm.ts';
import { npmSource } from '../../../src/catalog/language/npm-source.ts';
import { packagePurl } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

function catalog(files: Readonly<Record<string, MemoryEntry>>) {
  const view = memoryView(files, { captures: npmCataloger.captures });
  const { packages, diagnostics } = npmCataloger.catalog({ view, distribution: undefined });
  assert.deepEqual(diagnostics, []);
  return new Map(packages.map((pkg) => [pkg.name, pkg]));
}

const json = (value: unknown): string => JSON.stringify(value);
const named = (name: string, more: object = {}): string => json({ name, version: '1.0.0', ...more });
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const SHA512 = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;

describe('npmSource', () => {
  const git = `git+https://git.example/o/r.git@${COMMIT}`;
  const ssh = `git+ssh://git@git.example/o/r.git@${COMMIT}`;
  for (const [resolved, qualifiers] of [
    [undefined, undefined],
    ['https://registry.example/a/-/a-1.0.0.tgz', undefined],
    ['https://registry.example/@s/a/-/@s/a-1.0.0.tgz', undefined],
    // a registry all the same
    ['https://npm.pkg.github.com/download/@s/a/1.0.0/0123456789abcdef', undefined],
    ['file:../a.tgz', undefined],
    ['file:../a', undefined],
    ['', undefined],
    [`git+https://git.example/o/r.git#${COMMIT}`, { vcs_url: git }],
    ['git+https://git.example/o/r.git', { vcs_url: 'git+https://git.example/o/r.git' }],
    ['git+https://git.example/o/r.git#semver:^1 || 2', { vcs_url: 'git+https://git.example/o/r.git' }],
    [`git+https://user:secret@git.example/o/r.git#${COMMIT}`, { vcs_url: git }],
    [`git://git.example/o/r.git#${COMMIT}`, { vcs_url: `git+git://git.example/o/r.git@${COMMIT}` }],
    [`git+ssh://git@git.example/o/r.git#${COMMIT}`, { vcs_url: ssh }],
    [`git@git.example:o/r.git#${COMMIT}`, { vcs_url: ssh }],
    [`git+ssh://git@git.example:o/r.git#${COMMIT}`, { vcs_url: ssh }],
    [`git+ssh://git@git.example:22/o/r.git`, { vcs_url: 'git+ssh://git@git.example:22/o/r.git' }],
    [`https://codeload.github.com/o/r/tar.gz/${COMMIT}`, { vcs_url: `git+https://github.com/o/r.git@${COMMIT}` }],
    [
      `https://gitlab.com/api/v4/projects/o%2Fr/repository/archive.tar.gz?ref=${COMMIT}`,
      { vcs_url: `git+https://gitlab.com/o/r.git@${COMMIT}` },
    ],
    [`https://bitbucket.org/o/r/get/${COMMIT}.tar.gz`, { vcs_url: `git+https://bitbucket.org/o/r.git@${COMMIT}` }],
    ['https://cdn.example/xlsx-0.20.3.tgz', { download_url: 'https://cdn.example/xlsx-0.20.3.tgz' }],
    ['https://u:p@cdn.example/a.tar.gz?x=1', { download_url: 'https://cdn.example/a.tar.gz?x=1' }],
  ] as const) {
    it(`reads ${resolved ?? 'nothing'}`, () => assert.deepEqual(npmSource(resolved).qualifiers, qualifiers));
  }
});

describe('npmCataloger: packages from elsewhere than a registry', () => {
  const url = `https://codeload.github.com/o/git-dep/tar.gz/${COMMIT}`;
  const locks = {
    '5': `packages:

  /plain/1.0.0:
    resolution: {integrity: ${SHA512}}
    dev: false

  '@cdn.example/tar-dep.tgz':
    resolution: {tarball: https://cdn.example/tar-dep.tgz}
    name: tar-dep
    version: 1.0.0
    dev: true

  file:../folder:
    resolution: {directory: ../folder, type: directory}
    name: folder
    version: 1.0.0

  git.example/o/cloned/${COMMIT}:
    resolution: {commit: ${COMMIT}, repo: 'ssh://git@git.example/o/cloned.git', type: git}
    name: cloned
    version: 1.0.0

  github.com/o/git-dep/${COMMIT}:
    resolution:
      tarball: ${url}
    name: git-dep
    version: 1.0.0
`,
    '9': `importers:

  .:
    dependencies:
      git-dep:
        specifier: github:o/git-dep
        version: ${url}
    devDependencies:
      tar-dep:
        specifier: https://cdn.example/tar-dep.tgz
        version: https://cdn.example/tar-dep.tgz

packages:

  cloned@git+ssh://git@git.example/o/cloned.git#${COMMIT}:
    resolution: {commit: ${COMMIT}, repo: ssh://git@git.example/o/cloned.git, type: git}
    version: 1.0.0

  folder@file:../folder:
    resolution: {directory: ../folder, type: directory}

  git-dep@${url}:
    resolution: {tarball: ${url}}
    version: 1.0.0

  plain@1.0.0:
    resolution: {integrity: ${SHA512}}

  tar-dep@https://cdn.example/tar-dep.tgz:
    resolution: {integrity: ${SHA512}, tarball: https://cdn.example/tar-dep.tgz}
    version: 1.0.0

snapshots:

  git-dep@${url}: {}

  tar-dep@https://cdn.example/tar-dep.tgz: {}
`,
  } as const;
  const store = 'app/node_modules/.pnpm';
  for (const [version, lock] of Object.entries(locks)) {
    it(`is told by pnpm's lockfile of version ${version}`, () => {
      const found = catalog({
        [`${store}/lock.yaml`]: lock,
        ...Object.fromEntries(
          ['plain', 'tar-dep', 'folder', 'cloned', 'git-dep'].map((name) => [
            `${store}/${name}@${name === 'plain' ? '1.0.0' : 'elsewhere'}/node_modules/${name}/package.json`,
            named(name),
          ]),
        ),
      });
      assert.deepEqual(
        [...found].map(([name, { qualifiers }]) => [name, qualifiers]),
        [
          ['cloned', { vcs_url: `git+ssh://git@git.example/o/cloned.git@${COMMIT}` }],
          ['folder', undefined],
          ['git-dep', { vcs_url: `git+https://github.com/o/git-dep.git@${COMMIT}` }],
          ['plain', undefined],
          ['tar-dep', { download_url: 'https://cdn.example/tar-dep.tgz' }],
        ],
      );
      assert.equal(found.get('git-dep')?.downloadUrl, url);
      assert.equal(found.get('tar-dep')?.scope, 'optional');
      assert.equal(found.get('git-dep')?.scope, undefined);
      assert.equal(found.get('folder')?.firstParty, true);
      assert.equal(found.get('plain')?.distributionHashes?.length, 1);
    });
  }

  it('is told apart from the same name and version of the registry by the name of its folder', () => {
    const lock = `packages:\n\n  a@1.0.0:\n    resolution: {integrity: ${SHA512}}\n\n  a@https://cdn.example/a.tgz:\n    resolution: {tarball: https://cdn.example/a.tgz}\n    version: 1.0.0\n`;
    const folders = ['a@1.0.0', 'a@https+++cdn.example+a.tgz'].map((name) => `${store}/${name}/node_modules/a`);
    const view = memoryView(
      {
        [`${store}/lock.yaml`]: lock,
        ...Object.fromEntries(folders.map((path) => [`${path}/package.json`, named('a')])),
      },
      { captures: npmCataloger.captures },
    );
    const { packages } = npmCataloger.catalog({ view, distribution: undefined });
    assert.deepEqual(
      packages.map(({ id, qualifiers }) => [id, qualifiers]),
      [
        [`/${folders[0]}`, undefined],
        [`/${folders[1]}`, { download_url: 'https://cdn.example/a.tgz' }],
      ],
    );
  });

  it('is told by what Yarn 1 leaves', () => {
    const found = catalog({
      'app/node_modules/.yarn-integrity': json({
        lockfileEntries: {
          'cloned@git+ssh://git@git.example/o/cloned.git': `git+ssh://git@git.example/o/cloned.git#${COMMIT}`,
          'folder@file:../folder': '',
          'git-dep@o/git-dep': url,
          'plain@^1.0.0': `https://registry.example/plain/-/plain-1.0.0.tgz#${COMMIT}`,
          'short@https://git.example/o/short.git': `https://git.example/o/short.git#${COMMIT}`,
          'tar-dep@https://cdn.example/tar-dep.tgz': `https://cdn.example/tar-dep.tgz#${COMMIT}`,
        },
      }),
      ...Object.fromEntries(
        ['plain', 'tar-dep', 'folder', 'cloned', 'git-dep', 'short'].map((name) => [
          `app/node_modules/${name}/package.json`,
          named(name, { private: true }),
        ]),
      ),
    });
    assert.deepEqual(
      [...found].map(([name, { qualifiers }]) => [name, qualifiers]),
      [
        ['cloned', { vcs_url: `git+ssh://git@git.example/o/cloned.git@${COMMIT}` }],
        ['folder', undefined],
        ['git-dep', { vcs_url: `git+https://github.com/o/git-dep.git@${COMMIT}` }],
        ['plain', undefined],
        ['short', { vcs_url: `git+https://git.example/o/short.git@${COMMIT}` }],
        ['tar-dep', { download_url: 'https://cdn.example/tar-dep.tgz' }],
      ],
    );
    // a private folder is nothing that a registry has
    assert.equal(packagePurl(found.get('folder')!), undefined);
    assert.notEqual(packagePurl(found.get('plain')!), undefined);
  });

  it('never throws on lockfiles and addresses of any kind, and takes no time for lines made to take some', () => {
    const line = fc.constantFrom(
      'packages:',
      '  a@1.0.0:',
      "  '@s/a@https://x/a.tgz(b@1)':",
      '    resolution: {tarball: https://x/a.tgz, integrity: ',
      '    resolution: {repo: git@h:o/r, commit: 0123456, type: git}',
      '    resolution:',
      '      directory: ..',
      '    name: __proto__',
      '    version: 1.0.0',
      'snapshots:',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 12 }), fc.string(), (lines, address) => {
        const view = memoryView(
          { [`${store}/lock.yaml`]: lines.join('\n'), [`${store}/a@1/node_modules/a/package.json`]: named('a') },
          { captures: npmCataloger.captures },
        );
        assert.equal(npmCataloger.catalog({ view, distribution: undefined }).packages.length, 1);
        npmSource(address);
        npmSource(`git+${address}`);
      }),
    );
    for (const part of ['a: ', ', integrity: ', "'", 'tarball: x, ']) {
      const long = `packages:\n\n  a@https://x/a.tgz:\n    resolution: {${part.repeat(200_000)}}\n`;
      catalog({ [`${store}/lock.yaml`]: long, [`${store}/a@1/node_modules/a/package.json`]: named('a') });
    }
  });

  it("is told by Yarn's Plug'n'Play map, which leaves its version in the archive", () => {
    const item = (name: string, reference: string) => [
      name,
      [[reference, { packageLocation: `./.yarn/cache/${name}.zip/node_modules/${name}/`, packageDependencies: [] }]],
    ];
    const references = {
      cloned: `git@git.example:o/cloned.git#commit=${COMMIT}`,
      'tar-dep': 'https://cdn.example/tar-dep.tgz',
      folder: 'file:../folder#../folder::hash=0&locator=app%40workspace%3A.',
    };
    const root = {
      packageLocation: './',
      packageDependencies: Object.entries(references),
    };
    const found = catalog({
      'app/package.json': named('app'),
      'app/.pnp.data.json': json({
        packageRegistryData: [
          [null, [[null, root]]],
          ...Object.entries(references).map(([name, reference]) => item(name, reference)),
        ],
      }),
      ...Object.fromEntries(Object.keys(references).map((name) => [`app/.yarn/cache/${name}.zip`, 'zip'])),
    });
    assert.deepEqual(
      [...found].map(([name, pkg]) => [name, packagePurl(pkg)]),
      [
        ['app', 'pkg:npm/app@1.0.0'],
        ['cloned', `pkg:npm/cloned?vcs_url=git%2Bssh:%2F%2Fgit%40git.example%2Fo%2Fcloned.git%40${COMMIT}`],
        ['tar-dep', 'pkg:npm/tar-dep?download_url=https:%2F%2Fcdn.example%2Ftar-dep.tgz'],
        ['folder', undefined],
      ],
    );
    assert.equal(found.get('folder')?.firstParty, true);
    assert.equal(found.get('app')?.dependsOn.length, 3);
  });

  it('finds what Yarn 4 keeps in a store and links to, as pnpm does', () => {
    const modules = 'app/node_modules';
    const found = catalog({
      'app/package.json': named('app', { dependencies: { a: '1', '@s/b': '1' } }),
      [`${modules}/a`]: { link: '.store/a-npm-1.0.0-0123456789/package' },
      [`${modules}/@s/b`]: { link: '../.store/@s-b-npm-1.0.0-0123456789/package' },
      [`${modules}/.store/a-npm-1.0.0-0123456789/package/package.json`]: named('a', { dependencies: { '@s/b': '1' } }),
      [`${modules}/.store/a-npm-1.0.0-0123456789/package/lib/package.json`]: named('inner'),
      [`${modules}/.store/a-npm-1.0.0-0123456789/node_modules/@s/b`]: {
        link: '../../../@s-b-npm-1.0.0-0123456789/package',
      },
      [`${modules}/.store/@s-b-npm-1.0.0-0123456789/package/package.json`]: named('@s/b'),
    });
    assert.deepEqual([...found.keys()].toSorted(), ['a', 'app', 'b']);
    const b = `/${modules}/.store/@s-b-npm-1.0.0-0123456789/package`;
    const a = `/${modules}/.store/a-npm-1.0.0-0123456789/package`;
    assert.deepEqual(found.get('app')?.dependsOn, [b, a]);
    assert.deepEqual(found.get('a')?.dependsOn, [b]);
    assert.deepEqual(found.get('a')?.directories, [a]);
    assert.equal(found.get('a')?.firstParty, undefined);
  });
});
