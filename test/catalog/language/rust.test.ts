import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import { capturePlan, runCatalogers } from '../../../src/catalog/index.ts';
import { rustCataloger } from '../../../src/catalog/language/rust.ts';
import { packageKey, packagePurl, type Package } from '../../../src/packages/index.ts';
import { elfFile } from '../../support/elf-file.ts';
import { memoryView } from '../../support/memory-view.ts';

interface Crate {
  readonly name: string;
  readonly version?: string;
  readonly source?: string;
  readonly kind?: string;
  readonly root?: boolean;
  readonly dependencies?: readonly number[];
}

function program(crates: readonly Crate[], rustc?: string): Uint8Array {
  const packages = crates.map((crate) => ({ version: '1.0.0', source: 'crates.io', ...crate }));
  return elfFile([
    { name: '.comment', content: Buffer.from(rustc === undefined ? 'GCC\0' : `rustc version ${rustc} (x)\0`) },
    { name: '.dep-v0', content: deflateSync(JSON.stringify({ packages })) },
  ]);
}

function run(files: Readonly<Record<string, Uint8Array>>) {
  const view = memoryView(files, { captures: capturePlan([rustCataloger]).captures });
  return runCatalogers({ view, catalogers: [rustCataloger], rethrow: true });
}

const label = (pkg: Package): string => packagePurl(pkg) ?? packageKey(pkg);

describe('rustCataloger', () => {
  it('makes the root an application with the file, and leads edges by index, through cycles', () => {
    const { packages } = run({
      'bin/app': program(
        [
          { name: 'app', version: '0.2.0', source: 'local', root: true, dependencies: [1, 3] },
          { name: 'a', dependencies: [2] },
          { name: 'b', dependencies: [1, 2, 99, -1, 3] },
          { name: 'macro', kind: 'build', dependencies: [1] },
          { name: 'probe', kind: 'development' },
        ],
        '1.95.0',
      ),
    });
    assert.deepEqual(packages.map(label), ['pkg:cargo/a@1.0.0', 'cargo/app@0.2.0?source=local', 'pkg:cargo/b@1.0.0']);
    const [a, app, b] = packages;
    assert.deepEqual(app?.dependsOn, [a?.id]);
    assert.deepEqual(a?.dependsOn, [b?.id]);
    assert.deepEqual(b?.dependsOn, [a.id]);
    assert.deepEqual([app.kind, app.firstParty, app.files], ['application', true, ['/bin/app']]);
    assert.deepEqual(app.properties, { 'cargo:source': 'local', 'cargo:rustc': '1.95.0' });
  });

  it('claims a purl only for crates of crates.io, and keeps a fork apart from the crate it has the name of', () => {
    const { packages } = run({
      'bin/a': program([{ name: 'x' }]),
      'bin/b': program(
        ['git', 'local', 'registry', 'sparse', 'odd\nword', ''].map((source) => ({ name: 'x', source })),
      ),
      'bin/c': program([{ name: 'x' }]),
    });
    assert.deepEqual(packages.map(label), [
      'pkg:cargo/x@1.0.0',
      ...['git', 'local', 'registry', 'sparse', 'unknown'].map((source) => `cargo/x@1.0.0?source=${source}`),
    ]);
    assert.deepEqual(
      packages[0]?.locations.map(({ path }) => path),
      ['/bin/a', '/bin/c'],
    );
    assert.deepEqual(
      packages
        .filter(({ firstParty }) => firstParty)
        .map(({ properties, kind }) => [properties?.['cargo:source'], kind]),
      [['local', 'library']],
    );
  });

  it('gives a published program its purl', () => {
    const { packages } = run({ 'bin/rg': program([{ name: 'ripgrep', version: '14.1.0', root: true }]) });
    assert.deepEqual(packages.map(label), ['pkg:cargo/ripgrep@14.1.0']);
    assert.equal(packages[0]?.kind, 'application');
    assert.equal(packages[0].firstParty, undefined);
  });

  it('takes 20,000 crates that all need one another’s neighbours', () => {
    const crates = Array.from({ length: 20_000 }, (_, index) => ({
      name: `c${index}`,
      dependencies: Array.from({ length: 10 }, (__, step) => (index + step) % 20_000),
    }));
    const { packages, diagnostics } = run({ 'bin/x': program(crates) });
    assert.equal(packages.length, 20_000);
    assert.equal(packages[0]?.dependsOn.length, 9);
    assert.deepEqual(diagnostics, []);
  });

  it('reads no further program once there are more crates than any image has', () => {
    const crates = Array.from({ length: 20_000 }, (_, index) => ({ name: `c${index}` }));
    const files = Object.fromEntries(Array.from('abcdefghijkl', (name) => [`bin/${name}`, program(crates)]));
    const { packages, diagnostics } = run(files);
    // those of all programs are the same
    assert.equal(packages.length, 20_000);
    // eight of the twelve
    assert.deepEqual(
      diagnostics.map(({ code, message }) => [code, /\b160000\b/.test(message)]),
      [['too-many-packages', true]],
    );
  });

  it('notes programs without a list, and lists that cannot be read', () => {
    const comment = { name: '.comment', content: Buffer.from('rustc version 1.95.0 (x)\0') };
    const { notes, diagnostics, packages } = run({
      'bin/plain': elfFile([comment]),
      'bin/cut': elfFile([comment, { name: '.dep-v0', content: Buffer.from('x') }]),
      'bin/c': elfFile([]),
    });
    assert.deepEqual(packages, []);
    assert.deepEqual(
      notes.map(({ code, path, facts }) => `${code} ${path} ${facts?.['rustc']}`),
      ['rust-without-crates /bin/plain 1.95.0'],
    );
    assert.deepEqual(
      diagnostics.map(({ code, path }) => `${code} ${path}`),
      ['unreadable-binary /bin/cut'],
    );
  });
});
