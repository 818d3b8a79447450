import type { Digest } from '../../core/index.ts';
import type { LedgerFacts, Listed, SystemFacts, UnreadPart } from '../../evidence/index.ts';
import type { JsonValue } from '../../core/index.ts';
import type { BaseClaim, BaseLevel, TamperFinding } from '../../provenance/index.ts';
import type { RecordRefusal } from '../base/base-standing.ts';

/** What a Rego policy sees as `input`: one platform of one image, as one rule of the policy sees it. */
export interface PolicyInput {
  readonly apiVersion: 'waybill.dev/v1';
  readonly kind: 'PolicyInput';
  /** The time decided for (RFC 3339 UTC). A policy has no other clock. */
  readonly time: string;
  readonly rule: string;
  readonly image: ImageInput;
  readonly platform: PlatformInput;
  readonly base: BaseInput;
  /** Our own scan of the image, never what somebody says about it. */
  readonly sbom: SbomInput;
  readonly files: LedgerFacts;
  readonly system: SystemFacts;
  /** Verified, of identities that the policy names, over the platform manifest or the index that lists it. */
  readonly signatures: readonly SignatureInput[];
  readonly attestations: readonly AttestationInput[];
  /** Attached to the image, and vouched for by nobody whom the policy names: their content is not shown. */
  readonly unverified: readonly UnverifiedInput[];
  /** The rule's exceptions that name this image. */
  readonly exceptions: readonly ExceptionInput[];
}

export interface ImageInput {
  /** As the user wrote it. */
  readonly ref: string;
  /** Canonical registry and repository. */
  readonly name: string | null;
  readonly tag: string | null;
  /** Index or platform manifest. */
  readonly digest: Digest | null;
  /** Whether the reference itself says the digest. */
  readonly pinned: boolean;
  /** Annotations of the index; empty without one. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PlatformInput {
  /** `linux/amd64` */
  readonly name: string;
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly digest: Digest;
  readonly annotations: Readonly<Record<string, string>>;
  readonly config: ConfigInput;
  /** Bottom first. */
  readonly layers: readonly LayerInput[];
}

export interface ConfigInput {
  readonly created: string | null;
  readonly author: string | null;
  readonly user: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDirectory: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly exposedPorts: readonly string[];
  readonly healthcheck: readonly string[];
  readonly history: readonly {
    readonly created: string | null;
    readonly createdBy: string | null;
    readonly comment: string | null;
    readonly emptyLayer: boolean;
  }[];
}

export interface LayerInput {
  readonly index: number;
  readonly digest: Digest;
  readonly diffId: Digest;
  /** As stored. */
  readonly sizeBytes: number;
  /** The command that made it, where history and layers line up. */
  readonly createdBy: string | null;
  /** A layer of the base that decides. */
  readonly base: boolean;
}

export interface BaseInput {
  /** Judged with the entries that the rule allows, or with all where it has no base check. */
  readonly level: BaseLevel;
  /** Locked bases whose layers are at the bottom, longest first. */
  readonly matches: readonly BaseMatchInput[];
  readonly claims: readonly BaseClaimInput[];
  /** What upper layers did to the longest match; empty without one. */
  readonly tamper: readonly TamperFinding[];
}

export interface BaseMatchInput {
  readonly entry: string;
  readonly image: string;
  readonly tag: string | null;
  readonly digest: Digest;
  readonly manifest: Digest;
  readonly layerCount: number;
  readonly observedAt: string;
  /** Whether the record counts for an entry that is allowed, and why not. */
  readonly allowed: boolean;
  readonly refusal: RecordRefusal | null;
  /** The identity that signed the base itself. */
  readonly authenticatedBy: string | null;
  /** Since when the lock shows the tag elsewhere; null while it does not. */
  readonly behindSince: string | null;
}

export interface BaseClaimInput extends BaseClaim {
  /** It stands in something that an identity of the policy signed. */
  readonly signed: boolean;
  readonly entries: readonly string[];
  readonly confirmed: boolean;
  readonly contradicted: 'certain' | 'likely' | 'no';
  readonly inherited: boolean;
}

export interface SbomInput {
  /** Versions by id. */
  readonly catalogers: Readonly<Record<string, string>>;
  readonly components: readonly ComponentInput[];
  /** What the scan could not read, or left out over a cap: what it says of components is not known. */
  readonly unread: Listed<UnreadPart>;
}

export interface ComponentInput {
  readonly key: string;
  readonly type: string;
  readonly name: string;
  readonly group: string | null;
  readonly version: string | null;
  readonly purl: string | null;
  readonly licenses: readonly string[];
  readonly locations: readonly { readonly path: string; readonly layer: number | null }[];
  readonly dependsOn: readonly string[];
}

export interface SignatureInput {
  readonly subject: Digest;
  readonly bundle: Digest;
  /** Names of the policy's identities. */
  readonly identities: readonly string[];
  /** A key's fingerprint, or issuer and subject of a certificate. */
  readonly signer: string;
  /** By a trusted source of time (RFC 3339 UTC); null without one. */
  readonly signedAt: string | null;
  readonly annotations: Readonly<Record<string, JsonValue>>;
}

export interface AttestationInput extends SignatureInput {
  readonly predicateType: string;
  readonly predicate: JsonValue;
}

export interface UnverifiedInput {
  /** The bundle, or the statement that BuildKit wrote. */
  readonly bundle: Digest;
  readonly foundAt: readonly Digest[];
  /** As it says itself. */
  readonly predicateType: string | null;
  readonly code: string;
  readonly reason: string;
}

export interface ExceptionInput {
  readonly check: string;
  readonly reason: string;
  readonly owner: string;
  readonly ticket: string | null;
  /** The last day it holds (UTC). */
  readonly lastDay: string;
  readonly lapsed: boolean;
}
