import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeyMarks } from '../../src/filesystem/index.ts';

describe('KeyMarks', () => {
  it('never denies a key that was added', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 })), (keys) => {
        const marks = new KeyMarks();
        for (const key of keys) marks.add(key);
        assert.ok(keys.every((key) => marks.mayHave(key)));
      }),
    );
  });

  it('denies most of what was not added', () => {
    const marks = new KeyMarks();
    assert.equal(marks.mayHave(''), false);
    assert.equal(marks.mayHave('usr/bin/a'), false);
    for (let index = 0; index < 20_000; index += 1) marks.add(`usr/lib/python3/dist-packages/m${index}/part.py`);
    const others = Array.from({ length: 20_000 }, (_, index) => `srv/app/node_modules/p${index}/lib/index.js`);
    const denied = others.filter((key) => !marks.mayHave(key)).length;
    assert.ok(denied > 15_000, `${denied} of 20000`);
  });
});
