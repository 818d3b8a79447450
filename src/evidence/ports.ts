import type { FoundBundles } from '../attestation/index.ts';
import type { Digest } from '../core/index.ts';
import type { Descriptor, RawManifest } from '../image/index.ts';
import type { BaseComparison, BaseContainment, FileListBytes, SystemTraces } from '../provenance/index.ts';
import type { ComparableSbom } from '../sbom/index.ts';
import type { LedgerFacts, UnreadPart } from './ledger-facts.ts';
import type { Listed } from './listed.ts';
import type { SystemFacts } from './system/index.ts';

/** What a reference says before anything is asked. */
export interface DescribedReference {
  /** Canonical registry and repository, or what `--as` gave; null for a layout, archive or directory without it. */
  readonly name: string | null;
  readonly requested: { readonly tag: string | null; readonly digest: Digest | null };
}

/** An image that was resolved: what everything after speaks of. */
export interface OpenedImage {
  /** Index or platform manifest, digest checked. */
  readonly root: RawManifest;
  /** Where the tag leads now, for `name:tag@digest`; not called otherwise. */
  resolveTag(signal: AbortSignal): Promise<Digest>;
  readManifest(digest: Digest, signal: AbortSignal): Promise<RawManifest>;
  /** Size and digest checked. */
  readConfig(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array>;
  /** A statement of BuildKit's, a layer of its attestation manifest. Size and digest checked; the caller has compared the size with its cap. */
  readStatement(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array>;
  findBundles(subject: Digest, signal: AbortSignal): Promise<Pick<FoundBundles, 'bundles' | 'unreadable'>>;
  /** One pass over all layers: hashes and diffIDs compared, then whatever was asked for. */
  readLayers(platform: Digest, request: LayerRequest, signal: AbortSignal): Promise<LayerFacts>;
}

export interface LayerRequest {
  readonly scan: boolean;
  /** Numbers of bottom layers to compare the final view with. */
  readonly compareWith: readonly number[];
  /** File lists of locked bases to look for in the final view. */
  readonly containWith: readonly FileListBytes[];
  /** Look for what of an operating system is there. */
  readonly traces?: boolean;
  readonly files: boolean;
  /** Numbers of bottom layers that are some locked base, ascending: of each file of `files` it is told which of them has it. */
  readonly bases?: readonly number[];
  readonly system: boolean;
}

export interface LayerFacts {
  /** Undefined when none was asked for. */
  readonly scan?: ComparableSbom;
  /** Of the scan. */
  readonly unread?: Listed<UnreadPart>;
  readonly comparisons: readonly BaseComparison[];
  /** Undefined when none was asked for. */
  readonly containments?: readonly BaseContainment[];
  readonly traces?: SystemTraces;
  readonly files?: LedgerFacts;
  readonly system?: SystemFacts;
}

/** The outside world of collecting: implemented by the application over registries, layouts and archives. */
export interface EvidencePorts {
  /** Parses a reference; no I/O. @throws AppError REFERENCE_INVALID */
  describe(reference: string): DescribedReference;
  /** Resolves a reference once. */
  open(reference: string, signal: AbortSignal): Promise<OpenedImage>;
}

/** Where a trusted root is from that a policy does not bring along. */
export interface TrustPort {
  /** What the evidence keeps it under: `public-good`, or the mirror's URL. */
  readonly source: string;
  /** The bytes of a `trusted_root.json`. */
  read(signal: AbortSignal): Promise<Uint8Array>;
}

/** What a policy will ask for. Whatever is not asked for is not collected. */
export interface EvidenceNeeds {
  readonly bundles: boolean;
  /** The trusted root of the policy's repository. */
  readonly trust?: boolean;
  /** Layers are read and verified; implied by `scan` and `compare`. */
  readonly layers: boolean;
  readonly scan: boolean;
  readonly compare: boolean;
  /** BuildKit's attestation manifests. */
  readonly build: boolean;
  /** Look for locked bases file by file. */
  readonly contain: boolean;
  /** What of an operating system is there. */
  readonly traces?: boolean;
  /** The ledger of files. */
  readonly files: boolean;
  /** What the checks of configuration and files look at. */
  readonly system: boolean;
}
