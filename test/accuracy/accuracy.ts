/**
 * Is everything found, and nothing invented? On real images: our SBOM against what package managers say is installed (oracles) and against what other
 * generators list (peers). Every difference is settled by adjudications.json, or the exit code is 1. `npm run accuracy`.
 *
 *     node test/accuracy/accuracy.ts [--only IMAGE]... [--peers | --oracles] [--all] [--json] [--cli PATH]
 *
 * `--all` prints settled differences too; `--cli` takes a command line that is built already. Peers are taken from $WAYBILL_PEERS or the cache (`peers` in the folder of `.ci/run`, where .ci/scanners puts them); without them only oracles are asked.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ACCURACY_IMAGES, prepareImage, type BuiltImage } from '../bench/images.ts';
import { builtPackage } from '../support/cli/built-package.ts';
import { findPeer } from '../support/peers.ts';
import { readAdjudications, type Adjudication } from './adjudications.ts';
import { compareWithOracle, compareWithPeer, isSettled, type Comparison } from './compare.ts';
import type { Finding } from './finding.ts';
import { ORACLES } from './oracles/registry.ts';
import { printComparisons, unusedAdjudications } from './report.ts';
import { ourFindings, peers } from './sboms.ts';

interface Run {
  readonly cli: string;
  readonly scratch: string;
  readonly rows: readonly Adjudication[];
}

async function withOracles(image: BuiltImage, ours: readonly Finding[], { rows }: Run): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const oracle of ORACLES) {
    const missing = oracle.programs.filter((program) => findPeer(program) === undefined);
    if (missing.length > 0) {
      console.error(`${oracle.name} is left out: no ${missing.join(', ')}`);
      continue;
    }
    const theirs = await oracle.list(image);
    if (theirs.length > 0) comparisons.push(compareWithOracle(oracle, { theirs, ours }, { image: image.name, rows }));
  }
  return comparisons;
}

async function withPeers(image: BuiltImage, ours: readonly Finding[], { rows, scratch }: Run): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const peer of peers()) {
    const theirs = await peer.list(image, scratch);
    comparisons.push(...compareWithPeer(peer.name, { theirs, ours }, { image: image.name, rows }));
  }
  return comparisons;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    peers: { type: 'boolean', default: false },
    oracles: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    cli: { type: 'string' },
  },
});
const names = ACCURACY_IMAGES.filter((name) => values.only?.includes(name) ?? true);
const scratch = await mkdtemp(join(tmpdir(), 'waybill-accuracy-'));
try {
  const run: Run = {
    cli: values.cli ?? join(await builtPackage(), 'bin/run.js'),
    scratch,
    rows: await readAdjudications(),
  };
  const comparisons: Comparison[] = [];
  for (const name of names) {
    const image = await prepareImage(name);
    if ('skip' in image) {
      console.error(`${name} is left out: ${image.skip}`);
      continue;
    }
    const ours = await ourFindings(run.cli, image, scratch);
    if (!values.peers) comparisons.push(...(await withOracles(image, ours, run)));
    if (!values.oracles) comparisons.push(...(await withPeers(image, ours, run)));
  }
  if (values.json) console.log(JSON.stringify(comparisons, undefined, 2));
  else printComparisons(comparisons, values.all);
  const complete = values.only === undefined && !values.peers && !values.oracles && peers().length === 2;
  const unused = complete ? unusedAdjudications(run.rows, comparisons) : [];
  for (const row of unused) console.error(`settles nothing: ${row.tool}, ${row.side}: ${row.packages}`);
  const settled = comparisons.every(({ differences }) => differences.every(isSettled));
  if (!settled || unused.length > 0) process.exitCode = 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
