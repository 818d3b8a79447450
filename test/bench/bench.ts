/**
 * Whole commands against a floor, in one run on one machine: `npm run bench`. Builds what ships first, and real Debian images when they are not there yet
 * (test/integration/build-images.sh). Where the four large images and syft are there already, their table (peers.bench.ts) follows. A target that is missed
 * makes the exit code 1.
 *
 *     node test/bench/bench.ts [--rounds N]
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { prepareDebianImages, type DebianImages } from '../integration/debian-images.ts';
import { findPeer } from '../support/peers.ts';
import { makeImage } from '../support/images.ts';
import { BENCH_IMAGES, imageAt } from './images.ts';
import { measurePeakBytes, measureWall, type Candidate } from './measure.ts';
import { benchGate } from './gate.bench.ts';
import { atMost, printRows, type Row } from './rows.ts';
import { benchVerify } from './verify.bench.ts';

const ROOT = join(import.meta.dirname, '../..');
const CLI = join(ROOT, 'bin/run.js');
const FLOOR = join(import.meta.dirname, 'floor.ts');
const TARGETS = { coldRatio: 1, integrityRatio: 1.2, warmMs: 500, peakMiB: 350, versionMs: 90, verifyMs: 150 } as const;
const run = promisify(execFile);

/** Cold and warm SBOMs of one image as ratios to the floor, and their memory. */
async function benchImage(name: 'app' | 'big', images: DebianImages, scratch: string, rounds: number): Promise<Row[]> {
  const create = ['sbom', 'create', images.reference(name), '--quiet', '-o', `cyclonedx-json=${scratch}/${name}.json`];
  const env = { WAYBILL_CACHE_DIR: join(scratch, `cache-${name}`) };
  const start: Candidate = { name: 'node', args: ['-e', '0'] };
  const floor: Candidate = { name: 'floor', args: [FLOOR, join(images.folder, name)] };
  const cold: Candidate = { name: 'cold', args: [CLI, ...create, '--no-cache'], env };
  const checked: Candidate = { name: 'integrity', args: [CLI, ...create, '--no-cache', '--integrity'], env };
  const warm: Candidate = { name: 'warm', args: [CLI, ...create], env };
  const [startWall, floorWall, coldWall, checkedWall, warmWall] = await measureWall(
    [start, floor, cold, checked, warm],
    rounds,
  );
  if (!startWall || !floorWall || !coldWall || !checkedWall || !warmWall) throw new Error('nothing was measured');
  const ratio = coldWall.medianMs / floorWall.medianMs;
  const over = warmWall.medianMs - startWall.medianMs;
  const rows: Row[] = [
    { what: `${name}: floor`, measured: seconds(floorWall.medianMs), best: seconds(floorWall.minMs) },
    { what: `${name}: sbom create, cold`, measured: seconds(coldWall.medianMs), best: seconds(coldWall.minMs) },
    atMost(`${name}: cold / floor`, ratio, { target: TARGETS.coldRatio, digits: 2, unit: 'x' }),
    { what: `${name}: --integrity`, measured: seconds(checkedWall.medianMs), best: seconds(checkedWall.minMs) },
    atMost(`${name}: --integrity / floor`, checkedWall.medianMs / floorWall.medianMs, {
      target: TARGETS.integrityRatio,
      digits: 2,
      unit: 'x',
    }),
    { what: `${name}: sbom create, warm`, measured: seconds(warmWall.medianMs), best: seconds(warmWall.minMs) },
    atMost(`${name}: warm over node -e 0`, over, { target: TARGETS.warmMs, digits: 0, unit: ' ms' }),
    { what: `${name}: warm / floor`, measured: `${(warmWall.medianMs / floorWall.medianMs).toFixed(2)}x` },
  ];
  const floorPeak = await measurePeakBytes(floor, scratch);
  for (const candidate of [cold, warm]) {
    const peak = await measurePeakBytes(candidate, scratch);
    const what = `${name}: peak memory, ${candidate.name} (${(peak / floorPeak).toFixed(2)}x of the floor's)`;
    rows.push(atMost(what, peak / 2 ** 20, { target: TARGETS.peakMiB, digits: 0, unit: ' MiB' }));
  }
  return rows;
}

/** What starting costs: the shortest command, and the one a gate runs most. */
async function benchStart(scratch: string, rounds: number): Promise<Row[]> {
  const layout = join(scratch, 'layout');
  const env = { WAYBILL_CACHE_DIR: join(scratch, 'cache-start'), COSIGN_PASSWORD: 'bench' };
  const options = { env: { ...process.env, ...env } };
  await makeImage(layout, { layers: [{ 'etc/motd': 'hello' }], tag: 'app' });
  await run(process.execPath, [CLI, 'key', 'generate', '--output-key-prefix', join(scratch, 'bench')], options);
  await run(process.execPath, [CLI, 'sign', `oci:${layout}:app`, '--key', join(scratch, 'bench.key')], options);
  const verify = ['verify', `oci:${layout}:app`, '--key', join(scratch, 'bench.pub'), '--insecure-ignore-tlog'];
  const [node, version, verified] = await measureWall(
    [
      { name: 'node', args: ['-e', '0'] },
      { name: '--version', args: [CLI, '--version'], env },
      { name: 'verify', args: [CLI, ...verify], env },
    ],
    rounds,
  );
  if (!node || !version || !verified) throw new Error('nothing was measured');
  const over = (what: string, ms: number, target: number): Row =>
    atMost(`${what} over node -e 0`, ms - node.medianMs, { target, digits: 0, unit: ' ms' });
  return [
    { what: 'node -e 0', measured: `${node.medianMs.toFixed(0)} ms` },
    over('waybill --version', version.medianMs, TARGETS.versionMs),
    over('waybill verify, one bundle in a layout', verified.medianMs, TARGETS.verifyMs),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** The table of the four large images beside syft, when nothing has to be built for it. Gives whether its targets were met. */
async function benchPeers(rounds: number): Promise<boolean> {
  const missing = BENCH_IMAGES.filter((name) => !existsSync(join(imageAt(name).layout, 'index.json')));
  if (missing.length > 0 || findPeer('syft') === undefined) {
    const what = missing.length > 0 ? `the images ${missing.join(', ')} are` : 'syft is';
    console.log(`\nwithout the large images: ${what} not built (test/bench/peers.bench.ts)`);
    return true;
  }
  console.log('\nthe large images beside syft: medians of whole processes');
  const args = [join(import.meta.dirname, 'peers.bench.ts'), '--rounds', String(rounds), '--cli', CLI];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  return await new Promise((resolve, reject) => child.on('error', reject).on('close', (code) => resolve(code === 0)));
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
const images = await prepareDebianImages(['app', 'big']);
await run(process.execPath, [join(ROOT, 'bin/build.ts')], { cwd: ROOT });
const scratch = await mkdtemp(join(tmpdir(), 'waybill-bench-'));
try {
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  console.log(
    `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${memory} GiB, Node ${process.versions.node}`,
  );
  console.log(`medians of ${rounds} alternating runs of whole processes; peak memory: medians of 3\n`);
  const rows = [
    ...(await benchStart(scratch, 3 * rounds)),
    ...(await benchVerify(CLI, scratch, 3 * rounds)),
    ...(await benchGate({ cli: CLI, scratch, rounds: 3 * rounds })),
  ];
  if ('skip' in images) console.log(`without image benchmarks: ${images.skip}`);
  else for (const name of ['app', 'big'] as const) rows.push(...(await benchImage(name, images, scratch, rounds)));
  printRows(rows);
  const peersMet = await benchPeers(rounds);
  if (rows.some(({ met }) => met === false) || !peersMet) process.exitCode = 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
