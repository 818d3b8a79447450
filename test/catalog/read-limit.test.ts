import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runCatalogers, type Cataloger } from '../../src/catalog/index.ts';
import { memoryView } from '../support/memory-view.ts';

const MiB = 1024 * 1024;

function reader(id: string, reads: number, onRead: (path: string) => void): Cataloger {
  return {
    id,
    title: `packages of ${id}`,
    version: 1,
    specifications: [],
    statement: { packageTypes: ['generic'], reads: [], licenses: false, dependencies: false, files: false },
    captures: [],
    catalog: ({ view }) => {
      for (let index = 0; index < reads; index += 1) if (view.read(`f${index}`) !== undefined) onRead(`${id}${index}`);
      return { packages: [], diagnostics: [] };
    },
  };
}

it('reads no more bytes for a cataloger than any real image has, however many links lead to them', () => {
  const large = new Uint8Array(300 * 1024 * 1024);
  const endless = { ...memoryView({}), read: () => large };
  const found: string[] = [];
  const catalogers = [reader('a', 6, (path) => found.push(path)), reader('b', 1, (path) => found.push(path))];
  const { diagnostics } = runCatalogers({ view: endless, catalogers, rethrow: true });
  assert.deepEqual(found, ['a0', 'a1', 'a2', 'b0']);
  const told = diagnostics.filter(({ code }) => code === 'too-many-packages');
  assert.deepEqual(
    told.map(({ source, message }) => [source, message.includes('from /f3 on')]),
    [['a', true]],
  );
});

it('gives a file again for links that lead to it until that is more than any real image has, and every other file all the same', () => {
  const view = memoryView({ b: 'x', z: 'y', e: '' });
  const [other, last, empty] = ['b', 'z', 'e'].map((path) => view.lookup(path));
  assert.ok(other && last && empty);
  const run = (bytes: Uint8Array, links: number): { readonly given: number; readonly told: readonly string[] } => {
    const files = [
      ...Array.from({ length: links }, () => ({ entry: other, bytes })),
      ...Array.from({ length: links }, () => ({ entry: empty, bytes: bytes.subarray(0, 0) })),
      { entry: last, bytes: new Uint8Array(2 * MiB) },
    ];
    const seen: string[] = [];
    const cataloger: Cataloger = {
      ...reader('links', 0, () => undefined),
      catalog: (context) => {
        seen.push(...context.view.captured('rule').map(({ entry }) => entry.path));
        return { packages: [], diagnostics: [] };
      },
    };
    const { diagnostics } = runCatalogers({
      view: { ...view, captured: () => files },
      catalogers: [cataloger],
      rethrow: true,
    });
    assert.equal(seen.filter((path) => path === 'e').length, links);
    assert.equal(seen.at(-1), 'z');
    const told = diagnostics.filter(({ source }) => source === 'links');
    assert.ok(told.every(({ code, severity }) => code === 'too-many-packages' && severity === 'error'));
    return { given: seen.filter((path) => path === 'b').length, told: told.map(({ message }) => message.slice(0, 40)) };
  };
  assert.deepEqual(run(new Uint8Array(4 * MiB), 60), { given: 5, told: ['packages of links: 55 of 121 files of ru'] });
  assert.deepEqual(run(new Uint8Array(64 * MiB), 2), { given: 2, told: [] }, 'one link to a large database');
  assert.deepEqual(run(new Uint8Array(MiB / 2), 200), { given: 200, told: [] });
  assert.deepEqual(run(new Uint8Array(MiB / 2), 300).given, 257);
});
