/**
 * What is measured: the layer pass with typical capture rules, and squashing. In a process of its own, from sources or from the module given.
 *
 *     node test/bench/read-layers.ts OCI-LAYOUT [CACHE-DIRECTORY]
 */
import type { CapturePlan } from '../../src/filesystem/index.ts';
import { squash } from '../../src/filesystem/index.ts';
import { readLayers, type Image, type ImageStore } from '../../src/image/index.ts';
import { parseDigest } from '../../src/core/index.ts';
import { readLayoutLayers } from './layout-layers.ts';

const MiB = 1024 * 1024;
const PLAN: CapturePlan = {
  captures: [
    { id: 'dpkg', pathSuffixes: ['lib/dpkg/status'], directories: ['lib/dpkg/info'], maxBytes: 64 * MiB },
    { id: 'apk', pathSuffixes: ['lib/apk/db/installed'], maxBytes: 64 * MiB },
    { id: 'npm', names: ['package.json', '.package-lock.json'], maxBytes: 16 * MiB },
    { id: 'python', names: ['METADATA', 'PKG-INFO', 'RECORD'], maxBytes: 16 * MiB },
    { id: 'go', executables: true, extract: { kind: 'go-buildinfo' }, maxBytes: 512 * MiB },
  ],
  digests: [{ algorithm: 'md5', paths: ['usr/bin/', 'usr/sbin/', 'etc/'] }],
};

const [layout = '', cacheDir] = process.argv.slice(2);
const layers = readLayoutLayers(layout);
const paths = new Map(layers.map((layer) => [layer.digest, layer]));
const image = {
  layers: layers.map((layer, index) => ({
    index,
    descriptor: { mediaType: layer.mediaType, digest: parseDigest(layer.digest), sizeBytes: layer.sizeBytes },
    diffId: parseDigest(layer.diffId),
  })),
} as unknown as Image;
const store = {
  name: layout,
  openBlob: async ({ digest }: { digest: string }) => {
    const layer = paths.get(digest);
    return { kind: 'file', range: { path: layer?.path, offsetBytes: 0, lengthBytes: layer?.sizeBytes } };
  },
} as unknown as ImageStore;
const signal = new AbortController().signal;
const stack = await readLayers({ image, store, plan: PLAN, cacheDir, signal, progress: () => undefined });
const started = performance.now();
const view = squash(stack);
const squashMs = performance.now() - started;
console.log(JSON.stringify({ files: view.size, squashMs: Math.round(squashMs) }));
