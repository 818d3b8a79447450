import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fuzz } from './fuzz-run.ts';
import { createRandom } from './random.ts';

describe('a short run over every parser and every cataloger', () => {
  it('finds nothing wrong', async () => {
    // limits on time are for `npm run fuzz`
    const report = await fuzz({ seed: 4, maxCases: 2500, maxMs: 12_000, caseMs: Infinity });
    assert.deepEqual(report.findings, []);
    assert.ok(report.byTarget.size > 100, `${report.byTarget.size} targets`);
  });

  it('runs the same cases for the same seed', async () => {
    const options = { seed: 9, maxCases: 20, maxMs: 60_000, only: 'literal' };
    const reports = [await fuzz(options), await fuzz(options)];
    assert.deepEqual(reports[0]?.byTarget, reports[1]?.byTarget);
    const numbers = (): number[] =>
      Array.from(
        { length: 9 },
        (
          (random) => () =>
            random.int(1000)
        )(createRandom(7)),
      );
    assert.deepEqual(numbers(), numbers());
  });
});
