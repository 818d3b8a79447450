/**
 * Images of extreme size through the whole command, measured: three million empty files in one layer, and 8 GB of files in 70 layers. Not part of
 * `npm test`; needs some gigabytes of disk. A bound that is missed makes the exit code 1.
 *
 *     node test/bench/hostile-size.ts [--files N] [--layers N] [--layer-mib N] [--built]
 */
import { execFile } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs, promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { createTar, type TarInput } from '../../src/formats/index.ts';

const ROOT = join(import.meta.dirname, '../..');
const MiB = 1024 * 1024;
const FILE_BYTES = 4 * MiB;
const run = promisify(execFile);

interface Blob {
  readonly digest: string;
  readonly size: number;
}

function* emptyFiles(count: number): Generator<TarInput> {
  for (let index = 0; index < count; index += 1) {
    const folder = `srv/${(index >> 16).toString(16)}/${((index >> 8) & 0xff).toString(16)}`;
    yield { header: { path: `${folder}/file-${index}`, type: 'file', mode: 0o644 } };
  }
}

/** Some of each file is noise, some repeats: compressed to about a third, as real layers are. One in eight is called a shared library. */
function* largeFiles(layer: number, mebibytes: number): Generator<TarInput> {
  for (let index = 0; index * FILE_BYTES < mebibytes * MiB; index += 1) {
    const content = Buffer.alloc(FILE_BYTES, `layer ${layer} file ${index} `);
    randomFillSync(content, 0, FILE_BYTES / 3);
    if (index % 8 === 0) content.write('\x7fELF\x02\x01\x01', 0, 'latin1');
    yield { header: { path: `usr/lib/l${layer}/lib${index}.so`, type: 'file', mode: 0o755 }, content };
  }
}

async function writeLayer(blobs: string, inputs: Iterable<TarInput>): Promise<Blob & { diffId: string }> {
  const place = join(blobs, 'partial');
  const unpacked = createHash('sha256');
  const stored = createHash('sha256');
  await pipeline(
    async function* () {
      let pending: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of createTar(inputs)) {
        pending.push(chunk);
        bytes += chunk.length;
        if (bytes < MiB) continue;
        const joined = Buffer.concat(pending);
        unpacked.update(joined);
        yield joined;
        pending = [];
        bytes = 0;
      }
      const rest = Buffer.concat(pending);
      unpacked.update(rest);
      yield rest;
    },
    createGzip({ level: 1 }),
    async function* (source: AsyncIterable<Uint8Array>) {
      for await (const chunk of source) {
        stored.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(place),
  );
  const digest = stored.digest('hex');
  const { size } = await stat(place);
  await rename(place, join(blobs, digest));
  return { digest: `sha256:${digest}`, size, diffId: `sha256:${unpacked.digest('hex')}` };
}

async function writeJson(path: string | undefined, blobs: string, value: unknown): Promise<Blob> {
  const text = JSON.stringify(value);
  const digest = createHash('sha256').update(text).digest('hex');
  await writeFile(path ?? join(blobs, digest), text);
  return { digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
}

/** An OCI layout with one image, tagged `it`. */
async function buildLayout(folder: string, layers: Iterable<Iterable<TarInput>>): Promise<void> {
  const blobs = join(folder, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const written: (Blob & { diffId: string })[] = [];
  for (const inputs of layers) written.push(await writeLayer(blobs, inputs));
  const rootfs = { type: 'layers', diff_ids: written.map(({ diffId }) => diffId) };
  const config = await writeJson(undefined, blobs, { architecture: 'amd64', os: 'linux', config: {}, rootfs });
  const oci = 'application/vnd.oci.image';
  const manifest = await writeJson(undefined, blobs, {
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: { mediaType: `${oci}.config.v1+json`, ...config },
    layers: written.map(({ digest, size }) => ({ mediaType: `${oci}.layer.v1.tar+gzip`, digest, size })),
  });
  const annotations = { 'org.opencontainers.image.ref.name': 'it' };
  const manifests = [{ mediaType: `${oci}.manifest.v1+json`, ...manifest, annotations }];
  await writeJson(join(folder, 'index.json'), blobs, { schemaVersion: 2, manifests });
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

/** One run: it is long enough. */
async function measure(what: string, layout: string, bounds: { seconds?: number; mebibytes: number }): Promise<void> {
  const cli = join(ROOT, values.built ? 'bin/run.js' : 'bin/dev.ts');
  const output = `cyclonedx-json=${join(layout, 'sbom.json')}`;
  const command = ['sbom', 'create', `oci:${layout}:it`, '--quiet', '--no-cache', '--allow-empty', '-o', output];
  const peakFile = join(layout, 'peak');
  const env = { ...process.env, WAYBILL_CACHE_DIR: join(layout, 'cache'), BENCH_PEAK_FILE: peakFile };
  const started = performance.now();
  await run(process.execPath, ['--require', join(import.meta.dirname, 'peak-memory.cjs'), cli, ...command], { env });
  const seconds = (performance.now() - started) / 1000;
  const mebibytes = Number(await readFile(peakFile, 'utf8')) / MiB;
  const met = mebibytes <= bounds.mebibytes && seconds <= (bounds.seconds ?? Infinity);
  const limits = `${bounds.seconds === undefined ? '' : `${bounds.seconds} s, `}${bounds.mebibytes} MiB`;
  console.log(
    `${what}: ${seconds.toFixed(1)} s, ${mebibytes.toFixed(0)} MiB (at most ${limits}) ${met ? 'met' : 'MISSED'}`,
  );
  if (!met) process.exitCode = 1;
}

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '3000000' },
    layers: { type: 'string', default: '70' },
    'layer-mib': { type: 'string', default: '118' },
    built: { type: 'boolean', default: false },
  },
});
const scratch = await mkdtemp(join(tmpdir(), 'waybill-hostile-'));
try {
  const many = join(scratch, 'many');
  if (Number(values.files) > 0) {
    await buildLayout(many, [emptyFiles(Number(values.files))]);
    await measure(`${values.files} empty files`, many, { seconds: 60, mebibytes: 1536 });
    await rm(many, { recursive: true });
  }
  const layerMib = Number(values['layer-mib']);
  if (Number(values.layers) > 0) {
    const large = join(scratch, 'large');
    const layers = Array.from({ length: Number(values.layers) }, (_, layer) => largeFiles(layer, layerMib));
    await buildLayout(large, layers);
    await measure(`${values.layers} layers of ${layerMib} MiB`, large, { mebibytes: 600 });
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
