import { compareCodeUnits } from '../../core/index.ts';
import {
  compileIdentity,
  FULCIO_EXTENSION_NAMES,
  signerId,
  thresholdsOf,
  type BundleVerdict,
  type CheckBundleOptions,
  type FileVerdict,
  type IdentityRule,
  type RefusedName,
  type SignatureProofs,
  type SignerOptions,
  type TrustedIdentity,
  type TrustedKey,
  type TrustedRoot,
  type TrustedSource,
} from '../../verification/index.ts';
import type { MissingTrust, PolicyTrust } from './trust.ts';
import type { LoadedPolicy, PolicyIdentity } from '../file/types.ts';

/** Checks one bundle against keys, identities and one subject; the verification room's `checkBundle` in deciding. */
export type BundleChecker = (bytes: Uint8Array, options: CheckBundleOptions) => Promise<BundleVerdict>;

/** Everybody whom a policy names, ready to judge bundles with. */
export interface PolicySigners {
  /** A bundle that satisfies any of them counts, for the names that it meets. */
  readonly groups: readonly SignerOptions[];
  /** Why keyless identities and log entries cannot be judged; undefined when they can. */
  readonly missingTrust: MissingTrust | undefined;
  /** Whether the policy names an owner of certificates. */
  readonly hasIdentities: boolean;
}

/** What a policy may call a certificate extension beside Fulcio's own names. */
const EXTENSION_ALIASES: Readonly<Record<string, string>> = { sourceRepository: 'sourceRepositoryUri' };

/** Names of certificate extensions that a policy may use. */
export const EXTENSION_NAMES: readonly string[] = [...FULCIO_EXTENSION_NAMES, ...Object.keys(EXTENSION_ALIASES)];

/** Fulcio's own name of an extension; undefined when it has none. */
export function extensionName(name: string): string | undefined {
  const known = Object.hasOwn(EXTENSION_ALIASES, name) ? EXTENSION_ALIASES[name] : name;
  return FULCIO_EXTENSION_NAMES.find((candidate) => candidate === known);
}

/** A keyless identity of a policy as a rule for certificates: exact unless it says an expression. */
export function identityRule(name: string, identity: PolicyIdentity): IdentityRule {
  const { issuer = '', subject, subjectRegexp, extensions = new Map<string, string>() } = identity;
  const pattern = subject ?? (subjectRegexp === undefined ? undefined : { regexp: subjectRegexp });
  return {
    name,
    issuer,
    ...(pattern === undefined ? {} : { identity: pattern }),
    extensions: Object.fromEntries([...extensions].map(([key, value]) => [extensionName(key) ?? key, value])),
  };
}

/**
 * Compiles the identities of a policy.
 * @param now the time decided for: only asked where no trusted source says when a log's entry was made
 * @throws AppError VERIFICATION_IDENTITY for an identity that the linter refuses
 */
export async function policySigners(loaded: LoadedPolicy, trust: PolicyTrust, now: Date): Promise<PolicySigners> {
  const identities = [...(loaded.policy.identities ?? [])].toSorted(([a], [b]) => compareCodeUnits(a, b));
  const keys = identities.flatMap(([name, identity]) => trustedKey(name, identity, loaded));
  const keyless = identities.filter(([, identity]) => identity.key === undefined);
  const roots = trust.missing === undefined ? trust.roots : [];
  const common = { keys, requireTransparencyLog: true, seekTimes: true, now };
  const everything = roots.map((root): TrustedSource => ({ root }));
  const [strict, lenient] = split(keyless, roots);
  const groups: SignerOptions[] = [
    { ...common, trust: everything, identities: roots.length === 0 ? [] : await compileAll(strict) },
    {
      ...common,
      keys: [],
      trust: roots.map((root) => ({ root, thresholds: thresholdsOf(root) })),
      identities: await compileAll(lenient),
    },
  ];
  return {
    groups: groups.filter((group) => group.keys.length + (group.identities?.length ?? 0) > 0),
    missingTrust: trust.missing,
    hasIdentities: keyless.length > 0,
  };
}

type Named = readonly [name: string, identity: PolicyIdentity];

/**
 * Those that need a log entry, an SCT and a time, and those for whom a service may be missing: that takes a root without the service, and an identity that
 * says so.
 */
function split(
  keyless: readonly Named[],
  roots: readonly TrustedRoot[],
): readonly [strict: readonly Named[], lenient: readonly Named[]] {
  const isWhole = roots.every((root) => thresholdsOf(root).logs + thresholdsOf(root).scts === 2);
  if (isWhole) return [keyless, []];
  const isLenient = ([, identity]: Named): boolean => identity.requireTransparencyLog === false;
  return [keyless.filter((named) => !isLenient(named)), keyless.filter(isLenient)];
}

function compileAll(named: readonly Named[]): Promise<readonly TrustedIdentity[]> {
  return Promise.all(named.map(([name, identity]) => compileIdentity(identityRule(name, identity))));
}

function trustedKey(name: string, identity: PolicyIdentity, { keys }: LoadedPolicy): readonly TrustedKey[] {
  const key = keys.get(name);
  return key === undefined ? [] : [{ name, key, requireTransparencyLog: identity.requireTransparencyLog ?? false }];
}

/** Who signed, by the names of the policy, and what vouches for it. */
export interface SignerFacts {
  /** What thresholds count: the key, or the issuer with the subject. */
  readonly signer: string;
  /** The same for people: a key's fingerprint, or the subject with its issuer. */
  readonly signedBy: string;
  /** Names of the policy's identities that the bundle meets; sorted. */
  readonly identities: readonly string[];
  /** Names of the same key that ask for more than the bundle proves, and why. */
  readonly withheld: readonly RefusedName[];
  /**
   * The earliest moment that a trusted source vouches for. For a certificate it lies in the minutes of its life; a key's signature may be older, as anybody
   * can have a timestamp put on it.
   */
  readonly signedAt?: Date;
  /** Entries of trusted logs that hold the signature: `index (operator)`. */
  readonly logs: readonly string[];
  /** It has timestamps or log entries that were not judged, for want of a trusted root. */
  readonly unjudgedTimes: boolean;
}

/** The facts of a signer whose bundle was verified. */
export function signerFacts({ signer, log, timestamps }: SignatureProofs, hasTrust: boolean): SignerFacts {
  const entries = log.evaluated ? log.verified : [];
  const logTimes = entries.flatMap(({ integratedTime }) => (integratedTime === undefined ? [] : [integratedTime]));
  const stamps = timestamps.evaluated ? timestamps.verified.map(({ time }) => time) : [];
  const times = [...logTimes, ...stamps].map((time) => new Date(time).getTime());
  const isKey = signer.kind === 'key';
  return {
    signer: signerId(signer),
    signedBy: isKey ? signer.fingerprint : `${signer.identity} (issuer ${signer.issuer ?? 'none'})`,
    identities: [...new Set(signer.names)].toSorted(compareCodeUnits),
    withheld: isKey ? (signer.refused ?? []) : [],
    ...(times.length === 0 ? {} : { signedAt: new Date(Math.min(...times)) }),
    logs: entries.map(({ logIndex, operator }) => `${logIndex} (${operator})`),
    unjudgedTimes: !hasTrust && log.entries + timestamps.entries > 0,
  };
}

/** Why a bundle does not count, for some names of the policy. */
export interface Refusal {
  readonly code: string;
  readonly reason: string;
  readonly names: readonly string[];
}

/** A bundle judged with everybody whom the policy names. */
export type Judged<V extends BundleVerdict | FileVerdict> =
  | (Extract<V, { readonly ok: true }> & { readonly facts: SignerFacts })
  | { readonly ok: false; readonly refusals: readonly [Refusal, ...Refusal[]] };

/** Codes that say no more than that somebody else signed. */
const STRANGER_CODES: ReadonlySet<string> = new Set([
  'UNTRUSTED_KEY',
  'KEYLESS_UNSUPPORTED',
  'KEYED_UNSUPPORTED',
  'IDENTITY_MISMATCH',
  'IDENTITY_UNSUPPORTED',
  'CERTIFICATE_UNTRUSTED',
]);

/** Whether a refusal says that somebody signed whom the policy does not know. */
export function isStrangerCode(code: string): boolean {
  return STRANGER_CODES.has(code);
}

/**
 * Judges a bundle. It counts when one group accepts it; the names it meets are those of all groups that do. A certificate that nobody can judge, as the
 * trusted root is missing, is refused with the reason for that.
 */
export async function judgeBundle<V extends BundleVerdict | FileVerdict>(
  signers: PolicySigners,
  check: (options: SignerOptions) => Promise<V>,
): Promise<Judged<V>> {
  const { groups, missingTrust } = signers;
  const refusals: Refusal[] = [];
  let accepted: (Extract<V, { readonly ok: true }> & { readonly facts: SignerFacts }) | undefined;
  for (const group of groups) {
    const verdict = await check(group);
    if (verdict.ok) {
      const facts = signerFacts(verdict, missingTrust === undefined);
      const identities = [...(accepted?.facts.identities ?? []), ...facts.identities].toSorted(compareCodeUnits);
      accepted = { ...(verdict as Extract<V, { readonly ok: true }>), facts: { ...facts, identities } };
    } else {
      refusals.push({ code: verdict.code, reason: verdict.reason, names: groupNames(group) });
    }
  }
  if (accepted !== undefined) return accepted;
  // those that say more than that somebody else signed come first
  const [first, ...rest] = refusals.toSorted((a, b) => Number(isStrangerCode(a.code)) - Number(isStrangerCode(b.code)));
  const isUnjudged = first === undefined || first.code === 'KEYLESS_UNSUPPORTED';
  if (signers.hasIdentities && missingTrust !== undefined && isUnjudged) {
    return { ok: false, refusals: [{ code: missingTrust.code, reason: missingTrust.reason, names: [] }] };
  }
  if (first !== undefined) return { ok: false, refusals: [first, ...rest] };
  const reason = 'the policy knows no key and no identity';
  return { ok: false, refusals: [{ code: 'UNTRUSTED_KEY', reason, names: [] }] };
}

function groupNames({ keys, identities = [] }: SignerOptions): readonly string[] {
  return [...keys, ...identities].flatMap(({ name }) => (name === undefined ? [] : [name]));
}

/** The refusal that concerns some of these names; else the first. */
export function refusalFor(by: readonly string[], refusals: readonly [Refusal, ...Refusal[]]): Refusal {
  return refusals.find(({ names }) => names.some((name) => by.includes(name))) ?? refusals[0];
}
