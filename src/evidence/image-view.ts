import { compareCodeUnits, ExitCode, isAppError, parseStrictJson, type Digest, type JsonValue } from '../core/index.ts';
import {
  contradictsPlatform,
  formatExactPlatform,
  isSamePlatform,
  manifestKind,
  normalizePlatform,
  pairLayers,
  parseConfig,
  parseIndex,
  parseManifest,
  type Descriptor,
  type ImageConfig,
  type IndexManifest,
  type Platform,
} from '../image/index.ts';
import { readBaseClaims, sameClaim, type BaseClaim } from '../provenance/index.ts';
import { buildClaims, openBuild, type BuildView, type OpenedBuild } from './build-attestations.ts';
import { contradiction } from './errors.ts';
import { platformName } from './image-facts.ts';
import type { EvidenceError, EvidenceImage, EvidencePlatform, EvidenceSubject } from './types.ts';

/** Bytes of a blob by digest; hashed already. @throws AppError EVIDENCE_BLOB_MISSING */
export type BlobReader = (digest: Digest) => Uint8Array;

/** A bundle found at some subject of an image; nothing verified. */
export interface BundleView {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  /** Where it was found. */
  readonly foundAt: readonly Digest[];
}

/** One image of an evidence document, its documents parsed again from verified bytes. */
export interface ImageView {
  readonly evidence: EvidenceImage;
  /** Null for a single platform manifest. */
  readonly index: { readonly digest: Digest; readonly annotations: Readonly<Record<string, string>> } | null;
  /** Platform manifests that were collected, in the order of the index. */
  readonly platforms: readonly PlatformView[];
  /** Descriptors of the index that no collected platform answers. */
  readonly uncollected: readonly Descriptor[];
  /** All bundles found at any subject, by digest. */
  readonly bundles: readonly BundleView[];
  /** What could not be collected. */
  readonly errors: readonly EvidenceError[];
  /** BuildKit attestations of the index about something that is no platform of it. */
  readonly strayAttestations: readonly EvidenceError[];
  /** What is wrong with the image as such: an unreadable manifest, nested indexes, duplicate platforms, contradictions. */
  readonly structure: readonly EvidenceError[];
  subject(digest: Digest): EvidenceSubject | undefined;
}

export interface PlatformView {
  readonly manifest: Digest;
  readonly platform: Platform;
  /** `linux/amd64`. */
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly config: ImageConfig;
  readonly layerDigests: readonly Digest[];
  /** Stored bytes of each layer, and the command that made it where history and layers line up; bottom first. */
  readonly layers: readonly { readonly sizeBytes: number; readonly createdBy?: string }[];
  /** Media type of the configuration: Docker's own means something to Docker alone. */
  readonly configMediaType: string;
  /** What BuildKit attested beside it in the index, unsigned; undefined where the evidence does not hold what the index lists. */
  readonly build: BuildView | undefined;
  /** What the image says about its base. */
  readonly claims: readonly BaseClaim[];
  /** Those of them that only the index makes: a signature of the platform manifest does not cover them. */
  readonly indexClaims: readonly BaseClaim[];
  readonly evidence: EvidencePlatform;
}

/** @throws AppError EVIDENCE_CONTRADICTION, EVIDENCE_BLOB_MISSING, and the image room's codes */
export function openImage(evidence: EvidenceImage, blob: BlobReader, where: string): ImageView {
  const { errors } = evidence;
  const shared = {
    evidence,
    errors,
    strayAttestations: [],
    bundles: openBundles(evidence, blob, where),
    subject: findSubject(evidence),
  };
  if (evidence.digest === null) {
    if (evidence.platforms.length > 0) contradiction(`${where} was not resolved, yet has platforms`);
    return { ...shared, index: null, platforms: [], uncollected: [], structure: [] };
  }
  const root = blob(evidence.digest);
  const kind = rootKind(evidence.digest, root);
  if (typeof kind !== 'string') {
    if (evidence.platforms.length > 0) contradiction(`${where} has platforms, but its manifest is malformed`);
    return { ...shared, index: null, platforms: [], uncollected: [], structure: [kind] };
  }
  if (kind === 'manifest') {
    if (evidence.buildAttestations !== undefined) contradiction(`${where} is no index, yet has attestations of one`);
    checkSubjects(evidence, new Set([evidence.digest]), where);
    if (evidence.platforms.some((platform) => platform.manifest !== evidence.digest)) {
      contradiction(`${where} has a platform that is not ${evidence.digest}`);
    }
    const platforms = evidence.platforms.map((platform) => openPlatform(platform, blob, NO_INDEX));
    return { ...shared, index: null, platforms, uncollected: [], structure: [] };
  }
  const index = parseIndex(root);
  const listed = new Set(index.platforms.map((descriptor) => descriptor.digest));
  checkSubjects(evidence, new Set([evidence.digest, ...listed]), where);
  for (const platform of evidence.platforms) {
    if (!listed.has(platform.manifest)) contradiction(`${where}: the index does not list ${platform.manifest}`);
  }
  const build = openBuild(evidence, index, { blob, where });
  const order = index.platforms.map((descriptor) => descriptor.digest);
  const platforms = evidence.platforms
    .toSorted((a, b) => order.indexOf(a.manifest) - order.indexOf(b.manifest))
    .map((platform) => openPlatform(platform, blob, fromIndex(platform.manifest, index, build)));
  return {
    ...shared,
    strayAttestations: build.stray,
    index: { digest: evidence.digest, annotations: index.annotations },
    platforms,
    uncollected: index.platforms.filter(
      (descriptor) => !platforms.some((platform) => platform.manifest === descriptor.digest),
    ),
    structure: indexErrors(index.platforms, platforms),
  };
}

/** Whether the root is an index; a root that is neither is the image's fault, not the evidence's. */
function rootKind(digest: Digest, bytes: Uint8Array): 'manifest' | 'index' | EvidenceError {
  try {
    const kind = manifestKind(bytes);
    if (kind === 'index') parseIndex(bytes);
    else parseManifest(bytes);
    return kind;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { what: 'manifest', subject: digest, code: error.code, reason: error.message, exitCode: error.exitCode };
  }
}

function findSubject(evidence: EvidenceImage): ImageView['subject'] {
  return (digest) => evidence.subjects.find((subject) => subject.digest === digest);
}

function checkSubjects(evidence: EvidenceImage, known: ReadonlySet<Digest>, where: string): void {
  const seen = new Set<Digest>();
  for (const { digest } of evidence.subjects) {
    if (!known.has(digest)) contradiction(`${where} lists referrers of ${digest}, which is no part of the image`);
    if (seen.has(digest)) contradiction(`${where} lists the referrers of ${digest} twice`);
    seen.add(digest);
  }
  if (new Set(evidence.platforms.map((platform) => platform.manifest)).size !== evidence.platforms.length) {
    contradiction(`${where} has a platform twice`);
  }
}

function openBundles(evidence: EvidenceImage, blob: BlobReader, where: string): readonly BundleView[] {
  const found = new Map<Digest, { readonly bytes: Uint8Array; readonly foundAt: Digest[] }>();
  for (const subject of evidence.subjects) {
    for (const { manifest, bundle } of subject.bundles) {
      if (!listsLayer(blob(manifest), bundle))
        contradiction(`${where}: manifest ${manifest} does not hold the bundle ${bundle}`);
      const entry = found.get(bundle) ?? { bytes: blob(bundle), foundAt: [] };
      entry.foundAt.push(subject.digest);
      found.set(bundle, entry);
    }
  }
  return [...found]
    .map(([digest, entry]) => ({ digest, bytes: entry.bytes, foundAt: entry.foundAt.toSorted(compareCodeUnits) }))
    .toSorted((a, b) => compareCodeUnits(a.digest, b.digest));
}

function listsLayer(manifest: Uint8Array, bundle: Digest): boolean {
  const layers = member(parseStrictJson(manifest, 'a bundle manifest', { maxBytes: manifest.byteLength }), 'layers');
  return Array.isArray(layers) && (layers as readonly JsonValue[]).some((layer) => member(layer, 'digest') === bundle);
}

function member(value: JsonValue, key: string): JsonValue | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, key)
    ? (value as { readonly [key: string]: JsonValue | undefined })[key]
    : undefined;
}

/** What only the index says about a platform. */
interface FromIndex {
  readonly indexAnnotations: Readonly<Record<string, string>>;
  readonly descriptorAnnotations: Readonly<Record<string, string>>;
  readonly build: BuildView | undefined;
}

const NO_INDEX: FromIndex = {
  indexAnnotations: {},
  descriptorAnnotations: {},
  build: { statements: [], findings: [] },
};

function fromIndex(manifest: Digest, index: IndexManifest, build: OpenedBuild): FromIndex {
  const descriptor = index.platforms.find((candidate) => candidate.digest === manifest);
  return {
    indexAnnotations: index.annotations,
    descriptorAnnotations: descriptor?.annotations ?? {},
    build: build.of(manifest),
  };
}

function openPlatform(evidence: EvidencePlatform, blob: BlobReader, { build, ...indexSays }: FromIndex): PlatformView {
  const manifest = parseManifest(blob(evidence.manifest));
  const config = parseConfig(blob(manifest.config.digest));
  if (config.diffIds.length !== manifest.layers.length) {
    contradiction(
      `${evidence.manifest} has ${manifest.layers.length} layers, its config ${config.diffIds.length} diffIDs`,
    );
  }
  const platform = platformOf(config);
  const { annotations } = manifest;
  const { labels, history, diffIds } = config;
  const layerDigests = manifest.layers.map((layer) => layer.digest);
  const own = readBaseClaims({ annotations, labels, history, diffIds });
  const claims = [
    ...readBaseClaims({ annotations, ...indexSays, labels, history, diffIds }),
    ...buildClaims(build, layerDigests),
  ];
  return {
    manifest: evidence.manifest,
    platform,
    name: platformName(platform),
    annotations,
    config,
    layerDigests,
    build,
    layers: pairLayers(manifest, config, evidence.manifest).map(({ descriptor, createdBy }) => ({
      sizeBytes: descriptor.sizeBytes,
      ...(createdBy === undefined ? {} : { createdBy }),
    })),
    configMediaType: manifest.config.mediaType,
    claims,
    indexClaims: claims.filter((claim) => !own.some((other) => sameClaim(claim, other))),
    evidence,
  };
}

function platformOf(config: ImageConfig): Platform {
  return {
    os: config.os,
    architecture: config.architecture,
    ...(config.variant === undefined ? {} : { variant: config.variant }),
    ...(config.osVersion === undefined ? {} : { osVersion: config.osVersion }),
  };
}

const NESTED = /^application\/vnd\.(?:oci\.image\.index\.v1|docker\.distribution\.manifest\.list\.v2)\+json$/;

/** What makes an index ambiguous. Each is an error of its own: no platform of such an image is what it seems. */
function indexErrors(descriptors: readonly Descriptor[], platforms: readonly PlatformView[]): readonly EvidenceError[] {
  const errors: EvidenceError[] = [];
  const add = (code: string, subject: Digest, reason: string): void => {
    errors.push({ what: 'manifest', subject, code, reason, exitCode: ExitCode.Input });
  };
  const seen: Platform[] = [];
  for (const descriptor of descriptors) {
    if (NESTED.test(descriptor.mediaType))
      add('INDEX_NESTED', descriptor.digest, `the index lists another index, ${descriptor.digest}`);
    const view = platforms.find((platform) => platform.manifest === descriptor.digest);
    if (
      view !== undefined &&
      descriptor.platform !== undefined &&
      contradictsPlatform(descriptor.platform, view.platform)
    ) {
      const says = formatExactPlatform(normalizePlatform(descriptor.platform));
      add(
        'PLATFORM_CONFLICT',
        descriptor.digest,
        `the index says ${says}, the config of ${descriptor.digest} says ${formatExactPlatform(view.platform)}`,
      );
    }
    if (view === undefined && descriptor.platform === undefined) continue;
    // the descriptor may name the variant that the config leaves out: amd64/v2 beside amd64
    const platform = { ...view?.platform, ...descriptor.platform } as Platform;
    if (seen.some((other) => isSamePlatform(other, platform))) {
      add(
        'PLATFORM_DUPLICATE',
        descriptor.digest,
        `the index lists the platform ${platformName(platform)} more than once`,
      );
    }
    seen.push(platform);
  }
  return errors;
}
