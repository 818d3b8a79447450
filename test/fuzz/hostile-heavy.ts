import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtPackage } from '../support/cli/built-package.ts';
import { ARCHIVE_CASES } from './hostile/archives.ts';
import type { HostileCase } from './hostile/case.ts';
import { DATABASE_CASES } from './hostile/databases.ts';
import { MANAGER_CASES } from './hostile/managers.ts';
import { PROGRAM_CASES } from './hostile/programs.ts';
import { TEXT_CASES } from './hostile/texts.ts';
import { TREE_CASES } from './hostile/trees.ts';
import { WITNESS, writeHostileLayout } from './hostile-layout.ts';

const CASES: readonly HostileCase[] = [
  ...ARCHIVE_CASES,
  ...PROGRAM_CASES,
  ...DATABASE_CASES,
  ...TEXT_CASES,
  ...TREE_CASES,
  ...MANAGER_CASES,
];
const MAX_SECONDS = 60;
const MAX_MIB = 1024;
/** What no command may take even when it misses its bounds. */
const KILL_MS = 300_000;

interface Outcome {
  readonly exit: number | null;
  readonly said: string;
  readonly seconds: number;
  /** Of all threads: what the bound is about, since the machine may do other things too. */
  readonly cpuSeconds: number;
  readonly mebibytes: number;
}

/** Runs the built command line and watches its memory, also that of one which dies. */
async function watch(cli: string, words: readonly string[], folder: string): Promise<Outcome> {
  const env = { ...process.env, WAYBILL_CACHE_DIR: join(folder, 'cache') };
  const started = performance.now();
  const child = spawn(process.execPath, [cli, ...words], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: KILL_MS,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, 20_000)));
  let [mebibytes, cpuSeconds] = [0, 0];
  const timer = setInterval(() => {
    mebibytes = Math.max(mebibytes, peakOf(child.pid));
    cpuSeconds = Math.max(cpuSeconds, cpuOf(child.pid));
  }, 50);
  const exit = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  clearInterval(timer);
  return { exit, said, seconds: (performance.now() - started) / 1000, cpuSeconds, mebibytes };
}

function peakOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function cpuOf(pid: number | undefined): number {
  try {
    // behind the name, which may hold spaces: fields 14 and 15, in hundredths
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

function faultsOfRun(outcome: Outcome, expected: HostileCase): string[] {
  const { exit = 0, maxMiB = MAX_MIB } = expected;
  return [
    ...(outcome.exit === exit ? [] : [`exit ${outcome.exit} instead of ${exit}: ${outcome.said.slice(0, 500)}`]),
    ...(outcome.cpuSeconds <= MAX_SECONDS ? [] : [`more than ${MAX_SECONDS} s of work`]),
    ...(outcome.mebibytes <= maxMiB ? [] : [`more than ${maxMiB} MiB`]),
  ];
}

interface Told {
  readonly components?: readonly { readonly purl?: string; readonly name: string; readonly version?: string }[];
}

/** What the SBOM misses. */
async function faultsOfSbom(path: string, expected: HostileCase): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  const { components = [] } = JSON.parse(text) as Told;
  const has = (text: string): boolean =>
    components.some(({ purl, name, version }) => purl?.includes(text) === true || `${name}@${version}` === text);
  const faults: string[] = [];
  if (!has(WITNESS)) faults.push('the witness is missing');
  if (expected.alsoFinds !== undefined && !has(expected.alsoFinds)) faults.push(`${expected.alsoFinds} is missing`);
  return faults;
}

async function runCase(expected: HostileCase, cli: string, commands: readonly string[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'waybill-hostile-'));
  let isFine = true;
  try {
    await writeHostileLayout(join(folder, 'image'), expected);
    for (const command of commands) {
      const words =
        command === 'create'
          ? ['sbom', 'create', 'oci:image:it', '--no-cache', '-o', 'cyclonedx-json=sbom.json']
          : ['image', 'files', 'oci:image:it', '--summary'];
      const outcome = await watch(cli, words, folder);
      const faults = faultsOfRun(outcome, expected);
      if (command === 'create' && outcome.exit === 0)
        faults.push(...(await faultsOfSbom(join(folder, 'sbom.json'), expected)));
      const codes = [...new Set(outcome.said.match(/\[[\w-]+\/[\w-]+\]|[A-Z]+(?:_[A-Z]+)+/g) ?? [])].join(' ');
      if (command === 'create' && expected.tells !== undefined && !expected.tells.test(codes))
        faults.push('nothing is told');
      const verdict = faults.length === 0 ? 'ok' : `FAILED (${faults.join('; ')})`;
      console.log(
        `${expected.id} | ${command} | ${outcome.seconds.toFixed(1)} s | ${outcome.cpuSeconds.toFixed(1)} s CPU | ${outcome.mebibytes.toFixed(0)} MiB | exit ${outcome.exit} | ${codes.slice(0, 200)} | ${verdict}`,
      );
      isFine &&= faults.length === 0;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return isFine;
}

/**
 * Images made to harm through the whole commands, as built; prints time, work, peak memory and what was told of each. Needs some gigabytes of disk.
 * @param only cases whose names contain it
 * @returns whether all kept their bounds, found the witness, and told what they should
 */
export async function runHostileImages(only: string, commands: readonly string[]): Promise<boolean> {
  const cli = join(await builtPackage(), 'bin/run.js');
  let areFine = true;
  for (const expected of CASES.filter(({ id }) => id.includes(only))) {
    areFine = (await runCase(expected, cli, commands)) && areFine;
  }
  return areFine;
}
