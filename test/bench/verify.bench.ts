/**
 * `waybill verify` of keyless bundles in a registry on loopback as a cold process, beside `node -e 0` and, where it is, cosign: what one bundle costs, what each further
 * one adds, and how many requests are made. Part of `npm run bench`; alone: `node test/bench/verify.bench.ts [--rounds N] [--cli FILE]`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { attachBundle, SIGN_PREDICATE_TYPE, signStatement } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import type { Descriptor } from '../../src/image/index.ts';
import { startRegistry } from '../support/registry/index.ts';
import { calm, manifestOf, OCI_MANIFEST, openQuietly } from '../support/registry/opening.ts';
import { bytesOf, newWorld, signKeyless, type World } from '../verification/support/world.ts';
import { cosignCandidates, signerArguments, writeTrustedRoot } from './cosign.ts';
import { measureWall, type Candidate } from './measure.ts';
import { atMost, printRows, type Row } from './rows.ts';

const TARGETS = { oneMs: 150, furtherMs: 10, requests: 65 } as const;
const FURTHER = 29;

/** @param cli the built command line */
export async function benchVerify(cli: string, scratch: string, rounds: number): Promise<readonly Row[]> {
  await using registry = await startRegistry();
  const world = newWorld();
  const root = await writeTrustedRoot(scratch, world);
  const one = await signedImage(registry.host, world, { repository: 'one', bundles: 1 });
  const many = await signedImage(registry.host, world, { repository: 'many', bundles: FURTHER + 1 });
  const env = { WAYBILL_CACHE_DIR: join(scratch, 'cache-verify') };
  const waybill = (name: string, image: string): Candidate => ({
    name,
    args: [cli, 'verify', image, ...signerArguments(root)],
    env,
  });
  const peers = cosignCandidates([one, many], root);
  const [node, first, all, peerFirst, peerAll] = await measureWall(
    [{ name: 'node', args: ['-e', '0'] }, waybill('one', one), waybill('many', many), ...peers],
    rounds,
  );
  if (!node || !first || !all) throw new Error('nothing was measured');
  registry.requests.length = 0;
  await measureWall([waybill('many', many)], 0);
  const requests = registry.requests.length;
  const over = first.medianMs - node.medianMs;
  const further = (all.medianMs - first.medianMs) / FURTHER;
  return [
    atMost('waybill verify, keyless, registry, over node -e 0', over, {
      target: TARGETS.oneMs,
      digits: 0,
      unit: ' ms',
    }),
    atMost('each further bundle', further, { target: TARGETS.furtherMs, digits: 1, unit: ' ms' }),
    atMost(`${FURTHER + 1} bundles on one image`, requests, { target: TARGETS.requests, digits: 0, unit: ' requests' }),
    { what: 'waybill verify, whole process', measured: `${first.medianMs.toFixed(0)} ms` },
    ...(peerFirst === undefined || peerAll === undefined
      ? []
      : [
          { what: 'cosign verify, whole process', measured: `${peerFirst.medianMs.toFixed(0)} ms` },
          {
            what: 'cosign, each further bundle',
            measured: `${((peerAll.medianMs - peerFirst.medianMs) / FURTHER).toFixed(1)} ms`,
          },
        ]),
  ];
}

/** An image without layers and its keyless signatures, each by a certificate of its own. */
async function signedImage(
  host: string,
  world: World,
  { repository, bundles }: { readonly repository: string; readonly bundles: number },
): Promise<string> {
  await using store = await openQuietly(host, repository);
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  const manifest = manifestOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256Digest(config),
      size: config.byteLength,
    },
    layers: [],
  });
  await store.writeBlob(config, sha256Digest(config), calm);
  await store.writeManifest(manifest, { tag: '1' }, calm);
  const subject: Descriptor = {
    mediaType: OCI_MANIFEST,
    digest: manifest.digest,
    sizeBytes: manifest.bytes.byteLength,
  };
  for (let number = 0; number < bundles; number += 1) {
    const bundle = bytesOf(signKeyless(world, { payload: signStatement(subject.digest), tsas: [world.tsa] }));
    const created = new Date(number * 1000);
    await attachBundle(store, subject, bundle, { predicateType: SIGN_PREDICATE_TYPE, created, signal: calm });
  }
  return `${host}/${repository}@${manifest.digest}`;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' }, cli: { type: 'string' } } });
  const scratch = await mkdtemp(join(tmpdir(), 'waybill-verify-bench-'));
  try {
    const cli = values.cli ?? join(import.meta.dirname, '../../bin/run.js');
    const rows = await benchVerify(cli, scratch, Number(values.rounds));
    printRows(rows);
    if (rows.some(({ met }) => met === false)) process.exitCode = 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
