import type { Digest } from '../core/index.ts';
import type { Descriptor, Platform, RawManifest } from './types.ts';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md (the members waybill reads) */
export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
  /** RFC 3339 as written; '' when absent. */
  readonly created?: string;
  readonly author?: string;
  /** diffIDs, bottom first. */
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
  readonly user?: string;
  readonly env: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** `WorkingDir`; absent means the root. */
  readonly workingDirectory?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Paths of `Volumes`, as written. */
  readonly volumes: readonly string[];
  /** `80/tcp`, `53/udp`, `8080`, as written. */
  readonly exposedPorts: readonly string[];
  /** `Test` of the health check, a Docker extension: `["NONE"]` switches an inherited one off. */
  readonly healthcheck?: readonly string[];
}

export interface HistoryEntry {
  readonly created?: string;
  readonly createdBy?: string;
  readonly comment?: string;
  readonly author?: string;
  readonly emptyLayer: boolean;
}

/** One layer: its stored form and what the config claims it unpacks to. Order: bottom first. */
export interface LayerDescriptor {
  readonly index: number;
  /** Stored (compressed) bytes. */
  readonly descriptor: Descriptor;
  /** Digest of the uncompressed tar, claimed by the config; verified by the layer pass. */
  readonly diffId: Digest;
  /** `created_by` of its history entry, if history and layers line up. */
  readonly createdBy?: string;
}

/** A platform manifest with its config: digests, sizes, counts and media types checked; layer bytes not yet read. Immutable. */
export interface Image {
  /** Digest of the platform manifest. */
  readonly digest: Digest;
  readonly manifest: RawManifest;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly config: ImageConfig;
  readonly configBytes: Uint8Array;
  readonly configDigest: Digest;
  readonly layers: readonly LayerDescriptor[];
  /** True when the manifest was made up from an old `docker save` archive: `digest` is known to no registry. */
  readonly syntheticManifest?: boolean;
  /** The index this platform was chosen from, if any. */
  readonly index?: ImageIndex;
}

/** An image index, checked. */
export interface ImageIndex {
  readonly digest: Digest;
  readonly manifest: RawManifest;
  readonly annotations: Readonly<Record<string, string>>;
  /** Platform manifests, attestation manifests left out, in the order of the index. */
  readonly platforms: readonly Descriptor[];
  /** BuildKit attestation manifests (`vnd.docker.reference.type`). */
  readonly attestationManifests: readonly Descriptor[];
}
