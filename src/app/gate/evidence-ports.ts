import { findBundles } from '../../attestation/index.ts';
import { coreError, LIMITS, type Digest, type Runtime } from '../../core/index.ts';
import { type DescribedReference, type EvidencePorts, type OpenedImage } from '../../evidence/index.ts';
import {
  canonicalRepository,
  loadImage,
  loadImageOrIndex,
  parseImageReference,
  readBlobBytes,
  type Image,
} from '../../image/index.ts';
import type { HttpClient } from '../../net/index.ts';
import { rememberDocuments } from './remembered-documents.ts';
import { cachedLayerFacts } from './cached-layer-facts.ts';
import {
  findLimits,
  hostPlatform,
  openImageStore,
  requireReferrers,
  type ImageAccess,
  type OpenedStore,
} from '../store/open-image-store.ts';

export interface EvidencePortOptions {
  readonly access: ImageAccess;
  /** Canonical name to give an image from a layout or archive, by reference as written. */
  readonly names: ReadonlyMap<string, string>;
  readonly maxLayerBytes?: number;
}

/** Ports with what closes the stores they opened. */
export interface OpenPorts extends AsyncDisposable {
  readonly ports: EvidencePorts;
}

/** Connects the collecting of evidence to registries, layouts and archives. */
export function createEvidencePorts(options: EvidencePortOptions, runtime: Runtime): OpenPorts {
  const opened: OpenedStore[] = [];
  let client: Promise<HttpClient> | undefined;
  // one for all images: many of them live in the same registries
  const connections = (): Promise<HttpClient> => (client ??= openClient(options.access, runtime));
  return {
    ports: {
      describe: (reference) => describe(reference, options.names),
      open: async (reference, signal) => {
        const scoped: Runtime = { ...runtime, signal };
        const shared = parseImageReference(reference).transport === 'registry' ? { client: await connections() } : {};
        const store = await openImageStore(reference, { ...options.access, ...shared }, scoped);
        opened.push(store);
        return openedImage(store, options, scoped);
      },
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((store) => store[Symbol.asyncDispose]()));
      await (await client)?.[Symbol.asyncDispose]();
    },
  };
}

async function openClient({ registryCaFile }: ImageAccess, runtime: Runtime): Promise<HttpClient> {
  const { createHttpClient } = await import('../../net/index.ts');
  const caFile = registryCaFile === undefined ? {} : { caFile: registryCaFile };
  return createHttpClient({ runtime, caFlag: '--registry-ca', ...caFile });
}

function describe(reference: string, names: ReadonlyMap<string, string>): DescribedReference {
  const parsed = parseImageReference(reference);
  const given = names.get(reference);
  const requested = { tag: parsed.tag ?? null, digest: parsed.digest ?? null };
  if (parsed.transport !== 'registry') return { name: given ?? null, requested };
  return { name: canonicalRepository(parsed), requested };
}

async function openedImage(opened: OpenedStore, options: EvidencePortOptions, runtime: Runtime): Promise<OpenedImage> {
  const { reference } = opened;
  const store = rememberDocuments(opened.store);
  const found = await loadImageOrIndex(store, { reference: opened.target, signal: runtime.signal });
  const images = new Map<Digest, Image>();
  if (found.kind === 'image') images.set(found.image.digest, found.image);
  const imageOf = async (digest: Digest, signal: AbortSignal): Promise<Image> => {
    const known = images.get(digest);
    if (known !== undefined) return known;
    const image = await loadImage(store, { reference: digest, hostPlatform: hostPlatform(), signal });
    images.set(digest, image);
    return image;
  };
  return {
    root: found.kind === 'image' ? found.image.manifest : found.index.manifest,
    resolveTag: async (signal) => {
      if (reference.tag === undefined) throw coreError('INTERNAL', 'no tag to resolve');
      return (await opened.store.readManifest(reference.tag, signal)).digest;
    },
    readManifest: (digest, signal) => store.readManifest(digest, signal),
    readConfig: (descriptor, signal) =>
      readBlobBytes(store, descriptor, { what: 'config', maxBytes: LIMITS.configBytes, signal }),
    readStatement: (descriptor, signal) =>
      readBlobBytes(store, descriptor, { what: 'statement', maxBytes: LIMITS.bundleBytes, signal }),
    findBundles: (subject, signal) =>
      findBundles(requireReferrers(opened), subject, { ...findLimits(options.access), signal }),
    readLayers: async (digest, request, signal) =>
      cachedLayerFacts(await imageOf(digest, signal), opened, { request, runtime: { ...runtime, signal }, ...options }),
  };
}
