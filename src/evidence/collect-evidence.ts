import { coreError, isAppError, mapConcurrent, TOOL_NAME, TOOL_VERSION, type Digest } from '../core/index.ts';
import { manifestKind, pairLayers, parseConfig, parseIndex, parseManifest, type Platform } from '../image/index.ts';
import { candidateLists, EMPTY_LOCK, matchBases, type Lock } from '../provenance/index.ts';
import { BlobCollector } from './blob-collector.ts';
import { collectBuildAttestations, tryParseIndex } from './build-attestations.ts';
import { trustCollector, type TrustCollector } from './collect-trust.ts';
import { attempt, inOrder, type Collector, type CollectOptions } from './collector.ts';
import { keepBundles } from './keep-bundles.ts';
import type { DescribedReference, EvidenceNeeds, OpenedImage } from './ports.ts';
import type { EvidenceDocument, EvidenceImage, EvidencePlatform, EvidenceSubject } from './types.ts';

/** Manifests and configurations of all platforms of one image. */
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/**
 * Collects everything a policy may ask about some images into one document. A part that fails becomes an entry of `errors` with the failure's own code and
 * class: a fact that is missing never looks like one that is not there.
 * @param references as the user wrote them
 * @throws AppError INTERRUPTED when the signal is aborted; nothing else
 */
export async function collectEvidence(
  references: readonly string[],
  options: CollectOptions,
): Promise<EvidenceDocument> {
  const blobs = new BlobCollector();
  const trust = options.trust === undefined ? undefined : trustCollector(options.trust, options.signal);
  const images = await mapConcurrent(references, options.concurrency ?? 4, async (reference) => {
    options.signal.throwIfAborted();
    const own = new BlobCollector();
    const image = await collectImage(reference, { blobs: own, trust }, options);
    blobs.addAll(own);
    const deployed = options.deployed?.get(reference);
    return deployed === undefined ? image : { ...image, deployed };
  });
  return documentOf(images, blobs, { trust, options });
}

interface DocumentParts {
  readonly trust: TrustCollector | undefined;
  readonly options: CollectOptions;
}

function documentOf(
  images: readonly EvidenceImage[],
  blobs: BlobCollector,
  { trust, options }: DocumentParts,
): EvidenceDocument {
  const trustedRoots = trust?.roots() ?? [];
  trust?.addTo(blobs);
  return {
    apiVersion: 'waybill.dev/v1',
    kind: 'Evidence',
    tool: { name: TOOL_NAME, version: TOOL_VERSION },
    collectedAt: options.collectedAt.toISOString(),
    images,
    ...(trustedRoots.length === 0 ? {} : { trustedRoots }),
    blobs: blobs.listing(),
  };
}

/** Collects one image; its parts share one deadline. */
async function collectImage(
  reference: string,
  parts: Pick<Collector, 'blobs' | 'trust'>,
  options: CollectOptions,
): Promise<EvidenceImage> {
  const deadline = AbortSignal.timeout(options.deadlineMs);
  const collector: Collector = {
    ...parts,
    options,
    signal: AbortSignal.any([options.signal, deadline]),
    deadline,
    errors: [],
  };
  const described = await attempt(collector, { what: 'resolve' }, async () => options.ports.describe(reference));
  const { name, requested } = described ?? { name: null, requested: { tag: null, digest: null } };
  const opened =
    described === undefined
      ? undefined
      : await attempt(collector, { what: 'resolve' }, (signal) => options.ports.open(reference, signal));
  if (opened === undefined) {
    return {
      reference,
      name,
      requested,
      digest: null,
      tagDigest: null,
      subjects: [],
      platforms: [],
      errors: collector.errors,
    };
  }
  const needs = options.needs(name);
  if (needs.trust) collector.trust?.start();
  const [tagDigest, manifests] = await inOrder(collector, [
    (part) => collectTag(part, opened, requested),
    (part) => collectManifests(part, opened),
  ]);
  const attached = (part: Collector): Promise<AttachedParts> => collectAttached(part, opened, { needs, manifests });
  const common = { reference, name, requested, digest: opened.root.digest, tagDigest };
  const { settle } = options;
  // layers wait for what is attached only where that may settle what is asked of them
  if (settle === undefined || !needs.bundles) {
    const [found, platforms] = await inOrder(collector, [
      attached,
      (part) => collectPlatforms(part, opened, { manifests, needsOf: () => needs }),
    ]);
    return { ...common, ...found, platforms, errors: collector.errors };
  }
  const found = await attached(collector);
  const unread = manifests.map(({ digest }) => bare(digest));
  const needsOf = await settledNeeds(collector, settle, { ...common, ...found, platforms: unread, errors: [] });
  const platforms = await collectPlatforms(collector, opened, { manifests, needsOf: needsOf ?? (() => needs) });
  return { ...common, ...found, platforms, errors: collector.errors };
}

type AttachedParts = Pick<EvidenceImage, 'subjects' | 'buildAttestations'>;

/** Bundles, BuildKit's attestations, and the trusted root to judge them with. */
async function collectAttached(
  collector: Collector,
  opened: OpenedImage,
  { needs, manifests }: { readonly needs: EvidenceNeeds; readonly manifests: readonly CollectedManifest[] },
): Promise<AttachedParts> {
  const subjects = needs.bundles ? await collectSubjects(collector, opened, manifests) : [];
  const build = needs.build ? await collectBuild(collector, opened, manifests) : undefined;
  if (needs.trust) await collectTrust(collector);
  return { subjects, ...(build === undefined ? {} : { buildAttestations: build }) };
}

/** The trusted root, for an image that needs it: its failure is that of the image's checks. */
async function collectTrust(collector: Collector): Promise<void> {
  const { trust } = collector;
  if (trust !== undefined) await attempt(collector, { what: 'trust' }, (signal) => trust.ready(signal));
}

/** A platform of which nothing but manifest and config has been read. */
function bare(manifest: Digest): EvidencePlatform {
  return { manifest, layersVerified: false, scan: null, comparisons: [] };
}

/** What each platform needs after its bundles were looked at. Undefined where something hinders that: it settles nothing, and everything is collected. */
async function settledNeeds(
  { options, blobs, trust }: Collector,
  settle: NonNullable<CollectOptions['settle']>,
  image: EvidenceImage,
): Promise<((manifest: Digest) => EvidenceNeeds) | undefined> {
  try {
    const own = new BlobCollector();
    own.addAll(blobs);
    return await settle(documentOf([image], own, { trust, options }));
  } catch (error) {
    if (isAppError(error) && !options.signal.aborted) return undefined;
    throw error;
  }
}

async function collectTag(
  collector: Collector,
  opened: OpenedImage,
  { tag, digest }: DescribedReference['requested'],
): Promise<Digest | null> {
  if (tag === null || digest === null) return null;
  return (await attempt(collector, { what: 'tag' }, (signal) => opened.resolveTag(signal))) ?? null;
}

interface CollectedManifest {
  readonly digest: Digest;
  readonly platform: Platform;
  readonly diffIds: readonly Digest[];
}

/** Reads the platform manifests and configs. The document keeps only what was read whole. */
async function collectManifests(collector: Collector, opened: OpenedImage): Promise<readonly CollectedManifest[]> {
  const { root } = opened;
  collector.blobs.add(root.digest, root.bytes);
  const listed = await attempt(collector, { what: 'manifest', subject: root.digest }, async () =>
    manifestKind(root.bytes, root.mediaType) === 'index'
      ? parseIndex(root.bytes).platforms.map((descriptor) => descriptor.digest)
      : [root.digest],
  );
  const collected: CollectedManifest[] = [];
  let totalBytes = 0;
  for (const digest of new Set(listed)) {
    const manifest = await attempt(collector, { what: 'manifest', subject: digest }, async (signal) => {
      const raw = digest === root.digest ? root : await opened.readManifest(digest, signal);
      const parsedManifest = parseManifest(raw.bytes, raw.mediaType);
      const { config } = parsedManifest;
      totalBytes += raw.bytes.byteLength + config.sizeBytes;
      if (totalBytes > MAX_MANIFEST_BYTES) {
        const reason = `manifests and configurations of this image are more than the ${MAX_MANIFEST_BYTES} bytes allowed`;
        throw coreError('LIMIT_EXCEEDED', reason);
      }
      const configBytes = await opened.readConfig(config, signal);
      const parsed = parseConfig(configBytes);
      // a contradiction within the image is this image's error, not that of the whole evidence
      pairLayers(parsedManifest, parsed, digest);
      collector.blobs.add(digest, raw.bytes);
      collector.blobs.add(config.digest, configBytes);
      return { digest, diffIds: parsed.diffIds, platform: parsed };
    });
    if (manifest !== undefined) collected.push(manifest);
  }
  return collected;
}

async function collectSubjects(
  collector: Collector,
  opened: OpenedImage,
  manifests: readonly CollectedManifest[],
): Promise<readonly EvidenceSubject[]> {
  const digests = [...new Set([opened.root.digest, ...manifests.map((manifest) => manifest.digest)])];
  const listings = await mapConcurrent(digests, 4, async (digest) => {
    const part: Collector = { ...collector, errors: [] };
    const found = await attempt(part, { what: 'referrers', subject: digest }, async (signal) => ({
      digest,
      ...(await opened.findBundles(digest, signal)),
    }));
    return { found, errors: part.errors };
  });
  // in the order of the digests, whichever answered first
  collector.errors.push(...listings.flatMap(({ errors }) => errors));
  return keepBundles(
    collector.blobs,
    listings.flatMap(({ found }) => found ?? []),
  );
}

/** Undefined for a single manifest: there can be none. */
async function collectBuild(
  collector: Collector,
  opened: OpenedImage,
  manifests: readonly CollectedManifest[],
): Promise<EvidenceImage['buildAttestations']> {
  const index = tryParseIndex(opened.root.bytes, opened.root.mediaType);
  if (index === undefined) return undefined;
  return collectBuildAttestations(index, {
    opened,
    blobs: collector.blobs,
    platforms: manifests.map(({ digest }) => digest),
    attempt: (subject, work) => attempt(collector, { what: 'build-attestations', subject }, work),
  });
}

interface PlatformRequest {
  readonly manifests: readonly CollectedManifest[];
  readonly needsOf: (manifest: Digest) => EvidenceNeeds;
}

async function collectPlatforms(
  collector: Collector,
  opened: OpenedImage,
  request: PlatformRequest,
): Promise<readonly EvidencePlatform[]> {
  const { needsOf, manifests } = request;
  const { lock = EMPTY_LOCK } = collector.options;
  const platforms: EvidencePlatform[] = [];
  // one platform after the other: the layer pass itself is parallel
  for (const { digest, platform, diffIds } of manifests) {
    const needs = needsOf(digest);
    if (!readsLayers(needs)) {
      platforms.push(bare(digest));
      continue;
    }
    const bases = candidates(lock, platform, diffIds);
    const facts = await attempt(collector, { what: 'layers', subject: digest }, (signal) =>
      opened.readLayers(
        digest,
        {
          scan: needs.scan,
          compareWith: needs.compare ? bases : [],
          containWith: needs.contain ? candidateLists(lock, { platform, diffIds }) : [],
          ...(needs.traces === undefined ? {} : { traces: needs.traces }),
          files: needs.files,
          ...(needs.files ? { bases } : {}),
          system: needs.system,
        },
        signal,
      ),
    );
    platforms.push(
      facts === undefined
        ? bare(digest)
        : { manifest: digest, layersVerified: true, ...facts, scan: facts.scan ?? null },
    );
  }
  return platforms;
}

function readsLayers(needs: EvidenceNeeds): boolean {
  const { layers, scan, compare, contain, traces = false, files, system } = needs;
  return layers || scan || compare || contain || traces || files || system;
}

/** Every number of bottom layers that is some locked base. */
function candidates(lock: Lock, platform: Platform, diffIds: readonly Digest[]): readonly number[] {
  const counts = matchBases(lock, { platform, diffIds }).map((match) => match.layerCount);
  return [...new Set(counts)].toSorted((a, b) => a - b);
}
