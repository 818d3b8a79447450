import { parseAnyBundle, type LegacyCandidate } from '../../attestation/index.ts';
import { coreError, isAppError, LIMITS, readInputFile, type Runtime } from '../../core/index.ts';
import type { KeyAlgorithm } from '../../keys/index.ts';
import {
  compileIdentity,
  isGithubRoot,
  parseTrustedRoots,
  thresholdsOf,
  trustedRootFromCertificates,
  type IdentityRule,
  type SignerOptions,
  type Thresholds,
  type TrustedRoot,
  type TrustedSource,
} from '../../verification/index.ts';
import { readPublicKeys } from './read-keys.ts';
import { MAX_TRUSTED_ROOT_BYTES, readTrustedRoot, type TufAccess } from './trust.ts';

/** Who may have signed, and whom to believe about it: what the shared flags of verifying commands say. */
export interface SignerAccess {
  /** Public key files. */
  readonly keyFiles: readonly string[];
  /** Owners of certificates; any of them counts. */
  readonly identities: readonly IdentityRule[];
  /** Trusted roots; one that Sigstore's public repository (or `tuf.mirror`) gives when there is none. */
  readonly trustedRootFiles: readonly string[];
  /** PEM of a private certificate authority, and of a timestamp authority beside it. */
  readonly certificateChainFile?: string;
  readonly timestampChainFile?: string;
  readonly tuf: TufAccess;
  /** No request but to the registry; and none to that, where the image is not in one. */
  readonly offline: boolean;
  readonly insecureIgnoreTlog: boolean;
  readonly insecureIgnoreSct: boolean;
  /** Distinct operators that must vouch; what is not said is one. */
  readonly thresholds: Partial<Thresholds>;
  /** Most log entries of one bundle. */
  readonly maxLogEntries?: number;
  /** Algorithms that keys and certificates may have; every one that is read unless told. */
  readonly algorithms?: readonly KeyAlgorithm[];
}

/** What bundles are to be judged. */
interface Judged {
  readonly bundles: readonly Uint8Array[];
  readonly legacy?: readonly LegacyCandidate[];
}

/** Gives what judging bundles takes. */
export type SignerLoader = (judged: Judged) => Promise<SignerOptions>;

/**
 * Reads keys, compiles identities and loads the roots that judging bundles needs: none when only keys are trusted, no bundle has a log entry and no timestamp is asked for.
 * Files and repositories are read when the first call needs them, and not again: who judges in several turns believes the same in each.
 * @throws AppError, from the calls: VERIFICATION_NO_KEYS, VERIFICATION_IDENTITY, TRUST_ROOT_MALFORMED, those of keys, files and trust repositories
 */
export function signerLoader(access: SignerAccess, runtime: Runtime): SignerLoader {
  let signers: Promise<Required<Pick<SignerOptions, 'keys' | 'identities'>>> | undefined;
  let roots: Promise<readonly TrustedSource[]> | undefined;
  return async ({ bundles, legacy = [] }) => {
    const { keys, identities } = await (signers ??= namedSigners(access));
    const isLogged = bundles.some(hasLogEntry) || legacy.some(({ rekorBundle }) => rekorBundle !== undefined);
    const needsLogs = !access.insecureIgnoreTlog && isLogged;
    const needsStamps = (access.thresholds.timestamps ?? 0) > 0;
    const needsRoot = identities.length > 0 || isTrustGiven(access) || needsLogs || needsStamps;
    const trust = needsRoot ? await (roots ??= loadTrust(access, runtime)) : undefined;
    return {
      keys,
      identities,
      ...(trust === undefined ? {} : { trust }),
      requireTransparencyLog: !access.insecureIgnoreTlog,
      now: runtime.now(),
      ...(access.maxLogEntries === undefined ? {} : { maxLogEntries: access.maxLogEntries }),
      ...(access.algorithms === undefined ? {} : { algorithms: access.algorithms }),
    };
  };
}

async function namedSigners(access: SignerAccess): Promise<Required<Pick<SignerOptions, 'keys' | 'identities'>>> {
  const keys = await readPublicKeys(access.keyFiles);
  return { keys, identities: await Promise.all(access.identities.map((rule) => compileIdentity(rule))) };
}

function isTrustGiven({ trustedRootFiles, certificateChainFile }: SignerAccess): boolean {
  return trustedRootFiles.length > 0 || certificateChainFile !== undefined;
}

/** Bundles that cannot be parsed have none: why is told when they are judged. */
function hasLogEntry(bytes: Uint8Array): boolean {
  try {
    return parseAnyBundle(bytes).logEntries.length > 0;
  } catch (error) {
    if (isAppError(error)) return false;
    throw error;
  }
}

async function loadTrust(access: SignerAccess, runtime: Runtime): Promise<readonly TrustedSource[]> {
  const sources: TrustedSource[] = [];
  for (const file of access.trustedRootFiles) {
    const bytes = await readInputFile(file, MAX_TRUSTED_ROOT_BYTES);
    for (const root of parseTrustedRoots(bytes)) sources.push(sourceOf(root, access));
  }
  const { certificateChainFile, timestampChainFile } = access;
  if (certificateChainFile !== undefined) {
    const root = trustedRootFromCertificates({
      certificateAuthority: await readInputFile(certificateChainFile, LIMITS.keyBytes),
      ...(timestampChainFile === undefined
        ? {}
        : { timestampAuthority: await readInputFile(timestampChainFile, LIMITS.keyBytes) }),
    });
    // a private authority has no log of its own
    sources.push({ root, thresholds: { ...thresholdsOf(root), ...access.thresholds } });
  }
  if (sources.length > 0) return sources;
  if (timestampChainFile !== undefined) {
    throw coreError('USAGE', '--timestamp-certificate-chain goes with --certificate-chain', {
      hint: 'a trusted root has its timestamp authorities in it',
    });
  }
  const { bytes } = await readTrustedRoot({ ...access.tuf, offline: access.offline }, runtime);
  runtime.progress({ kind: 'phase', label: 'checking signatures' });
  return parseTrustedRoots(bytes).map((root) => sourceOf(root, access, access.tuf.mirror === 'github'));
}

function sourceOf(root: TrustedRoot, access: SignerAccess, isGithub = isGithubRoot(root)): TrustedSource {
  const { thresholds, insecureIgnoreTlog, insecureIgnoreSct } = access;
  const asked: Partial<Thresholds> = {
    // GitHub's own authority has neither kind of log: its times come from timestamp authorities
    ...(isGithub ? thresholdsOf(root) : {}),
    ...(insecureIgnoreTlog ? { logs: 0 } : {}),
    ...(insecureIgnoreSct ? { scts: 0 } : {}),
    ...thresholds,
  };
  const { logs, timestamps } = thresholds;
  return {
    root,
    thresholds: asked,
    thresholdsForKeys: { ...(logs === undefined ? {} : { logs }), ...(timestamps === undefined ? {} : { timestamps }) },
  };
}
