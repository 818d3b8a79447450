/**
 * Wall time and peak memory of the layer pass as ratios to the floor, runs in turn, medians.
 *
 *     node test/bench/layers.bench.ts OCI-LAYOUT [RUNS]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Run {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMiB: number;
  readonly output: string;
}

/** Prints the child's own resource usage when it ends. */
const METER = `data:text/javascript,${encodeURIComponent(
  "process.on('exit', () => { const { isMainThread } = process.getBuiltinModule('worker_threads'); if (isMainThread) { const u = process.resourceUsage(); process.stderr.write('METER ' + JSON.stringify({ cpu: (u.userCPUTime + u.systemCPUTime) / 1e3, rss: u.maxRSS / 1024 })); } });",
)}`;

function run(script: string | undefined, args: readonly string[]): Promise<Run> {
  const what = script === undefined ? ['-e', '0'] : [fileURLToPath(new URL(script, import.meta.url)), ...args];
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, ['--import', METER, ...what], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (code) => {
      const wallMs = performance.now() - started;
      const meter = /METER (\{.*\})/.exec(stderr)?.[1];
      if (code !== 0 || meter === undefined) reject(new Error(`${script} ended with ${code}: ${stderr}`));
      else {
        const { cpu, rss } = JSON.parse(meter) as { cpu: number; rss: number };
        resolve({ wallMs, cpuMs: cpu, peakMiB: rss, output: stdout.trim() });
      }
    });
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const [layout = '', runs = '3'] = process.argv.slice(2);
const home = await mkdtemp(join(tmpdir(), 'waybill-bench-'));
try {
  const cases = {
    node: () => run(undefined, []),
    floor: () => run('floor.ts', [layout]),
    cold: () => run('read-layers.ts', [layout]),
    warm: () => run('read-layers.ts', [layout, join(home, 'cache')]),
  };
  await cases.warm();
  const found: Record<keyof typeof cases, Run[]> = { node: [], floor: [], cold: [], warm: [] };
  for (let round = 0; round < Number(runs); round += 1) {
    for (const name of Object.keys(cases) as (keyof typeof cases)[]) found[name].push(await cases[name]());
  }
  const of = (name: keyof typeof cases, key: 'wallMs' | 'cpuMs' | 'peakMiB'): number =>
    median(found[name].map((one) => one[key]));
  for (const name of Object.keys(cases) as (keyof typeof cases)[]) {
    const wall = (of(name, 'wallMs') / 1000).toFixed(2);
    const cpu = (of(name, 'cpuMs') / 1000).toFixed(2);
    console.log(
      `${name.padEnd(6)} wall ${wall} s  cpu ${cpu} s  peak ${of(name, 'peakMiB').toFixed(0)} MiB  ${found[name][0]?.output}`,
    );
  }
  const ratio = (key: 'wallMs' | 'cpuMs' | 'peakMiB'): string => (of('cold', key) / of('floor', key)).toFixed(2);
  console.log(`cold to floor: wall ${ratio('wallMs')}, cpu ${ratio('cpuMs')}, peak memory ${ratio('peakMiB')}`);
  console.log(`warm: ${(of('warm', 'wallMs') - of('node', 'wallMs')).toFixed(0)} ms more than node alone`);
} finally {
  await rm(home, { recursive: true, force: true });
}
