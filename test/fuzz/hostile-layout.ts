import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { createTar } from '../../src/formats/index.ts';
import { small, type HostileCase } from './hostile/case.ts';

interface Blob {
  readonly digest: string;
  readonly size: number;
}

interface LayerBlob extends Blob {
  readonly diffId: string;
}

const OCI = 'application/vnd.oci.image';
const JOINED_BYTES = 1024 * 1024;

/** The package that must be found whatever else is in the image. */
export const WITNESS = 'pkg:deb/debian/witness@1.0';
const WITNESS_FILES = [
  small('usr/lib/os-release', 'ID=debian\nVERSION_ID="12"\n'),
  small('var/lib/dpkg/status', 'Package: witness\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\n\n'),
  small('var/lib/dpkg/info/witness.list', '/usr/bin/witness\n'),
  small('usr/bin/witness', '#!/bin/sh\n', 0o755),
];

/** Writes an OCI layout whose image has two layers: the witness, and the hostile one. Tagged `it`. Streams; no layer is ever in memory. */
export async function writeHostileLayout(folder: string, { layer }: HostileCase): Promise<void> {
  const blobs = join(folder, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const hostile = layer();
  const tar = Symbol.asyncIterator in hostile ? hostile : createTar(hostile);
  const layers = [await writeLayer(blobs, createTar(WITNESS_FILES)), await writeLayer(blobs, tar)];
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) };
  const config = await writeJson(blobs, { architecture: 'amd64', os: 'linux', config: {}, rootfs });
  const mediaType = `${OCI}.manifest.v1+json`;
  const manifest = await writeJson(blobs, {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: `${OCI}.config.v1+json`, ...config },
    layers: layers.map(({ digest, size }) => ({ mediaType: `${OCI}.layer.v1.tar+gzip`, digest, size })),
  });
  const annotations = { 'org.opencontainers.image.ref.name': 'it' };
  const index = { schemaVersion: 2, manifests: [{ mediaType, ...manifest, annotations }] };
  await writeFile(join(folder, 'index.json'), JSON.stringify(index));
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

async function writeLayer(blobs: string, tar: AsyncIterable<Uint8Array>): Promise<LayerBlob> {
  const place = join(blobs, 'partial');
  const unpacked = createHash('sha256');
  const stored = createHash('sha256');
  await pipeline(
    joined(tar, unpacked),
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

/** The same bytes in pieces that are worth a call. */
async function* joined(
  tar: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of tar) {
    hash.update(chunk);
    pending.push(chunk);
    bytes += chunk.length;
    if (bytes < JOINED_BYTES) continue;
    yield Buffer.concat(pending);
    [pending, bytes] = [[], 0];
  }
  yield Buffer.concat(pending);
}

async function writeJson(blobs: string, value: unknown): Promise<Blob> {
  const text = JSON.stringify(value);
  const digest = createHash('sha256').update(text).digest('hex');
  await writeFile(join(blobs, digest), text);
  return { digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
}
