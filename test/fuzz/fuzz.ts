import { parseArgs } from 'node:util';
import { fuzz, replay } from './fuzz-run.ts';

/**
 * npm run fuzz -- [--seconds N] [--seed S] [--only TARGET]
 * npm run fuzz -- --replay TARGET --seed S       one case again, with its own seed
 * npm run fuzz -- --hostile [--only TEXT] [--command create,files]
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    replay: { type: 'string' },
    hostile: { type: 'boolean', default: false },
    command: { type: 'string', default: 'create,files' },
  },
});
const seed = Number(values.seed);

if (values.hostile) {
  const { runHostileImages } = await import('./hostile-heavy.ts');
  if (!(await runHostileImages(values.only, values.command.split(',')))) process.exitCode = 1;
} else if (values.replay !== undefined) {
  console.log((await replay(values.replay, seed)) ?? 'nothing wrong');
} else {
  const report = await fuzz({ seed, maxCases: Infinity, maxMs: Number(values.seconds) * 1000, only: values.only });
  for (const { target, seed: caseSeed, problem } of report.findings) {
    console.log(`\n${target}, seed ${caseSeed}: ${JSON.stringify(problem).replaceAll(String.raw`\n`, '\n  ')}`);
  }
  console.log(
    `${report.cases} cases over ${report.byTarget.size} targets, slowest ${report.slowestMs.toFixed(0)} ms: ${report.slowest}; ${report.findings.length} findings`,
  );
  if (report.findings.length > 0) process.exitCode = 1;
}
