import type { Digest, Glob } from '../../core/index.ts';
import type { PublicKeyIdentity } from '../../keys/index.ts';
import type { BaseLevel, Lock } from '../../provenance/index.ts';
import type { PolicyProblem } from './problem.ts';

/** What to do about something: refuse it, say it, or say nothing. */
export type Strictness = 'deny' | 'warn' | 'allow';

/** A policy file, read and checked. Field names are those of the file. */
export interface Policy {
  readonly apiVersion: 'waybill.dev/v1';
  readonly kind: 'Policy';
  readonly name?: string;
  readonly unmatched?: Strictness;
  readonly deny?: { readonly digests: readonly Digest[] };
  readonly trust?: PolicyTrust;
  readonly identities?: ReadonlyMap<string, PolicyIdentity>;
  readonly bases?: PolicyBases;
  readonly rules: readonly PolicyRule[];
  readonly exceptions?: readonly PolicyException[];
}

export interface PolicyTrust {
  /** Path of a trusted root, relative to the policy. */
  readonly trustedRoot?: string;
  readonly tuf?: { readonly mirror: string; readonly root: string };
}

/** Who may vouch: a key, or a keyless identity (issuer with subject or subjectRegexp). */
export interface PolicyIdentity {
  /** Path of a PEM public key, relative to the policy. */
  readonly key?: string;
  readonly issuer?: string;
  /** Exact. */
  readonly subject?: string;
  /** RE2, anchored at both ends. */
  readonly subjectRegexp?: string;
  readonly extensions?: ReadonlyMap<string, string>;
  /** For keys false unless given: keyed signing uses no log unless asked. */
  readonly requireTransparencyLog?: boolean;
}

export interface PolicyBases {
  /** Path of the lock, relative to the policy. */
  readonly lock?: string;
  /** Identities; the lock's bundle lies beside it as `<lock>.sigstore.json`. */
  readonly lockSignedBy?: readonly string[];
  /** The lock's head must be exactly this. */
  readonly lockHead?: Digest;
  readonly entries: readonly BaseEntry[];
}

export interface BaseEntry {
  readonly name: string;
  /** `image` unless given. */
  readonly kind?: 'image' | 'scratch' | 'packages';
  /** Canonical registry and repository (kind image). */
  readonly image?: string;
  /** Over the tags of the lock's records; any tag when absent. */
  readonly tags?: readonly Glob[];
  /** Milliseconds that a digest still counts after its tag left it; for ever when absent. */
  readonly history?: number;
  readonly signedBy?: readonly string[];
  /** `warn` unless given. */
  readonly upgrades?: Strictness;
  /** `deny` unless given. */
  readonly squashed?: 'deny' | 'allow';
  /** Kind scratch. */
  readonly builtBy?: readonly string[];
  /** Kind packages: globs over purls. */
  readonly purls?: readonly Glob[];
}

export interface PolicyRule {
  readonly name: string;
  /** `enforce` unless given. */
  readonly mode?: 'enforce' | 'warn';
  readonly images: readonly Glob[];
  /** `all` unless given; otherwise `os/architecture[/variant]`. */
  readonly platforms?: 'all' | readonly string[];
  readonly signatures?: SignatureCheck;
  readonly attestations?: readonly AttestationCheck[];
  readonly base?: BaseCheck;
  readonly buildInputs?: { readonly allow: readonly string[] };
  readonly components?: ComponentCheck;
  readonly files?: FilesCheck;
  readonly image?: ImageCheck;
  readonly rego?: readonly { readonly bundle: string; readonly entrypoint: string }[];
  readonly vsa?: { readonly by: readonly string[]; readonly maxAge?: number };
  /** 00:00 UTC of this day; until then the rule warns. */
  readonly effectiveOn?: Date;
}

export interface SignatureCheck {
  readonly by: readonly string[];
  /** 1 unless given. */
  readonly threshold?: number;
  readonly annotations?: ReadonlyMap<string, string>;
  /** Milliseconds. */
  readonly maxAge?: number;
}

export interface AttestationCheck {
  /** A name such as `cyclonedx`, or a predicate type URI. */
  readonly type: string;
  readonly by: readonly string[];
  /** 1 unless given. */
  readonly threshold?: number;
  readonly rederive?: boolean;
  readonly builder?: string;
  readonly source?: string;
  /** Milliseconds. */
  readonly maxAge?: number;
}

export interface BaseCheck {
  readonly allow: readonly string[];
  /** `content` unless given. */
  readonly evidence?: BaseLevel;
  readonly require?: readonly ('authenticated' | 'attested')[];
  /** `warn` unless given. */
  readonly unexplained?: Strictness;
  /** `deny` unless given. */
  readonly tamper?: Strictness;
  readonly tamperAllow?: readonly Glob[];
  readonly freshness?: { readonly behind: number };
}

export interface ComponentCheck {
  readonly deny?: readonly DeniedComponent[];
  readonly licenses?: { readonly deny: readonly string[] };
}

export interface DeniedComponent {
  readonly purl: string;
  readonly versions?: string;
  readonly reason?: string;
}

export interface FilesCheck {
  readonly unaccountedExecutables?: number;
  readonly modifiedPackageFiles?: number;
  readonly setuidBeyondBase?: number;
}

export interface ImageCheck {
  /** Named checks by id: those that are named run, in the mode given; the others do not. */
  readonly checks?: ReadonlyMap<string, 'deny' | 'warn' | 'off'>;
  readonly digestPinned?: boolean;
}

export interface PolicyException {
  readonly rule: string;
  readonly check: ExceptionCheck;
  readonly images?: readonly Glob[];
  readonly digests?: readonly Digest[];
  readonly reason: string;
  readonly owner: string;
  readonly ticket?: string;
  /** The first instant after the day given (UTC): the exception holds before it. */
  readonly expires: Date;
}

export const EXCEPTION_CHECKS = [
  'signatures',
  'attestations',
  'provenance',
  'base',
  'buildInputs',
  'components',
  'files',
  'image',
  'platforms',
  'rego',
  'vsa',
] as const;

export type ExceptionCheck = (typeof EXCEPTION_CHECKS)[number];

/** A policy with the bytes of every file it refers to: all that deciding needs. */
export interface LoadedPolicy {
  readonly policy: Policy;
  /** Bytes by the path written in the policy. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Covers the policy's bytes and every file's. */
  readonly digest: Digest;
  /** Public keys of the identities that have one. */
  readonly keys: ReadonlyMap<string, PublicKeyIdentity>;
  /** Undefined when the policy names none. */
  readonly lock: Lock | undefined;
  /** Warnings. */
  readonly problems: readonly PolicyProblem[];
  /** Rego sources that were compiled when the policy was opened, by path; absent when nothing was given to compile them with. */
  readonly compiledRego?: ReadonlyMap<string, CompiledRego>;
}

/** What came of a Rego source. */
export interface CompiledRego {
  /** A bundle, as `opa build -t wasm` writes it. */
  readonly bundle: Uint8Array;
  /** `opa 1.22.2` */
  readonly compiler: string;
}
