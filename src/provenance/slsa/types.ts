import type { Digest } from '../../core/index.ts';

/** Who writes provenance of this build type, as far as waybill knows where that one keeps things. */
export type BuildSystem = 'buildkit' | 'github' | 'cloud-build' | 'tekton' | 'gitlab' | 'unknown';

/**
 * One thing that went into a build. `unknown` is a URI that cannot be told: it might be an image, so whoever wants to rule other images out must count it as
 * one; `other` is certainly none (a package, a file, a downloaded archive).
 */
export interface BuildInput {
  readonly kind: 'image' | 'source' | 'other' | 'unknown';
  /** As written, cut to 500 characters. From hostile input: escape before showing. */
  readonly uri: string;
  /** Absent when none is given, or when URI and digest set name two. */
  readonly digest?: Digest;
  /** Canonical registry and repository of an image; absent when the URI gives no whole name. */
  readonly repository?: string;
  readonly tag?: string;
  /** What BuildKit used it as, when that is known: the image of a stage, the frontend, a named context. */
  readonly role?: 'stage' | 'frontend' | 'context';
}

/** Which layers a source of the build brought: a chain per way of compressing them, bottom first. */
export interface SourceLayers {
  /** The image, as the build step names it. */
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: Digest;
  readonly chains: readonly (readonly Digest[])[];
}

/** What waybill reads of SLSA provenance, whichever version and whoever wrote it. */
export interface BuildProvenance {
  readonly version: 'v1' | 'v0.2';
  /** May be empty: BuildKit does not know who runs it. */
  readonly builder: string;
  readonly buildType: string;
  /** For GitHub workflows, whose newer provenance names the workflow as the builder: the kind of runner, as older ones did. */
  readonly runner?: string;
  readonly system: BuildSystem;
  /** The repository that was built from, without `git+`, `.git`, ref and commit; absent where the build type's provenance does not say. */
  readonly source?: string;
  /** In the order listed; after them images that build steps start from although they are not listed. */
  readonly inputs: readonly BuildInput[];
  /** The provenance itself says that every input is listed, and none was left out here for being over a cap. */
  readonly complete: boolean;
  /** Of BuildKit: whether it tells the steps of the build (`max`) or only what went in. */
  readonly mode?: 'min' | 'max';
  /** The layer map of BuildKit's `mode=max`; absent when there is none or it is not sound. */
  readonly layerMap?: readonly SourceLayers[];
}

/** What the final stage was built on. */
export interface BuildBase {
  readonly input: BuildInput;
  /** Number of bottom layers that came with it. */
  readonly layerCount: number;
}
