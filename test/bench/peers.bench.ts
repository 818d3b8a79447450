/**
 * Whole commands on the four large images beside syft, in one run: the floor, `sbom create --no-cache` without and with integrity checks, syft. Then one
 * changed layer of five, where only that layer may be read. A target that is missed makes the exit code 1.
 *
 *     node test/bench/peers.bench.ts [--rounds N] [--only IMAGE]... [--cli PATH]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { builtPackage } from '../support/cli/built-package.ts';
import { findPeer } from '../support/peers.ts';
import { BENCH_IMAGES, imagesFolder, prepareImage, type BuiltImage } from './images.ts';

const FLOOR = join(import.meta.dirname, 'floor.ts');
const TARGETS = { toFloor: 1, toSyft: 0.3, integrityToFloor: 1.2, peakMiB: 350 } as const;
const POLL_MS = 10;

interface Program {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

interface Sample {
  readonly wallMs: number;
  readonly peakMiB: number;
}

/** Runs a program to its end; the peak of its resident set is what the kernel last said of it. */
async function sample({ name, command: [program, ...args] }: Program): Promise<Sample> {
  const started = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  let peakMiB = 0;
  child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2000)));
  const timer = setInterval(() => {
    readFile(`/proc/${child.pid}/status`, 'utf8').then(
      (text) => (peakMiB = Math.max(peakMiB, Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024)),
      () => undefined,
    );
  }, POLL_MS);
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const wallMs = performance.now() - started;
  clearInterval(timer);
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${said}`);
  return { wallMs, peakMiB };
}

/** Medians; the programs take turns, and the first round warms the page cache and is not counted. */
async function measure(programs: readonly Program[], rounds: number): Promise<readonly Sample[]> {
  const samples = programs.map((): Sample[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, program] of programs.entries()) {
      const one = await sample(program);
      if (round > 0) samples[index]?.push(one);
    }
  }
  return samples.map((list) => ({
    wallMs: median(list.map(({ wallMs }) => wallMs)),
    peakMiB: median(list.map(({ peakMiB }) => peakMiB)),
  }));
}

interface Bench {
  readonly cli: string;
  readonly scratch: string;
  readonly rounds: number;
}

interface Check {
  readonly what: string;
  readonly value: number;
  readonly limit: number;
}

interface Row {
  readonly image: string;
  readonly what: string;
  readonly measured: Sample;
  readonly checks: readonly Check[];
}

async function benchImage(image: BuiltImage, { cli, scratch, rounds }: Bench): Promise<readonly Row[]> {
  const node = process.execPath;
  const create = [cli, 'sbom', 'create', `oci:${image.layout}:${image.name}`, '--quiet', '--no-cache'];
  const output = ['-o', `cyclonedx-json=${join(scratch, 'out.json')}`];
  const syft = ['scan', `oci-dir:${image.layout}`, '--quiet', '-o', `cyclonedx-json=${join(scratch, 'syft.json')}`];
  const [floor, cold, checked, peer] = await measure(
    [
      { name: 'floor', command: [node, FLOOR, image.layout] },
      { name: 'cold', command: [node, ...create, ...output] },
      { name: 'integrity', command: [node, ...create, '--integrity', ...output] },
      { name: 'syft', command: [findPeer('syft') ?? 'syft', ...syft] },
    ],
    rounds,
  );
  if (!floor || !cold || !checked || !peer) throw new Error('nothing was measured');
  const toFloor = (one: Sample, limit: number): Check => ({ what: 'x floor', value: one.wallMs / floor.wallMs, limit });
  const peak = { what: 'MiB', value: cold.peakMiB, limit: Math.min(TARGETS.peakMiB, peer.peakMiB) };
  const toSyft = { what: 'x syft', value: cold.wallMs / peer.wallMs, limit: TARGETS.toSyft };
  return [
    { image: image.name, what: 'floor', measured: floor, checks: [] },
    { image: image.name, what: 'cold', measured: cold, checks: [toFloor(cold, TARGETS.toFloor), toSyft, peak] },
    { image: image.name, what: 'integrity', measured: checked, checks: [toFloor(checked, TARGETS.integrityToFloor)] },
    { image: image.name, what: 'syft', measured: peer, checks: [] },
  ];
}

/** `python-next` differs from `python` in the last layer: with the cache of the one, only that layer of the other is read. */
async function benchChangedLayer({ cli, scratch, rounds }: Bench): Promise<readonly Row[]> {
  const node = process.execPath;
  const next = join(imagesFolder(), 'python-next');
  const cache = join(scratch, 'cache');
  const create = (layout: string, tag: string): [string, ...string[]] => {
    const output = ['--quiet', '-o', `cyclonedx-json=${join(scratch, 'out.json')}`];
    return ['env', `WAYBILL_CACHE_DIR=${cache}`, node, cli, 'sbom', 'create', `oci:${layout}:${tag}`, ...output];
  };
  const first = await sample({ name: 'first', command: create(join(imagesFolder(), 'python'), 'python') });
  const times: Sample[] = [];
  let layers = 0;
  for (let round = 0; round < rounds; round += 1) {
    // in place: entries of a copied cache are not believed
    const before = new Set(await cachedLayers(cache));
    times.push(await sample({ name: 'changed', command: create(next, 'python-next') }));
    const read = (await cachedLayers(cache)).filter((path) => !before.has(path));
    if (read.length === 0) throw new Error('no layer was read: nothing was measured');
    layers = Math.max(layers, read.length);
    await Promise.all(read.map((path) => rm(path)));
  }
  const measured = {
    wallMs: median(times.map(({ wallMs }) => wallMs)),
    peakMiB: median(times.map(({ peakMiB }) => peakMiB)),
  };
  return [
    {
      image: 'python-next',
      what: 'changed layer',
      measured,
      checks: [
        { what: 'layers read', value: layers, limit: 1 },
        // entries that were not believed would be read again without a new name
        { what: 'x first', value: measured.wallMs / first.wallMs, limit: 0.5 },
      ],
    },
  ];
}

async function cachedLayers(cache: string): Promise<readonly string[]> {
  const folder = join(cache, 'layers');
  return (await readdir(folder)).map((name) => join(folder, name));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function isMet({ value, limit }: Check): boolean {
  return value <= limit;
}

function printRows(rows: readonly Row[]): void {
  for (const { image, what, measured, checks } of rows) {
    const wall = `${(measured.wallMs / 1000).toFixed(2)} s`.padStart(9);
    const peak = `${measured.peakMiB.toFixed(0)} MiB`.padStart(9);
    const verdicts = checks.map((check) => {
      const digits = check.what === 'MiB' || check.what === 'layers read' ? 0 : 2;
      const compared = `${check.value.toFixed(digits)} ${check.what} (at most ${check.limit.toFixed(digits)})`;
      return isMet(check) ? compared : `${compared} MISSED`;
    });
    console.log([image.padEnd(12), what.padEnd(14), wall, peak, ...verdicts].join('  '));
  }
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', multiple: true },
    cli: { type: 'string' },
  },
});
const scratch = await mkdtemp(join(tmpdir(), 'waybill-peers-'));
try {
  if (findPeer('syft') === undefined) throw new Error('no syft here: .ci/scanners makes it');
  const bench: Bench = {
    cli: values.cli ?? join(await builtPackage(), 'bin/run.js'),
    scratch,
    rounds: Number(values.rounds),
  };
  console.log(
    `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.versions.node}`,
  );
  const rows: Row[] = [];
  for (const name of BENCH_IMAGES.filter((one) => values.only?.includes(one) ?? true)) {
    const image = await prepareImage(name);
    if ('skip' in image) console.log(`${name} is left out: ${image.skip}`);
    else rows.push(...(await benchImage(image, bench)), ...(name === 'python' ? await benchChangedLayer(bench) : []));
  }
  printRows(rows);
  if (rows.some(({ checks }) => !checks.every(isMet))) process.exitCode = 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
