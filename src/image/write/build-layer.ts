import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { createDigester, discardWritten, throwIfAborted, type Digest } from '../../core/index.ts';
import { createTar } from '../../formats/index.ts';
import { storeFailure } from '../errors.ts';
import type { OciLayoutStore } from '../local/oci-layout.ts';
import { MEDIA_TYPES } from '../media-types.ts';
import type { Descriptor } from '../types.ts';
import { arrangeEntries, tarInputs, type LayerEntry } from './layer-entry.ts';

export type LayerCompression = 'gzip' | 'zstd' | 'none';

export interface BuildLayerOptions {
  readonly compression: LayerCompression;
  /** The compressor's level: 6 (gzip) and 3 (zstd) unless given. */
  readonly level?: number;
  readonly signal: AbortSignal;
}

/** A layer whose blob is in a layout. */
export interface BuiltLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

const LAYER_TYPES: Readonly<Record<LayerCompression, string>> = {
  gzip: MEDIA_TYPES.ociLayerGzip,
  zstd: MEDIA_TYPES.ociLayerZstd,
  none: MEDIA_TYPES.ociLayer,
};

/**
 * Writes a layer into a layout: the same entries give the same bytes, whatever their order. Files are streamed; memory does not grow with them. The tar, and so the
 * diffID, is the same everywhere; compressed bytes may differ between versions of the compression library.
 * @throws AppError IMAGE_UNWRITABLE, STORE_UNWRITABLE, TAR_UNWRITABLE, INTERRUPTED
 */
export async function buildLayer(
  store: OciLayoutStore,
  entries: readonly LayerEntry[],
  options: BuildLayerOptions,
): Promise<BuiltLayer> {
  const { signal, compression } = options;
  const inputs = tarInputs(arrangeEntries(entries));
  const uncompressed = createDigester();
  const compressed = createDigester();
  let sizeBytes = 0;
  const temporary = join(store.path, 'blobs', `.${randomUUID()}.tmp`);
  const file = createWriteStream(temporary, { flags: 'wx' });
  try {
    await pipeline(
      async function* tar() {
        for await (const chunk of createTar(inputs)) {
          throwIfAborted(signal);
          uncompressed.update(chunk);
          yield chunk;
        }
      },
      compressor(compression, options.level),
      async function* measure(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          compressed.update(chunk);
          sizeBytes += chunk.byteLength;
          yield chunk;
        }
      },
      file,
    );
    const descriptor: Descriptor = { mediaType: LAYER_TYPES[compression], digest: compressed.digest(), sizeBytes };
    await store.adoptBlob(temporary, descriptor);
    return { descriptor, diffId: uncompressed.digest() };
  } catch (cause) {
    throw storeFailure('STORE_UNWRITABLE', `cannot write a layer into ${store.name}`, cause);
  } finally {
    await discardWritten(file, temporary);
  }
}

function compressor(compression: LayerCompression, level: number | undefined): Transform {
  if (compression === 'gzip') return createGzip({ level: level ?? 6, chunkSize: 64 * 1024 });
  if (compression === 'zstd')
    return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level ?? 3 } });
  return new PassThrough();
}
