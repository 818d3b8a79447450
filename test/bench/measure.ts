import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const PEAK_MEMORY = join(import.meta.dirname, 'peak-memory.cjs');

/** A command line that is measured as a whole process. */
export interface Candidate {
  readonly name: string;
  /** Node unless told. */
  readonly program?: string;
  /** Arguments of the program. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Measured {
  readonly name: string;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** Runs the candidates in turn, so that whatever the machine does meanwhile hits all of them alike. The first round is not counted. */
export async function measureWall(candidates: readonly Candidate[], rounds: number): Promise<readonly Measured[]> {
  const times = candidates.map((): number[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, candidate] of candidates.entries()) {
      const started = performance.now();
      await runCandidate(candidate);
      if (round > 0) times[index]?.push(performance.now() - started);
    }
  }
  return candidates.map(({ name }, index) => {
    const sorted = (times[index] ?? []).toSorted((a, b) => a - b);
    return { name, medianMs: median(sorted), minMs: sorted[0] ?? NaN, maxMs: sorted.at(-1) ?? NaN };
  });
}

/** Peak resident set of the process in bytes, worker threads included: the median of three runs. */
export async function measurePeakBytes(candidate: Candidate, scratch: string): Promise<number> {
  const file = join(scratch, 'peak');
  const peaks: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const args = ['--require', PEAK_MEMORY, ...candidate.args];
    await runCandidate({ ...candidate, args, env: { ...candidate.env, BENCH_PEAK_FILE: file } });
    peaks.push(Number(await readFile(file, 'utf8')));
  }
  return median(peaks.toSorted((a, b) => a - b));
}

async function runCandidate({ name, program = process.execPath, args, env }: Candidate): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${said}`);
}

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
