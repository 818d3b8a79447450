import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { npmCataloger } from '../../../src/catalog/language/npm.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

function catalog(files: Readonly<Record<string, MemoryEntry>>) {
  const view = memoryView(files, { captures: npmCataloger.captures });
  const { packages } = npmCataloger.catalog({ view, distribution: undefined });
  return { packages, byName: new Map(packages.map((pkg) => [pkg.name, pkg])) };
}

const json = (value: unknown): string => JSON.stringify(value);
const named = (name: string, more: object = {}): string => json({ name, version: '1.0.0', ...more });

describe('npmCataloger: development dependencies without a lockfile', () => {
  it('marks what only development needs, where no lockfile tells', () => {
    const modules = (names: Readonly<Record<string, object>>) =>
      Object.fromEntries(
        Object.entries(names).map(([name, more]) => [`app/node_modules/${name}/package.json`, named(name, more)]),
      );
    const files = {
      'app/package.json': named('app', {
        dependencies: { run: '*', both: '*' },
        devDependencies: { dev: '*', both: '*' },
      }),
      ...modules({
        run: { dependencies: { shared: '*' } },
        both: {},
        shared: {},
        dev: { dependencies: { shared: '*', deep: '*', used: '*' } },
        deep: { dependencies: { dev: '*' } },
        // nobody names it, so it may be there to run
        stray: { dependencies: { used: '*' } },
        used: {},
      }),
    };
    const optional = (more: Parameters<typeof catalog>[0] = {}) =>
      catalog({ ...files, ...more })
        .packages.filter(({ scope }) => scope === 'optional')
        .map(({ name }) => name);
    assert.deepEqual(optional(), ['deep', 'dev']);
    const lock = { lockfileVersion: 3, packages: { 'node_modules/deep': { version: '1.0.0' } } };
    assert.deepEqual(optional({ 'app/node_modules/.package-lock.json': json(lock) }), ['dev']);
    assert.deepEqual(optional({ 'other/package.json': named('other', { dependencies: { dev: '*' } }) }), [
      'deep',
      'dev',
    ]);
  });

  it('reads from a map which workspaces need one another, and what only development needs', () => {
    const item = (place: string, needs: readonly (readonly [string, string])[]) => ({
      packageLocation: place,
      packageDependencies: needs,
    });
    const { byName } = catalog({
      'package.json': named('app', { devDependencies: { a: '*', '@s/b': '*' } }),
      'packages/w/package.json': named('w', { dependencies: { v: '*', '@s/b': '*' } }),
      'packages/v/package.json': named('v'),
      '.yarn/cache/@s-b-npm-2.0.0-0-0.zip': 'PK',
      '.yarn/unplugged/a-npm-1.0.0-0/node_modules/a/package.json': named('a'),
      '.pnp.data.json': json({
        packageRegistryData: [
          [
            null,
            [
              [
                null,
                item('./', [
                  ['a', 'npm:1.0.0'],
                  ['@s/b', 'npm:2.0.0'],
                ]),
              ],
            ],
          ],
          [
            'w',
            [
              [
                'workspace:packages/w',
                item('./packages/w/', [
                  ['v', 'workspace:packages/v'],
                  ['w', 'workspace:packages/w'],
                  ['@s/b', 'npm:2.0.0'],
                ]),
              ],
            ],
          ],
          ['v', [['workspace:packages/v', item('./packages/v/', [])]]],
          ['a', [['npm:1.0.0', item('./.yarn/unplugged/a-npm-1.0.0-0/node_modules/a/', [])]]],
          ['@s/b', [['npm:2.0.0', item('./.yarn/cache/@s-b-npm-2.0.0-0-0.zip/node_modules/@s/b/', [])]]],
        ],
      }),
    });
    assert.deepEqual(byName.get('w')?.dependsOn, ['/.pnp.data.json#@s/b@2.0.0', '/packages/v']);
    assert.deepEqual([byName.get('a')?.scope, byName.get('b')?.scope], ['optional', undefined]);
  });
});
