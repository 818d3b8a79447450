import { isAppError, type Digest, type Runtime } from '../../core/index.ts';
import {
  canonicalRepository,
  createOciLayout,
  formatImageReference,
  type CopyDestination,
  type CopyTargetStore,
  type ImageReference,
  type OciLayoutStore,
  type RegistryReference,
} from '../../image/index.ts';
import type { RegistryStore } from '../../registry/index.ts';
import { appError } from '../errors.ts';
import { attachmentRepository, registryOptions, type ImageAccess } from './open-image-store.ts';

/** A destination with what closes it. */
export interface OpenedDestination extends AsyncDisposable {
  readonly stores: CopyDestination;
  /** `registry.example.com/app`, `oci:DIR`. */
  readonly name: string;
}

export interface DestinationOptions {
  readonly reference: ImageReference;
  readonly access: ImageAccess;
  /** Where the image comes from, when that is a registry: blobs of the same registry are taken over without a transfer. */
  readonly mountFrom?: RegistryReference;
}

/** Opens what is copied to: a repository, or a layout, which is made when it is missing. @throws AppError NEEDS_REGISTRY_OR_LAYOUT */
export async function openDestination(options: DestinationOptions, runtime: Runtime): Promise<OpenedDestination> {
  const { reference, access, mountFrom } = options;
  if (reference.transport === 'oci') {
    const layout = layoutTarget(await createOciLayout(reference.path));
    return {
      stores: { images: layout, attachments: layout },
      name: layout.name,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  if (reference.transport !== 'registry') {
    throw appError('NEEDS_REGISTRY_OR_LAYOUT', `nothing can be copied to ${formatImageReference(reference)}`, {
      hint: 'copy to HOST/REPOSITORY[:TAG] or to oci:DIR[:TAG]',
    });
  }
  const { openRegistry } = await import('../../registry/index.ts');
  const opened: RegistryStore[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((store) => store[Symbol.asyncDispose]()));
  };
  const open = async (repository: RegistryReference): Promise<CopyTargetStore> => {
    const store = await openRegistry(repository, registryOptions(access, runtime));
    opened.push(store);
    return registryTarget(store, repository, mountFrom);
  };
  try {
    const images = await open(reference);
    const elsewhere = access.attachmentRepository;
    const attachments = elsewhere === undefined ? images : await open(attachmentRepository(elsewhere));
    return { stores: { images, attachments }, name: canonicalRepository(reference), [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function layoutTarget(layout: OciLayoutStore): CopyTargetStore {
  return {
    name: layout.name,
    hasBlob: (descriptor, signal) => layout.holdsBlob(descriptor, signal),
    hasManifest: ({ mediaType, digest, bytes }, signal) =>
      layout.holdsBlob({ mediaType, digest, sizeBytes: bytes.byteLength }, signal),
    resolveTag: async (tag, signal) => orUndefined(async () => (await layout.readManifest(tag, signal)).digest),
    listReferrers: (subject, signal) => layout.listReferrers(subject, signal),
    uploadBlob: (source, descriptor, signal) => layout.uploadBlob(source, descriptor, signal),
    writeManifest: (manifest, options, signal) => layout.writeManifest(manifest, options, signal),
    listManifest: (manifest, signal) => layout.listManifest(manifest, signal),
  };
}

function registryTarget(
  store: RegistryStore,
  repository: RegistryReference,
  mountFrom: RegistryReference | undefined,
): CopyTargetStore {
  const mountable =
    mountFrom !== undefined &&
    mountFrom.registry === repository.registry &&
    mountFrom.repository !== repository.repository;
  return {
    name: store.name,
    hasBlob: ({ digest }, signal) => store.hasBlob(digest, signal),
    hasManifest: async ({ digest }, signal) => (await store.headManifest(digest, signal)) !== undefined,
    resolveTag: async (tag, signal): Promise<Digest | undefined> => (await store.headManifest(tag, signal))?.digest,
    listReferrers: (subject, signal) => store.listReferrers(subject, signal),
    ...(mountable
      ? { mountBlob: ({ digest }, signal) => mountOrNot(store, { digest, from: mountFrom.repository }, signal) }
      : {}),
    uploadBlob: (source, descriptor, signal) => store.uploadBlob(source, descriptor, signal),
    writeManifest: (manifest, options, signal) => store.writeManifest(manifest, options, signal),
    writeReferrers: (subject, referrers, signal) => store.writeReferrers(subject, referrers, signal),
  };
}

/** Some registries answer a mount that they do not want with 401 or 403; whether a plain upload is allowed shows when it is tried. */
async function mountOrNot(
  store: RegistryStore,
  blob: { readonly digest: Digest; readonly from: string },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await store.mountBlob(blob.digest, blob.from, signal);
  } catch (error) {
    if (isAppError(error) && (error.code === 'REGISTRY_FORBIDDEN' || error.code === 'REGISTRY_UNAUTHORIZED'))
      return false;
    throw error;
  }
}

async function orUndefined<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isAppError(error) && error.code === 'MANIFEST_NOT_FOUND') return undefined;
    throw error;
  }
}
