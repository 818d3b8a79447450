import type { Digest, ExitCode } from '../core/index.ts';
import type { EvidencePlace } from '../evidence/index.ts';

export type Verdict = 'allow' | 'warn' | 'deny';
export type CheckOutcome = 'pass' | 'warn' | 'fail' | 'error' | 'excepted';

/** What was checked. Those without a rule speak of the image as such. */
export type CheckName =
  | 'resolve'
  | 'tag'
  | 'pinned'
  | 'digests'
  | 'unmatched'
  | 'platforms'
  | 'signatures'
  | 'attestations'
  | 'base'
  | 'buildInputs'
  | 'components'
  | 'files'
  | 'image'
  | 'rego'
  | 'vsa'
  | 'exceptions';

/** What a result rests on. Lists are sorted; absent ones are empty. */
export interface Basis {
  readonly digests?: readonly Digest[];
  /** Names of the policy's identities, and fingerprints of keys. */
  readonly identities?: readonly string[];
  /** Paths in the image, with a leading slash. */
  readonly paths?: readonly string[];
  /** Indexes of layers, 0 = bottom. */
  readonly layers?: readonly number[];
  /** Further facts, one per line. */
  readonly notes?: readonly string[];
}

export interface CheckResult {
  readonly check: CheckName;
  /** Which of several: an attestation's type, a part of the base check. */
  readonly item?: string;
  readonly outcome: CheckOutcome;
  readonly code: string;
  /** In words. */
  readonly reason: string;
  readonly basis: Basis;
  /** What would make it pass. */
  readonly remedy?: string;
  /** For errors: the class of what went wrong. */
  readonly exitCode?: ExitCode;
  /** For `excepted`: who allowed it, why, and until when. */
  readonly exception?: {
    readonly reason: string;
    readonly owner: string;
    readonly ticket?: string;
    readonly lastDay: string;
  };
}

export interface RuleDecision {
  readonly rule: string;
  /** `warn` for a rule in warn mode or not yet effective. */
  readonly mode: 'enforce' | 'warn';
  /** Until when the rule only warns (RFC 3339), if it is not effective yet. */
  readonly effectiveOn?: string;
  readonly checks: readonly CheckResult[];
}

export interface PlatformDecision {
  /** `linux/amd64`; null when it is not known because the platform could not be collected. */
  readonly platform: string | null;
  readonly manifest: Digest;
  /** Layers of the platform, and how many of them are a locked base: none when the layers were not read. For drawing. */
  readonly layers: { readonly total: number; readonly base: number };
  readonly rules: readonly RuleDecision[];
}

export interface ImageDecision {
  readonly reference: string;
  readonly name: string | null;
  readonly digest: Digest | null;
  /** Where deployment manifests name it; absent when it was asked for by name only. */
  readonly places?: readonly EvidencePlace[];
  readonly verdict: Verdict;
  /** Digests this decision speaks for: platforms that passed every rule, and the index when all of them did. Empty when denied. */
  readonly approves: readonly Digest[];
  /** Results about the image as such. */
  readonly checks: readonly CheckResult[];
  readonly platforms: readonly PlatformDecision[];
}

/** Something about the policy that a reader of the decision should know. */
export interface DecisionNote {
  readonly code: string;
  readonly message: string;
}

/** A decision: canonical JSON of it is the same for the same evidence, policy and time. */
export interface Decision {
  readonly apiVersion: 'waybill.dev/v1';
  readonly kind: 'Decision';
  readonly tool: { readonly name: string; readonly version: string };
  /** The time that was decided for, RFC 3339 UTC. */
  readonly decidedAt: string;
  readonly policy: { readonly name: string | null; readonly digest: Digest };
  readonly evidence: { readonly digest: Digest; readonly collectedAt: string };
  readonly verdict: Verdict;
  /** 0 for allow and warn; 1 when any check failed; else the class of the first check that could not be evaluated. */
  readonly exitCode: ExitCode;
  readonly images: readonly ImageDecision[];
  readonly notes: readonly DecisionNote[];
}
