import { parseStatement } from '../attestation/index.ts';
import { coreError, ExitCode, isAppError, isDigest, type Digest } from '../core/index.ts';
import { parseIndex, parseManifest, type Descriptor, type IndexManifest } from '../image/index.ts';
import {
  provenanceClaims,
  readProvenance,
  sameClaim,
  type BaseClaim,
  type BuildProvenance,
} from '../provenance/index.ts';
import { contradiction } from './errors.ts';
import type { OpenedImage } from './ports.ts';
import type { EvidenceBuildAttestation, EvidenceError, EvidenceImage } from './types.ts';

/** One statement; those of `mode=max` hold every step of the build and the Dockerfile. */
const MAX_STATEMENT_BYTES = 8 * 1024 * 1024;
/** All statements of one image. */
const MAX_IMAGE_BYTES = 32 * 1024 * 1024;
/** Provenance statements in one attestation manifest; BuildKit writes one. */
const MAX_STATEMENTS = 16;
/** Claims of one platform's provenance; those of one build are one or two. */
const MAX_CLAIMS = 32;

const REFERENCE_DIGEST = 'vnd.docker.reference.digest';
const PREDICATE_TYPE = 'in-toto.io/predicate-type';
const PROVENANCE = 'https://slsa.dev/provenance/';

/** What an attestation manifest of an index says it is about. */
function subjectOf(descriptor: Descriptor): Digest | undefined {
  const subject = descriptor.annotations?.[REFERENCE_DIGEST];
  return isDigest(subject) ? subject : undefined;
}

/** The layers that are provenance by their annotation; SBOMs are not read, nor is what does not say what it is. */
function provenanceLayers(manifest: Uint8Array): readonly Descriptor[] {
  return parseManifest(manifest).layers.filter((layer) => layer.annotations?.[PREDICATE_TYPE]?.startsWith(PROVENANCE));
}

/** Runs one part of a collection: a failure is noted under the platform, and gives undefined. */
export type AttemptPart = <T>(subject: Digest, work: (signal: AbortSignal) => Promise<T>) => Promise<T | undefined>;

/** The part of an image's store that BuildKit's attestations are read from. */
export type BuildSource = Pick<OpenedImage, 'readManifest' | 'readStatement'>;

export interface CollectBuildOptions {
  readonly opened: BuildSource;
  readonly blobs: { add(digest: Digest, bytes: Uint8Array): void };
  /** Platform manifests of the index that were collected. */
  readonly platforms: readonly Digest[];
  readonly attempt: AttemptPart;
}

/**
 * Collects BuildKit's provenance of the platforms of an index: their attestation manifests and the statements in them. An attestation manifest for another
 * digest is left where it is. Nothing for a single manifest.
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
 */
export async function collectBuildAttestations(
  index: IndexManifest,
  options: CollectBuildOptions,
): Promise<readonly EvidenceBuildAttestation[]> {
  const { opened, blobs, platforms, attempt } = options;
  const collected: EvidenceBuildAttestation[] = [];
  let totalBytes = 0;
  for (const descriptor of index.attestationManifests) {
    const subject = subjectOf(descriptor);
    if (subject === undefined || !platforms.includes(subject)) continue;
    if (collected.some(({ manifest }) => manifest === descriptor.digest)) continue;
    const found = await attempt(subject, async (signal) => {
      const raw = await opened.readManifest(descriptor.digest, signal);
      const layers = provenanceLayers(raw.bytes);
      if (layers.length > MAX_STATEMENTS) throw tooMuch(`${layers.length} statements, more than the ${MAX_STATEMENTS}`);
      const statements: (readonly [Digest, Uint8Array])[] = [];
      for (const layer of layers) {
        totalBytes += layer.sizeBytes;
        if (layer.sizeBytes > MAX_STATEMENT_BYTES || totalBytes > MAX_IMAGE_BYTES)
          throw tooMuch(`more bytes than the ${MAX_STATEMENT_BYTES} for one and ${MAX_IMAGE_BYTES} for all`);
        statements.push([layer.digest, await opened.readStatement(layer, signal)]);
      }
      return { raw, statements };
    });
    if (found === undefined) continue;
    blobs.add(descriptor.digest, found.raw.bytes);
    for (const [digest, bytes] of found.statements) blobs.add(digest, bytes);
    collected.push({
      subject,
      manifest: descriptor.digest,
      statements: found.statements.map(([digest]) => digest),
    });
  }
  return collected;
}

function tooMuch(what: string): Error {
  return coreError('LIMIT_EXCEEDED', `BuildKit's provenance of this image is ${what} allowed`);
}

/** One provenance statement that lies in the index beside a platform. Unsigned: only a signature over the index covers it. */
export interface BuildStatementView {
  /** Of the statement's bytes. */
  readonly digest: Digest;
  /** The attestation manifest it was found in. */
  readonly manifest: Digest;
  readonly predicateType: string;
  readonly provenance: BuildProvenance;
}

/** What BuildKit attested about one platform. */
export interface BuildView {
  readonly statements: readonly BuildStatementView[];
  /** Statements that cannot be read, or speak of something else. They prove nothing. */
  readonly findings: readonly EvidenceError[];
}

/**
 * What BuildKit's provenance claims the base to be.
 * @param layers digests of the image's layers as stored, bottom first
 */
export function buildClaims(build: BuildView | undefined, layers: readonly Digest[]): readonly BaseClaim[] {
  const claims: BaseClaim[] = [];
  for (const { provenance } of build?.statements ?? []) {
    for (const claim of provenanceClaims(provenance, layers)) {
      if (claims.length === MAX_CLAIMS) return claims;
      if (!claims.some((other) => sameClaim(claim, other))) claims.push(claim);
    }
  }
  return claims;
}

export interface OpenedBuild {
  /** Undefined where the index lists provenance that the evidence does not hold. */
  readonly of: (platform: Digest) => BuildView | undefined;
  /** Attestation manifests about something that is no platform of the index. */
  readonly stray: readonly EvidenceError[];
}

/**
 * Opens BuildKit's attestations: they must be the index's own, and their statements must speak of the platform they lie beside.
 * @throws AppError EVIDENCE_CONTRADICTION, EVIDENCE_BLOB_MISSING
 */
export function openBuild(
  evidence: Pick<EvidenceImage, 'buildAttestations'>,
  index: IndexManifest,
  options: { readonly blob: (digest: Digest) => Uint8Array; readonly where: string },
): OpenedBuild {
  const { blob, where } = options;
  const platforms = new Set(index.platforms.map((descriptor) => descriptor.digest));
  const held = evidence.buildAttestations ?? [];
  for (const item of held) {
    const listed = index.attestationManifests.some(
      (descriptor) => descriptor.digest === item.manifest && subjectOf(descriptor) === item.subject,
    );
    if (!listed || !platforms.has(item.subject))
      contradiction(`${where} does not list the attestation ${item.manifest}`);
    const layers = provenanceLayers(blob(item.manifest)).map((layer) => layer.digest);
    if (layers.length !== item.statements.length || !layers.every((digest, at) => digest === item.statements[at]))
      contradiction(`${where}: the statements of ${item.manifest} are not all of its provenance`);
  }
  const stray = index.attestationManifests
    .filter((descriptor) => !platforms.has(subjectOf(descriptor) ?? ('' as Digest)))
    .map((descriptor) =>
      finding(
        descriptor.digest,
        'BUILD_ATTESTATION_STRAY',
        `the attestation manifest ${descriptor.digest} speaks of ${subjectOf(descriptor) ?? 'nothing'}, which is no platform of this index`,
      ),
    );
  return {
    stray,
    of: (platform) => {
      const listed = index.attestationManifests.filter((descriptor) => subjectOf(descriptor) === platform);
      const here = held.filter((item) => item.subject === platform);
      if (listed.some(({ digest }) => !here.some(({ manifest }) => manifest === digest))) return undefined;
      return openStatements(here, platform, blob);
    },
  };
}

function openStatements(
  held: readonly EvidenceBuildAttestation[],
  platform: Digest,
  blob: (digest: Digest) => Uint8Array,
): BuildView {
  const statements: BuildStatementView[] = [];
  const findings: EvidenceError[] = [];
  for (const { manifest, statements: digests } of held) {
    for (const digest of digests) {
      const read = readStatement(blob(digest), platform);
      if ('provenance' in read) statements.push({ digest, manifest, ...read });
      else findings.push(finding(platform, read.code, `the provenance ${digest} beside ${platform} ${read.reason}`));
    }
  }
  return { statements, findings };
}

function readStatement(
  bytes: Uint8Array,
  platform: Digest,
): Pick<BuildStatementView, 'predicateType' | 'provenance'> | { readonly code: string; readonly reason: string } {
  try {
    const { subjects, predicateType, predicate } = parseStatement(bytes);
    // every subject: a statement about this platform and another says of neither which inputs it had
    const others = subjects.filter(({ digest }) => `sha256:${digest['sha256'] ?? ''}` !== platform);
    if (others.length > 0)
      return { code: 'BUILD_ATTESTATION_SUBJECT', reason: 'speaks of another digest than the platform it lies beside' };
    const provenance = readProvenance(predicate, predicateType);
    if (provenance === undefined)
      return { code: 'BUILD_ATTESTATION_UNREADABLE', reason: 'has none of the members it must have' };
    return { predicateType, provenance };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { code: 'BUILD_ATTESTATION_UNREADABLE', reason: `cannot be read: ${error.message}` };
  }
}

function finding(subject: Digest, code: string, reason: string): EvidenceError {
  return { what: 'build-attestations', subject, code, reason, exitCode: ExitCode.Input };
}

/**
 * Reads what BuildKit attested about one platform of an index, and what in the index is about no platform of it.
 * @throws AppError LIMIT_EXCEEDED, and what the store throws
 */
export async function readBuild(
  indexBytes: Uint8Array,
  platform: Digest,
  options: { readonly source: BuildSource; readonly signal: AbortSignal },
): Promise<BuildView> {
  const index = parseIndex(indexBytes);
  const blobs = new Map<Digest, Uint8Array>();
  const buildAttestations = await collectBuildAttestations(index, {
    opened: options.source,
    blobs: { add: (digest, bytes) => blobs.set(digest, bytes) },
    platforms: [platform],
    attempt: (_subject, work) => work(options.signal),
  });
  const blob = (digest: Digest): Uint8Array => blobs.get(digest) ?? new Uint8Array();
  const { of, stray } = openBuild({ buildAttestations }, index, { blob, where: 'the image' });
  const view = of(platform) ?? { statements: [], findings: [] };
  return { statements: view.statements, findings: [...view.findings, ...stray] };
}

/** The index, when the bytes are one. */
export function tryParseIndex(bytes: Uint8Array, mediaType: string): IndexManifest | undefined {
  try {
    return parseIndex(bytes, mediaType);
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
