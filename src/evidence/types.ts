import type { Digest, ExitCode } from '../core/index.ts';
import type { BaseComparison, BaseContainment, SystemTraces } from '../provenance/index.ts';
import type { ComparableSbom } from '../sbom/index.ts';
import type { LedgerFacts, UnreadPart } from './ledger-facts.ts';
import type { Listed } from './listed.ts';
import type { SystemFacts } from './system/index.ts';

/**
 * Everything a policy may ask about some images, as raw material: manifests, configs and bundles as stored, and facts that our own layer pass found.
 * Deciding verifies it again in memory. Plain JSON; the order of members is that of canonical JSON.
 */
export interface EvidenceDocument {
  readonly apiVersion: 'waybill.dev/v1';
  readonly kind: 'Evidence';
  readonly tool: { readonly name: string; readonly version: string };
  /** RFC 3339 UTC, given by the caller. */
  readonly collectedAt: string;
  /** In the order asked for. */
  readonly images: readonly EvidenceImage[];
  /** Trusted roots that the policy does not bring along: the public-good root, or that of a TUF mirror. Absent when no identity needed one. */
  readonly trustedRoots?: readonly EvidenceTrustedRoot[];
  /** base64 by digest: indexes, platform manifests, configs, manifests of bundles, bundles. */
  readonly blobs: Readonly<Record<string, string>>;
}

/** A trusted root as it was at collection; its bytes are in `blobs`. */
export interface EvidenceTrustedRoot {
  /** `public-good`, or the mirror's URL. */
  readonly source: string;
  readonly root: Digest;
}

export interface EvidenceImage {
  /** As the user wrote it. */
  readonly reference: string;
  /** Canonical registry and repository; null for a layout, archive or directory without `--as`. */
  readonly name: string | null;
  readonly requested: { readonly tag: string | null; readonly digest: Digest | null };
  /** Where deployment manifests name it; absent when none does. */
  readonly deployed?: EvidenceDeployed;
  /** What the reference led to, index or platform manifest; null when it could not be resolved. */
  readonly digest: Digest | null;
  /** For `name:tag@digest`: where the tag led at collection; null when there was no tag beside a digest, or it could not be asked. */
  readonly tagDigest: Digest | null;
  /** What is attached to the index and to each platform manifest. */
  readonly subjects: readonly EvidenceSubject[];
  /** BuildKit's attestation manifests in the index, absent when none was asked for. Unsigned: only a signature over the index covers them. */
  readonly buildAttestations?: readonly EvidenceBuildAttestation[];
  readonly platforms: readonly EvidencePlatform[];
  /** What could not be collected. A missing fact without an entry here was not asked for. */
  readonly errors: readonly EvidenceError[];
}

/** What deploys an image: manifests have to name it by digest. */
export interface EvidenceDeployed {
  /** What a manifest without digest means: a failed check, or a warning because the user allowed it. */
  readonly unpinned: 'deny' | 'warn';
  readonly places: readonly EvidencePlace[];
}

/** Where a deployment manifest names an image. */
export interface EvidencePlace {
  /** As the user named it; `-` for standard input. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `spec.template.spec.containers[0].image`. */
  readonly path: string;
}

/** The referrers of one digest. A digest without an entry was not asked about, or has an error. */
export interface EvidenceSubject {
  readonly digest: Digest;
  readonly bundles: readonly { readonly manifest: Digest; readonly bundle: Digest }[];
  readonly unreadable: readonly EvidenceUnreadable[];
}

/** One BuildKit attestation manifest. @see https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md */
export interface EvidenceBuildAttestation {
  /** The platform manifest that the index says it is about. */
  readonly subject: Digest;
  readonly manifest: Digest;
  /** in-toto statements: its layers, in order; their bytes are in `blobs`. */
  readonly statements: readonly Digest[];
}

/** A referrer that looked like a bundle but could not be read. */
export interface EvidenceUnreadable {
  readonly manifest: Digest;
  readonly code: string;
  readonly reason: string;
}

export interface EvidencePlatform {
  readonly manifest: Digest;
  /** Every layer was read; sizes, digests and diffIDs are what manifest and config say. */
  readonly layersVerified: boolean;
  /** Our own scan of the image; null when none was asked for or it failed. */
  readonly scan: ComparableSbom | null;
  /** What the scan could not read, or left out over a cap: what it says of components is not known. Absent without a scan. */
  readonly unread?: Listed<UnreadPart>;
  /** By number of bottom layers. */
  readonly comparisons: readonly BaseComparison[];
  /** File by file against the file lists of locked bases; absent when none was asked for. */
  readonly containments?: readonly BaseContainment[];
  /** What of an operating system is there; absent when it was not asked for. */
  readonly traces?: SystemTraces;
  /** What the ledger of files says; absent when it was not asked for. */
  readonly files?: LedgerFacts;
  /** What the checks of the image's configuration and files look at; absent when they were not asked for. */
  readonly system?: SystemFacts;
}

export type EvidencePart =
  | 'resolve'
  | 'tag'
  | 'manifest'
  | 'referrers'
  | 'build-attestations'
  | 'layers'
  | 'scan'
  | 'comparison'
  | 'files'
  | 'trust';

/** One thing that could not be collected, with the code and class of the failure. */
export interface EvidenceError {
  readonly what: EvidencePart;
  /** The digest it was about: a subject of referrers, a platform manifest. */
  readonly subject?: Digest;
  /** `os/architecture[/variant]` when known. */
  readonly platform?: string;
  readonly code: string;
  readonly reason: string;
  readonly exitCode: ExitCode;
}
