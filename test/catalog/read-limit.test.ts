import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runCatalogers, type Cataloger } from '../../src/catalog/index.ts';
import { memoryView } from '../support/memory-view.ts';

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
