import { layerError } from './errors.ts';
import { layerLabel, type LayerJob } from './layer-job.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

const MEDIA_TYPES: Readonly<Record<string, Compression>> = {
  'application/vnd.oci.image.layer.v1.tar': 'none',
  'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
  'application/vnd.oci.image.layer.nondistributable.v1.tar': 'none',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip': 'gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd': 'zstd',
  'application/vnd.docker.image.rootfs.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar': 'none',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip': 'gzip',
};

/**
 * How a layer is compressed: what its media type says, provided that the first bytes agree.
 * @throws AppError LAYER_MEDIA_TYPE
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#distributable-format
 */
export function layerCompression(job: LayerJob, head: Uint8Array): Compression {
  const stated = Object.hasOwn(MEDIA_TYPES, job.mediaType) ? MEDIA_TYPES[job.mediaType] : undefined;
  if (stated === undefined) {
    throw layerError(
      'LAYER_MEDIA_TYPE',
      `${layerLabel(job)} has the media type ${JSON.stringify(job.mediaType.slice(0, 200))}, which is no kind of layer that can be read`,
    );
  }
  const found = compressionOf(head);
  if (found !== stated) {
    throw layerError(
      'LAYER_MEDIA_TYPE',
      `${layerLabel(job)} is ${nameOf(found)} but its media type ${job.mediaType} says ${nameOf(stated)}`,
    );
  }
  return stated;
}

function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  // zstd's skippable frames, which may come first
  if (((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return 'zstd';
  return 'none';
}

function nameOf(compression: Compression): string {
  return compression === 'none' ? 'not compressed' : `compressed with ${compression}`;
}
