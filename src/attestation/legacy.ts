import { ExitCode, isAppError, LIMITS, mapConcurrent, type Digest } from '../core/index.ts';
import { fallbackTag, parseManifest, type Descriptor, type RawManifest, type ReferrerStore } from '../image/index.ts';
import type { UnreadableReferrer } from './types.ts';

const CONCURRENT_READS = 6;
const MAX_SIGNATURE_PAYLOAD_BYTES = 1024 * 1024;
const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
const DSSE_ENVELOPE = 'application/vnd.dsse.envelope.v1+json';
/** How cosign attached the older signatures as referrers, for a while and by option. */
const LEGACY_SIGNATURE_TYPE = 'application/vnd.dev.cosign.artifact.sig.v1+json';
const KINDS = { sig: 'signature', att: 'attestation' } as const;
const ANNOTATIONS = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  rekorBundle: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const;

/** A signature or attestation in the layout of cosign 1 and 2: raw material, nothing of it verified. */
export interface LegacyCandidate {
  readonly kind: 'signature' | 'attestation';
  /** The manifest that holds it, among others. */
  readonly manifest: Digest;
  /** Of the payload. */
  readonly digest: Digest;
  /** Of a signature the simple-signing document, which is what was signed; of an attestation the DSSE envelope with its signatures. */
  readonly payload: Uint8Array;
  /** Over the payload's bytes; absent of attestations, and where it is no base64. */
  readonly signature?: Uint8Array;
  /** PEM, as written. */
  readonly certificate?: string;
  /** PEM of the issuing certificates, as written. */
  readonly chain?: string;
  /** JSON `{"SignedEntryTimestamp", "Payload"}`, as written. */
  readonly rekorBundle?: string;
  /** JSON `{"SignedRFC3161Timestamp"}`, as written. */
  readonly timestamp?: string;
}

export interface FoundLegacy {
  /** Signatures first, in the order of their manifests. */
  readonly candidates: readonly LegacyCandidate[];
  readonly unreadable: readonly UnreadableReferrer[];
}

export interface FindLegacyOptions {
  /** Referrers that are no bundles (`FoundBundles.otherReferrers`): some may be signatures of the older kind. */
  readonly otherReferrers?: readonly Descriptor[];
  /** Largest attestation; LIMITS.bundleBytes unless told. */
  readonly maxBundleBytes?: number;
  readonly signal: AbortSignal;
}

/**
 * Reads what cosign 1 and 2 attached to a digest under `sha256-….sig` and `.att`. Hostile input: at most as many layers as an image may have, each payload capped
 * and read once. What is wrong with one is told in `unreadable`.
 * @throws AppError the store's own codes: for every answer but "there is none"
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export async function findLegacy(
  store: ReferrerStore,
  subject: Digest,
  options: FindLegacyOptions,
): Promise<FoundLegacy> {
  const unreadable: UnreadableReferrer[] = [];
  const layers: LegacyLayer[] = [];
  for (const source of await listSources(store, subject, options)) {
    try {
      layers.push(...layersOf(source));
    } catch (error) {
      unreadable.push(faultOf(error, describe(source.manifest)));
    }
  }
  const caps = { signature: MAX_SIGNATURE_PAYLOAD_BYTES, attestation: options.maxBundleBytes ?? LIMITS.bundleBytes };
  const admitted = admit(layers, caps);
  const payloads = new Map<string, Promise<Uint8Array>>();
  const read = await mapConcurrent(layers, CONCURRENT_READS, async (layer) => {
    const manifest = describe(layer.manifest);
    const { digest, sizeBytes } = layer.descriptor;
    const key = `${digest} ${sizeBytes}`;
    if (!admitted.has(layer)) return { manifest, code: 'BUNDLE_TOO_LARGE', reason: `${digest} is over the cap` };
    try {
      const reading = payloads.get(key) ?? store.readBlob(layer.descriptor, caps[layer.kind], options.signal);
      payloads.set(key, reading);
      return candidate(layer, await reading);
    } catch (error) {
      return faultOf(error, manifest);
    }
  });
  return {
    candidates: read.filter((item): item is LegacyCandidate => 'payload' in item),
    unreadable: [...unreadable, ...read.filter((item): item is UnreadableReferrer => 'reason' in item)],
  };
}

interface LegacySource {
  readonly kind: LegacyCandidate['kind'];
  readonly manifest: RawManifest;
}

interface LegacyLayer extends LegacySource {
  readonly descriptor: Descriptor;
}

async function listSources(
  store: ReferrerStore,
  subject: Digest,
  { otherReferrers = [], signal }: FindLegacyOptions,
): Promise<readonly LegacySource[]> {
  const sources: LegacySource[] = [];
  const add = async (reference: Digest | string, kind: LegacyCandidate['kind']): Promise<void> => {
    try {
      sources.push({ kind, manifest: await store.readManifest(reference, signal) });
    } catch (error) {
      if (!isAppError(error) || !NOT_THERE.has(error.code)) throw error;
    }
  };
  for (const [suffix, kind] of Object.entries(KINDS)) await add(`${fallbackTag(subject)}.${suffix}`, kind);
  for (const { digest, artifactType } of otherReferrers)
    if (artifactType === LEGACY_SIGNATURE_TYPE) await add(digest, 'signature');
  return sources;
}

const NOT_THERE: ReadonlySet<string> = new Set(['MANIFEST_NOT_FOUND', 'REPOSITORY_NOT_FOUND']);

function layersOf(source: LegacySource): readonly LegacyLayer[] {
  const wanted = source.kind === 'signature' ? SIMPLE_SIGNING : DSSE_ENVELOPE;
  const { layers } = parseManifest(source.manifest.bytes, source.manifest.mediaType);
  return layers.filter(({ mediaType }) => mediaType === wanted).map((descriptor) => ({ ...source, descriptor }));
}

/** Those that fit into the caps, small ones first, each payload counted once. */
function admit(
  layers: readonly LegacyLayer[],
  caps: Readonly<Record<LegacyCandidate['kind'], number>>,
): ReadonlySet<LegacyLayer> {
  const maxTotalBytes = 4 * Math.max(caps.attestation, LIMITS.bundleBytes);
  const admitted = new Set<LegacyLayer>();
  const counted = new Set<Digest>();
  let totalBytes = 0;
  for (const layer of layers.toSorted((a, b) => a.descriptor.sizeBytes - b.descriptor.sizeBytes)) {
    const { digest, sizeBytes } = layer.descriptor;
    totalBytes += counted.has(digest) ? 0 : sizeBytes;
    counted.add(digest);
    if (totalBytes > maxTotalBytes) break;
    if (sizeBytes <= caps[layer.kind]) admitted.add(layer);
  }
  return admitted;
}

function candidate({ kind, manifest, descriptor }: LegacyLayer, payload: Uint8Array): LegacyCandidate {
  const { annotations = {} } = descriptor;
  const text = (key: keyof typeof ANNOTATIONS): string | undefined => annotations[ANNOTATIONS[key]] || undefined;
  const signature = kind === 'signature' ? decodeBase64(text('signature')) : undefined;
  const texts = {
    certificate: text('certificate'),
    chain: text('chain'),
    rekorBundle: text('rekorBundle'),
    timestamp: text('timestamp'),
  };
  return {
    kind,
    manifest: manifest.digest,
    digest: descriptor.digest,
    payload,
    ...(signature === undefined ? {} : { signature }),
    ...(texts.certificate === undefined ? {} : { certificate: texts.certificate }),
    ...(texts.chain === undefined ? {} : { chain: texts.chain }),
    ...(texts.rekorBundle === undefined ? {} : { rekorBundle: texts.rekorBundle }),
    ...(texts.timestamp === undefined ? {} : { timestamp: texts.timestamp }),
  };
}

function decodeBase64(text: string | undefined): Uint8Array | undefined {
  if (text === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

function describe({ mediaType, digest, bytes }: RawManifest): Descriptor {
  return { mediaType, digest, sizeBytes: bytes.byteLength };
}

function faultOf(error: unknown, manifest: Descriptor): UnreadableReferrer {
  if (!isAppError(error) || error.exitCode !== ExitCode.Input) throw error;
  return { manifest, code: error.code, reason: error.message };
}
