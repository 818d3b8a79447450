/**
 * `waybill gate check` by the usual policy (signatures, attestations, base with tamper check) on images in a registry on loopback whose layers are in the gate's
 * cache, as a cold process beside `node -e 0`, and what each further image of one run costs. The gate believes no cache folder but the user's own, so that is
 * what is used. Part of `npm run bench`; alone: `node test/bench/gate.bench.ts [--rounds N] [--cli FILE] [--images N]`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRuntime } from '../../src/index.ts';
import { startRegistry } from '../support/registry/index.ts';
import { findPeer } from '../support/peers.ts';
import { debianImagesAt, type DebianImage } from '../integration/debian-images.ts';
import { ISSUER, SAN } from '../verification/support/world.ts';
import { makeGateLayouts, prepareGateWorld, type GateLayouts } from './gate-images.ts';
import { measurePeakBytes, measureWall, type Candidate } from './measure.ts';
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
  await using registry = await startRegistry();
  const runtime = createRuntime({ env: { HOME: scratch } });
  const layouts = await gateLayouts(scratch);
  const world = await prepareGateWorld(registry, { layouts, count: images, folder: scratch, runtime });
  const list = join(scratch, 'images.txt');
  await writeFile(list, world.images.join('\n'));
  const [image = ''] = world.images;
  const env = { WAYBILL_CACHE_DIR: join(userInfo().homedir, '.cache', 'waybill') };
  const gate = (name: string, ...what: readonly string[]): Candidate => ({
    name,
    args: [cli, 'gate', 'check', ...what, '--policy', world.policyFile],
    env,
  });
  const one = gate('one', image);
  const many = gate('many', '--from-file', list);
  const cosign = findPeer('cosign');
  const who = ['--certificate-identity', SAN, '--certificate-oidc-issuer', ISSUER, '--trusted-root', world.rootFile];
  const peers: Candidate[] =
    cosign === undefined ? [] : [{ name: 'cosign', program: cosign, args: ['verify', ...who, image] }];
  const [node, first, peer] = await measureWall([{ name: 'node', args: ['-e', '0'] }, one, ...peers], rounds);
  const [all] = await measureWall([many], Math.max(1, Math.floor(rounds / 5)));
  if (!node || !first || !all) throw new Error('nothing was measured');
  registry.requests.length = 0;
  await measureWall([one], 0);
  const requests = registry.requests.length;
  const peakBytes = await measurePeakBytes(many, scratch);
  const sbomKiB = (world.sbomBytes / 1024).toFixed(0);
  return [
    atMost(
      `gate check, ${world.layers} layers, SBOM of ${sbomKiB} KiB, over node -e 0`,
      first.medianMs - node.medianMs,
      {
        target: TARGETS.oneMs,
        digits: 0,
        unit: ' ms',
      },
    ),
    atMost('gate check, one image', requests, { target: TARGETS.requests, digits: 0, unit: ' requests' }),
    atMost(`each further of ${images} images`, (all.medianMs - first.medianMs) / (images - 1), {
      target: TARGETS.furtherMs,
      digits: 1,
      unit: ' ms',
    }),
    {
      what: 'gate check, whole process',
      measured: `${first.medianMs.toFixed(0)} ms`,
      best: `${first.minMs.toFixed(0)} ms`,
    },
    { what: `${images} images, peak memory`, measured: `${(peakBytes / 2 ** 20).toFixed(0)} MiB` },
    ...(peer === undefined
      ? []
      : [{ what: 'cosign verify, the signature alone, whole process', measured: `${peer.medianMs.toFixed(0)} ms` }]),
  ];
}

/** The Debian images when they were built already, else images that are made at once. */
async function gateLayouts(scratch: string): Promise<GateLayouts> {
  const { folder, reference } = debianImagesAt();
  const names: readonly DebianImage[] = ['base', 'app'];
  if (names.every((name) => existsSync(join(folder, name, 'index.json'))))
    return { base: reference('base'), app: reference('app') };
  return makeGateLayouts(scratch);
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
