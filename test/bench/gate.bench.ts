/**
 * `waybill gate check` by the usual policy (signatures, attestations, base with tamper check) on images in a registry on loopback whose layers are in the gate's
 * cache, as a cold process beside `node -e 0`, and what each further image of one run costs. The gate believes no cache folder but the user's own, so that is
 * what is used. Part of `npm run bench`; alone: `node test/bench/gate.bench.ts [--rounds N] [--cli FILE] [--images N]`.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRuntime } from '../../src/index.ts';
import { startRegistry } from '../support/registry/index.ts';
import { debianImagesAt, type DebianImage } from '../integration/debian-images.ts';
import { cosignCandidates } from './cosign.ts';
import { makeGateLayouts, prepareGateWorld, type GateLayouts } from './gate-images.ts';
import { measurePeakBytes, measureWall, type Candidate, type Measured } from './measure.ts';
import { atMost, printRows, type Row } from './rows.ts';

const TARGETS = { oneMs: 250, furtherMs: 25, requests: 12 } as const;
const IMAGES = 200;

export interface GateBenchOptions {
  /** The built command line. */
  readonly cli: string;
  readonly scratch: string;
  readonly rounds: number;
  /** Images of the long run; 200 unless given. */
  readonly images?: number;
}

export async function benchGate({ cli, scratch, rounds, images = IMAGES }: GateBenchOptions): Promise<readonly Row[]> {
  const debian = debianImagesAt();
  const reference = (name: DebianImage): string => debian.reference(name);
  const isThere = (name: DebianImage): boolean => existsSync(join(debian.folder, name, 'index.json'));
  const layouts = await makeGateLayouts(scratch, isThere('base') ? reference('base') : undefined);
  const service = await benchImage('gate check', { cli, scratch: join(scratch, 'service'), rounds, images, layouts });
  const { one, node, requests, further, peakBytes, peer } = service;
  const rows: readonly Row[] = [
    atMost(`${service.what}, over node -e 0`, one.medianMs - node.medianMs, {
      target: TARGETS.oneMs,
      digits: 0,
      unit: ' ms',
    }),
    atMost('gate check, one image', requests, { target: TARGETS.requests, digits: 0, unit: ' requests' }),
    atMost(`each further of ${images} images`, further, { target: TARGETS.furtherMs, digits: 1, unit: ' ms' }),
    {
      what: 'gate check, whole process',
      measured: `${one.medianMs.toFixed(0)} ms`,
      best: `${one.minMs.toFixed(0)} ms`,
    },
    { what: `${images} images, peak memory`, measured: `${(peakBytes / 2 ** 20).toFixed(0)} MiB` },
    ...(peer === undefined
      ? []
      : [{ what: 'cosign verify, the signature alone, whole process', measured: `${peer.medianMs.toFixed(0)} ms` }]),
  ];
  if (!isThere('app') || !isThere('base')) return rows;
  const large = await benchImage('gate check', {
    cli,
    scratch: join(scratch, 'large'),
    rounds: Math.ceil(rounds / 3),
    images: Math.ceil(images / 10),
    layouts: { base: reference('base'), app: reference('app') },
  });
  return [
    ...rows,
    {
      what: `${large.what}, over node -e 0`,
      measured: `${(large.one.medianMs - large.node.medianMs).toFixed(0)} ms`,
    },
    { what: 'the same, each further image', measured: `${large.further.toFixed(1)} ms` },
  ];
}

interface ImageFigures {
  readonly what: string;
  readonly node: Measured;
  readonly one: Measured;
  readonly requests: number;
  /** Of each image but the first, in milliseconds. */
  readonly further: number;
  readonly peakBytes: number;
  readonly peer: Measured | undefined;
}

async function benchImage(
  name: string,
  options: Required<GateBenchOptions> & { readonly layouts: GateLayouts },
): Promise<ImageFigures> {
  const { cli, scratch, rounds, images, layouts } = options;
  await mkdir(scratch, { recursive: true });
  await using registry = await startRegistry();
  const runtime = createRuntime({ env: { HOME: scratch } });
  const world = await prepareGateWorld(registry, { layouts, count: images, folder: scratch, runtime });
  const list = join(scratch, 'images.txt');
  await writeFile(list, world.images.join('\n'));
  const [image = ''] = world.images;
  const env = { WAYBILL_CACHE_DIR: join(userInfo().homedir, '.cache', 'waybill') };
  const gate = (candidate: string, ...what: readonly string[]): Candidate => ({
    name: candidate,
    args: [cli, 'gate', 'check', ...what, '--policy', world.policyFile],
    env,
  });
  const [single, many] = [gate('one', image), gate('many', '--from-file', list)];
  const peers = cosignCandidates([image], world.rootFile);
  const [node, one, peer] = await measureWall([{ name: 'node', args: ['-e', '0'] }, single, ...peers], rounds);
  const [all] = await measureWall([many], Math.ceil(rounds / 5));
  if (!node || !one || !all) throw new Error('nothing was measured');
  registry.requests.length = 0;
  await measureWall([single], 0);
  const requests = registry.requests.length;
  const sbomKiB = (world.sbomBytes / 1024).toFixed(0);
  return {
    what: `${name}, ${world.layers} layers, SBOM of ${sbomKiB} KiB`,
    node,
    one,
    requests,
    further: (all.medianMs - one.medianMs) / (images - 1),
    peakBytes: await measurePeakBytes(many, scratch),
    peer,
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '9' },
      cli: { type: 'string', default: join(import.meta.dirname, '../../bin/run.js') },
      images: { type: 'string', default: String(IMAGES) },
    },
  });
  const scratch = await mkdtemp(join(tmpdir(), 'waybill-gate-bench-'));
  try {
    const { cli } = values;
    const rows = await benchGate({ cli, scratch, rounds: Number(values.rounds), images: Number(values.images) });
    printRows(rows);
    if (rows.some(({ met }) => met === false)) process.exitCode = 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
