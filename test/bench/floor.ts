/**
 * The floor that the layer pass is measured against: a bare program that reads every layer in 1 MiB chunks, hashes, gunzips, hashes again and goes from
 * header to header of the tar, one worker per layer, as many at a time as there are cores. It keeps nothing.
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
const BLOCK_BYTES = 512;

/** Goes from header to header, and counts them; of each only the size is looked at. */
class TarWalk {
  readonly #header = Buffer.alloc(BLOCK_BYTES);
  #filled = 0;
  #skip = 0;
  headers = 0;

  write(chunk: Buffer): void {
    for (let offset = 0; offset < chunk.length;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - offset);
        this.#skip -= skipped;
        offset += skipped;
      } else {
        const copied = chunk.copy(this.#header, this.#filled, offset);
        offset += copied;
        this.#filled = (this.#filled + copied) % BLOCK_BYTES;
        if (this.#filled === 0) this.#take();
      }
    }
  }

  #take(): void {
    if (this.#header[0] === 0) return;
    this.headers += 1;
    const sizeBytes = Number.parseInt(this.#header.toString('latin1', 124, 135), 8);
    this.#skip = Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

async function readLayer(layer: LayoutLayer): Promise<void> {
  const stored = createHash('sha256');
  const unpacked = createHash('sha256');
  const walk = new TarWalk();
  const input = createReadStream(layer.path, { highWaterMark: CHUNK_BYTES });
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  input.on('data', (chunk) => stored.update(chunk));
  gunzip.on('data', (chunk: Buffer) => {
    unpacked.update(chunk);
    walk.write(chunk);
  });
  const ended = new Promise((resolve, reject) => gunzip.on('end', resolve).on('error', reject));
  input.pipe(gunzip);
  await ended;
  if (`sha256:${unpacked.digest('hex')}` !== layer.diffId) throw new Error(`wrong diffID in ${layer.path}`);
  if (`sha256:${stored.digest('hex')}` !== layer.digest) throw new Error(`wrong digest of ${layer.path}`);
  if (walk.headers === 0) throw new Error(`no tar in ${layer.path}`);
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
