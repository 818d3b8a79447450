/**
 * The floor that the layer pass is measured against: a bare program that reads every layer in 1 MiB chunks, hashes, gunzips and hashes again, one
 * worker per layer, as many at a time as there are cores. It parses nothing.
 *
 *     node test/bench/floor.ts OCI-LAYOUT
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createGunzip } from 'node:zlib';
import { readLayoutLayers, type LayoutLayer } from './layout-layers.ts';

const CHUNK_BYTES = 1024 * 1024;

async function readLayer(layer: LayoutLayer): Promise<void> {
  const stored = createHash('sha256');
  const unpacked = createHash('sha256');
  const input = createReadStream(layer.path, { highWaterMark: CHUNK_BYTES });
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  input.on('data', (chunk) => stored.update(chunk));
  gunzip.on('data', (chunk: Buffer) => unpacked.update(chunk));
  const ended = new Promise((resolve, reject) => gunzip.on('end', resolve).on('error', reject));
  input.pipe(gunzip);
  await ended;
  if (`sha256:${unpacked.digest('hex')}` !== layer.diffId) throw new Error(`wrong diffID in ${layer.path}`);
  stored.digest();
}

async function runWorker(layer: LayoutLayer): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: layer });
  await new Promise<void>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`worker ended with ${code}`))));
  });
}

if (isMainThread) {
  const queue = readLayoutLayers(process.argv[2] ?? '').toSorted((a, b) => b.sizeBytes - a.sizeBytes);
  const lane = async (): Promise<void> => {
    for (let layer = queue.shift(); layer; layer = queue.shift()) await runWorker(layer);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), queue.length) }, lane));
} else if (parentPort) await readLayer(workerData as LayoutLayer);
