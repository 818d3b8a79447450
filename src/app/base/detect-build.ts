import { LIMITS, type Digest, type Runtime } from '../../core/index.ts';
import { buildClaims, readBuild } from '../../evidence/index.ts';
import { readBlobBytes, type Image } from '../../image/index.ts';
import { findBuildBases, type BaseClaim, type BuildInput } from '../../provenance/index.ts';
import type { OpenedStore } from '../store/open-image-store.ts';

/** One thing that went into a build, as its provenance says. */
export interface DetectedInput extends Omit<BuildInput, 'repository' | 'tag'> {
  /** The final stage was built on it; null when the provenance has no layer map that tells. */
  readonly isBase: boolean | null;
}

/** BuildKit's provenance beside an image in its index: unsigned, so a claim. */
export interface DetectedBuild {
  /** The statement. */
  readonly digest: Digest;
  readonly predicateType: string;
  /** Empty where BuildKit was not told. */
  readonly builder: string;
  readonly buildType: string;
  /** Repository that was built from, where it says. */
  readonly source?: string;
  /** `max` tells the steps of the build too. Absent for provenance that is not BuildKit's. */
  readonly mode?: 'min' | 'max';
  /** It says that it lists every input. */
  readonly complete: boolean;
  readonly inputs: readonly DetectedInput[];
}

export interface DetectedBuilds {
  readonly builds: readonly DetectedBuild[];
  readonly claims: readonly BaseClaim[];
  /** What is wrong with attestations in the index, in words. */
  readonly findings: readonly string[];
}

/**
 * Reads BuildKit's provenance of a platform of an index; nothing for a single manifest.
 * @throws AppError LIMIT_EXCEEDED, and the store's own codes
 */
export async function detectBuilds(image: Image, opened: OpenedStore, runtime: Runtime): Promise<DetectedBuilds> {
  if (image.index === undefined) return { builds: [], claims: [], findings: [] };
  const { store } = opened;
  const { signal } = runtime;
  const view = await readBuild(image.index.manifest.bytes, image.digest, {
    signal,
    source: {
      readManifest: (digest) => store.readManifest(digest, signal),
      readStatement: (descriptor) =>
        readBlobBytes(store, descriptor, { what: 'statement', maxBytes: LIMITS.bundleBytes, signal }),
    },
  });
  const layers = image.layers.map((layer) => layer.descriptor.digest);
  return {
    builds: view.statements.map(({ digest, predicateType, provenance }) => {
      const bases = findBuildBases(provenance, layers).map(({ input }) => input);
      const { builder, buildType, source, mode, complete } = provenance;
      return {
        digest,
        predicateType,
        builder,
        buildType,
        ...(source === undefined ? {} : { source }),
        ...(mode === undefined ? {} : { mode }),
        complete,
        inputs: provenance.inputs.map((input) => detectedInput(input, bases)),
      };
    }),
    claims: buildClaims(view, layers),
    findings: view.findings.map(({ reason }) => reason),
  };
}

function detectedInput(input: BuildInput, bases: readonly BuildInput[]): DetectedInput {
  const { kind, uri, digest, role } = input;
  return {
    kind,
    uri,
    ...(digest === undefined ? {} : { digest }),
    ...(role === undefined ? {} : { role }),
    isBase: bases.length === 0 ? null : bases.includes(input),
  };
}
