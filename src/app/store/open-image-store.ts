import type { ImageReference, ImageStore, Platform, ReferrerStore, RegistryReference } from '../../image/index.ts';
import { canonicalRepository, openLocalStore, parseImageReference, parsePlatform } from '../../image/index.ts';
import { coreError, type Runtime } from '../../core/index.ts';
import type { HttpClient } from '../../net/index.ts';
import type { RegistryOptions } from '../../registry/index.ts';
import { appError } from '../errors.ts';
import { localLookalike } from './local-lookalike.ts';

/** How an image is reached: what the shared image flags say. */
export interface ImageAccess {
  readonly platform?: string;
  /** Registry hosts that may be spoken to in plain HTTP. */
  readonly insecureRegistries?: readonly string[];
  /** Hosts beside a registry's own that may hand out its tokens. */
  readonly allowedRealms?: readonly string[];
  /** PEM file of extra certificate authorities. */
  readonly registryCaFile?: string;
  /** Registry credentials file. */
  readonly authFile?: string;
  /** Repository that holds what is attached to images of registries, if not the image's own: `registry.example.com/signatures`. */
  readonly attachmentRepository?: string;
  /** Most referrers of one digest; more is an error. */
  readonly maxReferrers?: number;
  /** Largest bundle that is read. */
  readonly maxBundleBytes?: number;
}

/** A store opened for one reference. */
export interface OpenedStore extends AsyncDisposable {
  readonly reference: ImageReference;
  readonly store: ImageStore;
  /** Where signatures and attestations of its images are kept; absent for docker archives, engines and root file systems, read-only for archives of layouts. */
  readonly referrers?: ReferrerStore;
  /** Tag or digest to load; '' is the store's only image. */
  readonly target: string;
  /** `docker.io/library/debian`; absent for layouts, archives, engines and directories, which have no name of their own. */
  readonly repository?: string;
}

/** Connections that several stores share; whoever made them closes them. */
export interface SharedConnections {
  readonly client?: HttpClient;
}

/** Opens the store that a reference names. Nothing is read from it yet but what opening needs. */
export async function openImageStore(
  text: string,
  access: ImageAccess & SharedConnections,
  runtime: Runtime,
): Promise<OpenedStore> {
  const reference = parseImageReference(text);
  const target = reference.digest ?? reference.tag ?? '';
  if (reference.transport === 'registry') {
    await warnOfLookalike(text, reference, runtime);
    const { openRegistry } = await import('../../registry/index.ts');
    const registry = await openRegistry(reference, {
      ...registryOptions(access, runtime),
      ...(access.client === undefined ? {} : { client: access.client }),
      ...(access.attachmentRepository === undefined
        ? {}
        : { referrersRepository: attachmentRepository(access.attachmentRepository) }),
    });
    return {
      reference,
      store: registry,
      referrers: registry,
      target,
      repository: canonicalRepository(reference),
      [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
    };
  }
  if (reference.transport === 'docker-daemon') {
    const { openEngineImage } = await import('../../registry/index.ts');
    const engine = await openEngineImage(reference, { runtime });
    return { reference, store: engine.store, target, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
  }
  const local = await openLocalStore(reference, {
    signal: runtime.signal,
    ...(access.maxReferrers === undefined ? {} : { maxReferrers: access.maxReferrers }),
  });
  return {
    reference,
    store: local,
    ...('listReferrers' in local ? { referrers: local } : {}),
    target,
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  };
}

/** A name without a host is Docker Hub's, whatever lies in the working folder; who meant that is told. */
async function warnOfLookalike(text: string, reference: RegistryReference, runtime: Runtime): Promise<void> {
  if (!canonicalRepository(reference).startsWith('docker.io/') || /docker\.io\/|^docker:/i.test(text)) return;
  const local = await localLookalike(text);
  if (local === undefined) return;
  const message = `${text} is an image of docker.io; for what lies in this folder write ${local}`;
  runtime.progress({ kind: 'warning', message });
}

/** How any repository is reached. */
export function registryOptions(access: ImageAccess, runtime: Runtime): RegistryOptions {
  return {
    runtime,
    insecureRegistries: access.insecureRegistries ?? [],
    allowedRealms: access.allowedRealms ?? [],
    caFlag: '--registry-ca',
    ...(access.registryCaFile === undefined ? {} : { caFile: access.registryCaFile }),
    ...(access.authFile === undefined ? {} : { authFile: access.authFile }),
    ...(access.maxReferrers === undefined ? {} : { maxReferrers: access.maxReferrers }),
  };
}

/** A repository by its name alone. @throws AppError USAGE, and those of parsing */
export function attachmentRepository(text: string): RegistryReference {
  const reference = parseImageReference(text);
  if (reference.transport === 'registry' && reference.digest === undefined && !/:[^/]*$/.test(text)) return reference;
  throw coreError(
    'USAGE',
    `the attachment repository ${JSON.stringify(text.slice(0, 300))} is no repository of a registry`,
    {
      hint: 'write HOST/REPOSITORY without tag or digest, in --attachment-repository or COSIGN_REPOSITORY',
    },
  );
}

/** Caps on what is read of an image's referrers, as `findBundles` takes them. */
export function findLimits(access: ImageAccess): { readonly maxReferrers?: number; readonly maxBundleBytes?: number } {
  return {
    ...(access.maxReferrers === undefined ? {} : { maxReferrers: access.maxReferrers }),
    ...(access.maxBundleBytes === undefined ? {} : { maxBundleBytes: access.maxBundleBytes }),
  };
}

/** @throws AppError NEEDS_REGISTRY_OR_LAYOUT when nothing can be attached to images there */
export function requireReferrers(opened: OpenedStore): ReferrerStore {
  if (opened.referrers === undefined) {
    throw appError(
      'NEEDS_REGISTRY_OR_LAYOUT',
      `signatures and attestations live in registries and OCI layouts, not in ${opened.reference.transport}:`,
      {
        hint: 'push the image to a registry, or copy it into an OCI layout: skopeo copy ... oci:DIR:TAG',
      },
    );
  }
  return opened.referrers;
}

/** The same, where something is to be attached. @throws AppError NEEDS_REGISTRY_OR_LAYOUT also for archives, which can only be read */
export function requireWritableReferrers(opened: OpenedStore): ReferrerStore {
  const referrers = requireReferrers(opened);
  if (referrers.readOnly !== true) return referrers;
  throw appError('NEEDS_REGISTRY_OR_LAYOUT', `nothing can be attached to images in ${opened.reference.transport}:`, {
    hint: 'unpack the archive into a directory and name that, oci:DIR:TAG, or push the image to a registry',
  });
}

/** The platform asked for, else this machine's with os `linux` (images for other systems are asked for by name). */
export function requestedPlatform(access: ImageAccess): Platform | undefined {
  return access.platform === undefined ? undefined : parsePlatform(access.platform);
}

const ARCHITECTURES: Readonly<Record<string, Platform>> = {
  x64: { os: 'linux', architecture: 'amd64' },
  arm64: { os: 'linux', architecture: 'arm64' },
  arm: { os: 'linux', architecture: 'arm', variant: 'v7' },
  ia32: { os: 'linux', architecture: '386' },
  s390x: { os: 'linux', architecture: 's390x' },
  ppc64: { os: 'linux', architecture: 'ppc64le' },
  riscv64: { os: 'linux', architecture: 'riscv64' },
  loong64: { os: 'linux', architecture: 'loong64' },
};

/** Containers on this machine: its architecture, Linux whatever the host system is. */
export function hostPlatform(): Platform {
  return ARCHITECTURES[process.arch] ?? { os: 'linux', architecture: process.arch };
}
