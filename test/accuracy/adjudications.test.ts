import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adjudicate, parseAdjudications, readAdjudications } from './adjudications.ts';

const ROW = { tool: 'peer', side: 'ours', verdict: 'peer-misses', reason: 'it does not look into this folder' };
const parse = (more: object) => parseAdjudications(JSON.stringify([{ ...ROW, ...more }]));

describe('the table of adjudications', () => {
  it('holds rows that are bound to names or places, as a condition or an image alone does not bind', async () => {
    assert.ok((await readAdjudications()).length > 0);
    for (const packages of ['maven/*@*', 'maven/*', 'maven/*@']) {
      assert.throws(() => parse({ packages }), /settles a whole type/);
      assert.equal(parse({ packages, at: '/opt/*' }).length, 1);
      for (const more of [{ when: 'evidence' }, { images: ['java'] }, { at: '*' }, { at: '/*' }, { at: '' }])
        assert.throws(() => parse({ packages, ...more }), /settles a whole type/);
    }
    assert.equal(parse({ packages: 'maven/org.example/*@*' }).length, 1);
  });

  it('has no row of another shape', () => {
    assert.throws(() => parse({ packages: 'gem/x@1', verdict: 'fine' }), /not an adjudication/);
    assert.throws(() => parse({ packages: 'gem/x@1', reason: 'because' }), /not an adjudication/);
  });

  it('settles only what lies where a row says', () => {
    const rows = parse({ packages: 'gem/*@*', at: '/usr/lib/*' });
    const judged = (place: string) =>
      adjudicate(rows, {
        tool: 'peer',
        side: 'ours',
        image: 'any',
        finding: { type: 'gem', name: 'rake', version: '1', places: [place] },
        others: [],
      });
    assert.equal(judged('/usr/lib/ruby/rake.gemspec'), rows[0]);
    assert.equal(judged('/srv/rake.gemspec'), undefined);
  });
});
