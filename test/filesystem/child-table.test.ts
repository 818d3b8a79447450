import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChildTable, hashOf, NO_NODE } from '../../src/filesystem/child-table.ts';

const ROOT = 0;

function namesIn(table: ChildTable, folder: number): string[] {
  return [...table.children(folder)].map((node) => table.names[node] ?? '').toSorted();
}

/** So many names that a table that has not grown yet puts into the same slot. */
function crowd(count: number): string[] {
  const names: string[] = [];
  for (let index = 0; names.length < count; index += 1) {
    const name = index.toString(36);
    if ((hashOf(ROOT, name) & 0x1fff) === 0x1ff0) names.push(name);
  }
  return names;
}

describe('ChildTable', () => {
  it('does what a map for each folder does', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'ä', '', 'constructor', '__proto__');
    const step = fc.record({ folder: fc.nat(3), name, what: fc.constantFrom('add', 'remove') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new ChildTable();
        const folders = [ROOT, ...[1, 2, 3].map((number) => table.add(ROOT, `folder ${number}`))];
        const model = new Map(folders.map((node) => [node, new Map<string, number>()]));
        for (const node of folders.slice(1)) model.get(ROOT)?.set(table.names[node] ?? '', node);
        for (const { folder, name: child, what } of steps) {
          const parent = folders[folder] as number;
          const before = model.get(parent)?.get(child);
          assert.equal(table.find(parent, child), before ?? NO_NODE);
          if (what === 'remove' && before !== undefined) {
            table.remove(before);
            model.get(parent)?.delete(child);
          } else if (what === 'add' && before === undefined) model.get(parent)?.set(child, table.add(parent, child));
        }
        for (const [parent, names] of model) {
          assert.deepEqual(namesIn(table, parent), [...names.keys()].toSorted());
          for (const [child, node] of names) {
            assert.equal(table.find(parent, child), node);
            assert.equal(table.parent(node), parent);
          }
        }
      }),
    );
  });

  it('finds names that were made to hash alike, also when some are gone and when it grew', () => {
    const table = new ChildTable();
    const names = crowd(400);
    const nodes = names.map((name) => table.add(ROOT, name));
    const gone = (index: number): boolean => index % 3 === 0;
    const check = (): void => {
      for (const [index, name] of names.entries())
        assert.equal(table.find(ROOT, name), gone(index) ? NO_NODE : nodes[index], name);
    };
    for (const [index, node] of nodes.entries()) if (gone(index)) table.remove(node);
    check();
    for (let index = 0; index < 20_000; index += 1) table.add(nodes[1] as number, `other ${index}`);
    check();
    assert.equal(namesIn(table, nodes[1] as number).length, 20_000);
    assert.equal(table.find(ROOT, 'other 7'), NO_NODE);
  });
});
