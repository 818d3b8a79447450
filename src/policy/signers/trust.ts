import { ExitCode, isAppError } from '../../core/index.ts';
import type { EvidenceError, EvidenceView, TrustedRootView } from '../../evidence/index.ts';
import { parseTrustedRoots, type TrustedRoot } from '../../verification/index.ts';
import type { LoadedPolicy, Policy, PolicyIdentity } from '../file/types.ts';

/** The repository that trusted roots are from when a policy names none. */
const PUBLIC_GOOD = 'public-good';

/** Why nobody's certificates, log entries and timestamps can be judged. */
export interface MissingTrust {
  readonly code: string;
  readonly reason: string;
  readonly remedy: string;
  readonly exitCode: ExitCode;
}

/** Whom to believe about certificates, log entries and timestamps; or why that is not known. */
export type PolicyTrust =
  | { readonly roots: readonly TrustedRoot[]; readonly missing?: undefined }
  | { readonly missing: MissingTrust };

/** Where a policy's trusted root is from: its own file, or a repository by the name that evidence keeps it under. */
export type TrustOrigin =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'repository'; readonly source: string };

/** A policy's own file goes before a repository. */
export function trustOrigin({ trust }: Policy): TrustOrigin {
  if (trust?.trustedRoot !== undefined) return { kind: 'file', path: trust.trustedRoot };
  return { kind: 'repository', source: trust?.tuf?.mirror ?? PUBLIC_GOOD };
}

/** What of evidence tells whom to believe. */
export interface TrustEvidence {
  readonly images: EvidenceView['images'];
  readonly trustedRoots: readonly Pick<TrustedRootView, 'source' | 'bytes'>[];
}

/**
 * The trusted roots that a policy decides with: the bytes of its own file, else what the evidence keeps of the repository it names. A root of another
 * repository is never taken for it.
 */
export function policyTrust(loaded: LoadedPolicy, evidence: TrustEvidence): PolicyTrust {
  const origin = trustOrigin(loaded.policy);
  if (origin.kind === 'file') return parseRoots(loaded.files.get(origin.path), origin.path);
  const kept = evidence.trustedRoots.find((root) => root.source === origin.source);
  if (kept !== undefined) return parseRoots(kept.bytes, `the trusted root of ${origin.source}`);
  const failure = evidence.images.flatMap((image) => image.errors).find((error) => error.what === 'trust');
  return { missing: failure === undefined ? notCollected(origin.source) : collectingFailed(origin.source, failure) };
}

/** The same where there is no evidence: with the trusted root of the policy's repository, where that was read. */
export function policyTrustWith(loaded: LoadedPolicy, trustedRoot: Uint8Array | undefined): PolicyTrust {
  const source = policyTuf(loaded)?.source;
  const trustedRoots = trustedRoot === undefined || source === undefined ? [] : [{ source, bytes: trustedRoot }];
  return policyTrust(loaded, { trustedRoots, images: [] });
}

function parseRoots(bytes: Uint8Array | undefined, what: string): PolicyTrust {
  if (bytes === undefined) return { missing: notCollected(what) };
  try {
    return { roots: parseTrustedRoots(bytes) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const { code, message, exitCode } = error;
    return { missing: { code, reason: `${what}: ${message}`, remedy: error.hint ?? 'give another one', exitCode } };
  }
}

function notCollected(source: string): MissingTrust {
  return {
    code: 'TRUST_ROOT_MISSING',
    reason: `the evidence holds no trusted root of ${source}: certificates, log entries and timestamps cannot be judged`,
    remedy: 'collect the evidence again with this policy, or name a file in trust.trustedRoot',
    exitCode: ExitCode.Input,
  };
}

function collectingFailed(source: string, { code, reason, exitCode }: EvidenceError): MissingTrust {
  return {
    code: 'TRUST_ROOT_MISSING',
    reason: `the trusted root of ${source} could not be had (${code}): ${reason}`,
    remedy: 'check again when the repository answers, or name a file in trust.trustedRoot',
    exitCode,
  };
}

/** Whether judging an identity takes a trusted root: certificates always, keys where a log entry is demanded. */
export function needsTrust(identity: PolicyIdentity | undefined): boolean {
  return identity !== undefined && (identity.key === undefined || identity.requireTransparencyLog === true);
}

/** Whether judging any of a policy's identities, by their names, takes a trusted root. */
export function anyNeedsTrust({ identities }: Policy, names: readonly string[]): boolean {
  return names.some((name) => needsTrust(identities?.get(name)));
}

/** The TUF repository of a policy. */
export interface PolicyTuf {
  /** What evidence keeps its trusted root under. */
  readonly source: string;
  /** Undefined for Sigstore's public repository. */
  readonly mirror?: string;
  /** Root metadata that trust starts from: the policy's own file, whose bytes its digest covers. */
  readonly rootBytes?: Uint8Array;
}

/** The repository to collect a trusted root from; undefined for a policy that brings one along. */
export function policyTuf({ policy, files }: LoadedPolicy): PolicyTuf | undefined {
  const origin = trustOrigin(policy);
  if (origin.kind === 'file') return undefined;
  const tuf = policy.trust?.tuf;
  const rootBytes = tuf === undefined ? undefined : files.get(tuf.root);
  return {
    source: origin.source,
    ...(tuf === undefined ? {} : { mirror: tuf.mirror }),
    ...(rootBytes === undefined ? {} : { rootBytes }),
  };
}
