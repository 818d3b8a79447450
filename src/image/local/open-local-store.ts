import { statSync } from 'node:fs';
import { coreError, LIMITS } from '../../core/index.ts';
import { imageError } from '../errors.ts';
import type { LocalReference } from '../reference.ts';
import { ArchiveFiles } from './archive-files.ts';
import { ArchiveLayoutStore } from './archive-layout.ts';
import { DockerArchiveStore } from './docker-archive.ts';
import { openOciLayout, type OciLayoutStore } from './oci-layout.ts';

/** A store on this machine. Layouts can have things attached, `'listReferrers' in store` tells; archives of them cannot be written to. */
export type LocalStore = OciLayoutStore | ArchiveLayoutStore | DockerArchiveStore;

export interface OpenLocalStoreOptions {
  readonly signal: AbortSignal;
  /** How users name an archive that was made for reading; as the reference has it unless told. */
  readonly name?: string;
  /** Bytes that a compressed archive may unpack to; twice `LIMITS.layerBytes` unless told. */
  readonly maxBytes?: number;
  /** Most referrers of one digest; LIMITS.referrers unless told. */
  readonly maxReferrers?: number;
}

/**
 * Opens the layout or archive that a reference names. Plain archives are read where they lie; compressed ones are unpacked into a temporary directory that goes
 * when the store is disposed of. Hostile input.
 * @throws AppError STORE_NOT_FOUND, STORE_UNREADABLE, LAYOUT_INVALID, ARCHIVE_INVALID, ARCHIVE_UNSUPPORTED, LINK_ESCAPE, LIMIT_EXCEEDED, INTERRUPTED, the tar
 * reader's codes, and USAGE for `dir:`, which is no image
 */
export async function openLocalStore(reference: LocalReference, options: OpenLocalStoreOptions): Promise<LocalStore> {
  const { transport, path } = reference;
  if (transport === 'oci') return openOciLayout(path, options.maxReferrers);
  if (transport === 'dir') {
    throw coreError('USAGE', `dir:${path} is a root file system, not an image`, {
      hint: 'name an image for this: HOST/REPOSITORY, oci:DIR or an archive',
    });
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw imageError('STORE_NOT_FOUND', `${path} is a directory, not an archive`, {
      hint: `for an OCI layout directory write oci:${path}`,
    });
  }
  const files = await ArchiveFiles.open(path, {
    signal: options.signal,
    maxBytes: options.maxBytes ?? 2 * LIMITS.layerBytes,
  });
  try {
    const name = options.name ?? `${transport}:${path}`;
    const isLayout = files.locate('index.json') !== undefined && files.locate('oci-layout') !== undefined;
    return transport === 'oci-archive' || isLayout
      ? new ArchiveLayoutStore(name, files, options.maxReferrers)
      : new DockerArchiveStore(name, files);
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}
