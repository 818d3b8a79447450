import { readOsStanzas } from '../../catalog/index.ts';
import { LIMITS, readInputFile, type Digest, type Runtime } from '../../core/index.ts';
import { formatPlatform, type Image } from '../../image/index.ts';
import {
  candidateLists,
  COMPARISON_CAPTURES,
  COMPARISON_DIGESTS,
  compareWithBase,
  containedRecords,
  contradictingClaims,
  EMPTY_LOCK,
  findContainment,
  matchBases,
  parseLock,
  readBaseClaims,
  tamperFindings,
  type BaseClaim,
  type BaseComparison,
  type BaseMatch,
  type Lock,
  type TamperFinding,
} from '../../provenance/index.ts';
import { squash } from '../../filesystem/index.ts';
import { detectBuilds, type DetectedBuild } from './detect-build.ts';
import { openImageStore, type ImageAccess } from '../store/open-image-store.ts';
import { loadOne } from '../store/resolve-target.ts';
import { scanImage, type ScannedImage } from '../sbom/scan-image.ts';

export interface DetectBaseOptions {
  readonly image: string;
  readonly access: ImageAccess;
  /** A lock of observed bases; without one only claims can be told. */
  readonly lockFile?: string;
  readonly maxLayerBytes?: number;
}

/** Whose a layer is: proved base, claimed base, or what was put on top. */
export type LayerShare = 'base' | 'unknown' | 'app';

export interface LayerRow {
  readonly index: number;
  readonly diffId: Digest;
  readonly sizeBytes: number;
  readonly createdBy?: string;
  readonly share: LayerShare;
}

export interface DetectBaseResult {
  readonly image: string;
  readonly digest: Digest;
  readonly platform: string;
  /** `content`: the bottom layers are exactly a locked base. `claimed`: the image says so. `none`: nothing says what the base is. */
  readonly level: 'none' | 'claimed' | 'content';
  /** Longest first. */
  readonly matches: readonly BaseMatchSummary[];
  /** Locked bases that the image holds file for file, best first; compared where no layers match and the lock lists files. */
  readonly contained: readonly ContainedBaseSummary[];
  readonly claims: readonly BaseClaim[];
  /** Claims that the layers, or other claims, contradict; attestations in the index that are about something else. */
  readonly conflicts: readonly string[];
  /** BuildKit's provenance beside the image in its index, unsigned: what went into the build, the base apart. */
  readonly builds: readonly DetectedBuild[];
  readonly layers: readonly LayerRow[];
  /** Against the longest match; empty without one. */
  readonly tamper: readonly TamperFinding[];
}

export interface BaseMatchSummary {
  readonly entry: string;
  readonly image: string;
  readonly tag: string | null;
  readonly digest: Digest;
  readonly observedAt: string;
  readonly layerCount: number;
}

/** How much of a base's files an image holds. That they are there says nothing of the order they came in. */
export interface ContainedBaseSummary extends Omit<BaseMatchSummary, 'layerCount'> {
  readonly total: number;
  readonly matched: number;
  /** Paths that differ or are gone, without leading slash; the first 1,000. */
  readonly differs: readonly string[];
  /** Files that are not the base's. */
  readonly extra: number;
}

/** Tells what an image stands on, how sure that is, and what upper layers did to the base. Every layer is read and verified. */
export async function detectBase(options: DetectBaseOptions, runtime: Runtime): Promise<DetectBaseResult> {
  const lock =
    options.lockFile === undefined ? EMPTY_LOCK : parseLock(await readInputFile(options.lockFile, LIMITS.lockBytes));
  await using opened = await openImageStore(options.image, options.access, runtime);
  const image = await loadOne(opened, options.access, runtime);
  const scanned = await scanImage(image, opened.store, runtime, {
    extra: { captures: COMPARISON_CAPTURES, digests: COMPARISON_DIGESTS },
    ...(options.maxLayerBytes === undefined ? {} : { maxLayerBytes: options.maxLayerBytes }),
  });
  const matches = matchBases(lock, { platform: image.platform, diffIds: image.config.diffIds });
  const longest = matches[0];
  const { builds, claims: built, findings } = await detectBuilds(image, opened, runtime);
  const claims = [...imageClaims(image), ...built];
  return {
    image: options.image,
    digest: image.digest,
    platform: formatPlatform(image.platform),
    level:
      longest === undefined
        ? claims.some((claim) => claim.name !== undefined || claim.digest !== undefined)
          ? 'claimed'
          : 'none'
        : 'content',
    matches: matchSummaries(matches),
    contained: containedBases(lock, scanned),
    claims,
    conflicts: [...claimConflicts(claims, matches, lock), ...quarrels(claims, lock), ...findings],
    builds,
    layers: layerRows(image, longest?.layerCount, claims),
    tamper: longest === undefined ? [] : tamperFindings(compareLayers(scanned, longest.layerCount)),
  };
}

function containedBases(lock: Lock, { image, view }: ScannedImage): readonly ContainedBaseSummary[] {
  const { platform } = image;
  const { diffIds, env, workingDirectory } = image.config;
  const lists = candidateLists(lock, { platform, diffIds });
  if (lists.length === 0) return [];
  const located = workingDirectory === undefined ? {} : { workingDirectory };
  const final = { final: view, env, ...located, records: readOsStanzas(view) };
  const found = lists.map((list) => findContainment(list, final));
  return containedRecords(lock, platform, found)
    .map(({ match, containment: { total, matched, missing, changed, extra } }) => {
      const { layerCount: _none, ...base } = summary(match);
      return { ...base, total, matched, differs: [...missing, ...changed], extra };
    })
    .toSorted(
      (a, b) => b.matched / b.total - a.matched / a.total || Date.parse(b.observedAt) - Date.parse(a.observedAt),
    );
}

/** What upper layers made of the bottom ones. */
function compareLayers({ image, stack, view }: ScannedImage, layerCount: number): BaseComparison {
  const base = squash(stack, layerCount);
  const { env, workingDirectory } = image.config;
  return compareWithBase({
    base,
    final: view,
    layerCount,
    stack,
    env,
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    records: { base: readOsStanzas(base), final: readOsStanzas(view) },
  });
}

/** What the image itself says about its base. */
export function imageClaims(image: Image): readonly BaseClaim[] {
  const described = image.index?.platforms.find(({ digest }) => digest === image.digest)?.annotations;
  return readBaseClaims({
    annotations: image.annotations,
    ...(image.index === undefined ? {} : { indexAnnotations: image.index.annotations }),
    ...(described === undefined ? {} : { descriptorAnnotations: described }),
    labels: image.config.labels,
    history: image.config.history,
    diffIds: image.config.diffIds,
  });
}

/** One for each tag and digest, however often the lock saw the tag there: the latest time counts. The order of the matches stays. */
function matchSummaries(matches: readonly BaseMatch[]): readonly BaseMatchSummary[] {
  const summaries = new Map<string, BaseMatchSummary>();
  for (const match of matches) {
    const found = summary(match);
    const key = JSON.stringify([found.entry, found.image, found.tag, found.digest, found.layerCount]);
    const before = summaries.get(key);
    if (before === undefined || before.observedAt < found.observedAt) summaries.set(key, found);
  }
  return [...summaries.values()];
}

function summary({ entry, record, layerCount }: BaseMatch): BaseMatchSummary {
  return {
    entry,
    image: record.image,
    tag: record.tag,
    digest: record.digest,
    observedAt: record.observedAt,
    layerCount,
  };
}

/** A claimed digest that the lock knows under other layers than the image has. */
function claimConflicts(claims: readonly BaseClaim[], matches: readonly BaseMatch[], lock: Lock): readonly string[] {
  const conflicts: string[] = [];
  for (const claim of claims) {
    if (claim.digest === undefined) continue;
    const known = lock.records.filter(
      (record) =>
        record.digest === claim.digest || record.platforms.some((platform) => platform.manifest === claim.digest),
    );
    const proved = matches.some((match) => known.includes(match.record));
    if (known.length > 0 && !proved)
      conflicts.push(`the ${claim.source} names ${claim.name ?? claim.digest}, but the image does not hold its layers`);
  }
  return conflicts;
}

/** Two claims that cannot both be true. */
function quarrels(claims: readonly BaseClaim[], lock: Lock): readonly string[] {
  const named = claims.map((claim) => ({ claim }));
  const text = ({ source, name, digest }: BaseClaim): string => `the ${source} names ${name ?? digest ?? ''}`;
  return contradictingClaims(named, lock).map(([a, b]) => `${text(a.claim)}, but ${text(b.claim)}`);
}

function layerRows(image: Image, baseLayers: number | undefined, claims: readonly BaseClaim[]): readonly LayerRow[] {
  const told = claims.filter(({ source }) => source !== 'history').map(({ layerCount }) => layerCount ?? 0);
  const fromHistory = claims.find(({ source }) => source === 'history')?.layerCount ?? 0;
  const guessed = Math.max(0, ...told) || fromHistory;
  return image.layers.map((layer) => ({
    index: layer.index,
    diffId: layer.diffId,
    sizeBytes: layer.descriptor.sizeBytes,
    ...(layer.createdBy === undefined ? {} : { createdBy: layer.createdBy }),
    share: layerShare(layer.index, baseLayers, guessed),
  }));
}

/** Layers below the boundary that provenance tells, or else history suggests, and that no proof covers are unknown: perhaps a base. */
function layerShare(index: number, baseLayers: number | undefined, guessed: number): LayerShare {
  if (baseLayers !== undefined) return index < baseLayers ? 'base' : index < guessed ? 'unknown' : 'app';
  return guessed === 0 || index < guessed ? 'unknown' : 'app';
}
