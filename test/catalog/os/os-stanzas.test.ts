import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readOsStanzas } from '../../../src/catalog/index.ts';
import { capturePlan } from '../../../src/catalog/registry.ts';
import { memoryView } from '../../support/memory-view.ts';

describe('readOsStanzas', () => {
  test('reads what hard links share as often as the catalogers do, and says that it stopped', () => {
    const folders = Array.from({ length: 400 }, (_, index) => `var/lib/pacman/local/p${index}-1-1`);
    const files = folders.map((folder) => [`${folder}/desc`, `%NAME%\n${folder.slice(21, -4)}\n\n%VERSION%\n1-1\n\n`]);
    const view = memoryView(Object.fromEntries(files), { captures: capturePlan().captures });
    const shared = Buffer.alloc(24 * 1024 * 1024, 'x');
    let readBytes = 0;
    const linked = {
      ...view,
      read: (path: string) => {
        if (!path.endsWith('/mtree')) return view.read(path);
        readBytes += shared.byteLength;
        return shared;
      },
    };
    const found = readOsStanzas(linked);
    assert.equal(found.stanzas.length, folders.length);
    assert.deepEqual(found.unreadable, ['var/lib/pacman/local']);
    assert.deepEqual(readOsStanzas(view).unreadable, []);
    assert.ok(readBytes >= 1024 ** 3);
  });
});
