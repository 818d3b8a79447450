import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A layer of a benchmark's OCI layout. */
export interface LayoutLayer {
  readonly path: string;
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly diffId: string;
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[];
}

/** Layers of the first image of a trusted OCI layout, bottom first. */
export function readLayoutLayers(layout: string): LayoutLayer[] {
  const blob = (digest: string): string => join(layout, 'blobs', ...digest.split(':'));
  const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
  const index = json(join(layout, 'index.json')) as { manifests: { digest: string }[] };
  const manifest = json(blob(index.manifests[0]?.digest ?? '')) as Manifest;
  const config = json(blob(manifest.config.digest)) as { rootfs: { diff_ids: string[] } };
  return manifest.layers.map((layer, position) => ({
    path: blob(layer.digest),
    mediaType: layer.mediaType,
    digest: layer.digest,
    sizeBytes: layer.size,
    diffId: config.rootfs.diff_ids[position] ?? '',
  }));
}
