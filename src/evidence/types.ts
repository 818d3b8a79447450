import type { Digest, ExitCode } from '../core/index.ts';
import type { BaseComparison } from '../provenance/index.ts';
import type { ComparableSbom } from '../sbom/index.ts';

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
  /** base64 by digest: indexes, platform manifests, configs, manifests of bundles, bundles. */
  readonly blobs: Readonly<Record<string, string>>;
}

export interface EvidenceImage {
  /** As the user wrote it. */
  readonly reference: string;
  /** Canonical registry and repository; null for a layout, archive or directory without `--as`. */
  readonly name: string | null;
  readonly requested: { readonly tag: string | null; readonly digest: Digest | null };
  /** What the reference led to, index or platform manifest; null when it could not be resolved. */
  readonly digest: Digest | null;
  /** For `name:tag@digest`: where the tag led at collection; null when there was no tag beside a digest, or it could not be asked. */
  readonly tagDigest: Digest | null;
  /** What is attached to the index and to each platform manifest. */
  readonly subjects: readonly EvidenceSubject[];
  readonly platforms: readonly EvidencePlatform[];
  /** What could not be collected. A missing fact without an entry here was not asked for. */
  readonly errors: readonly EvidenceError[];
}

/** The referrers of one digest. A digest without an entry was not asked about, or has an error. */
export interface EvidenceSubject {
  readonly digest: Digest;
  readonly bundles: readonly { readonly manifest: Digest; readonly bundle: Digest }[];
  readonly unreadable: readonly EvidenceUnreadable[];
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
  /** By number of bottom layers. */
  readonly comparisons: readonly BaseComparison[];
}

export type EvidencePart = 'resolve' | 'tag' | 'manifest' | 'referrers' | 'layers' | 'scan' | 'comparison';

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
