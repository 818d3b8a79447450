import { coreError, LIMITS, readInputFile, type Runtime } from '../../core/index.ts';
import type { PublicKeyIdentity } from '../../keys/index.ts';
import type { SigningCertificate, SigningServices } from '../../signing/index.ts';
import {
  compileIdentity,
  mergeTrustedRoots,
  parseTrustedRoots,
  trustedRootFromCertificates,
  type SignerOptions,
  type Thresholds,
  type TrustedRoot,
  type TrustedSource,
} from '../../verification/index.ts';
import type { SigningAccess } from './signing-access.ts';
import { MAX_TRUSTED_ROOT_BYTES, readTrustedRoot } from '../verification/trust.ts';

/** Who signs: what a verification of one's own signatures expects. */
export interface OwnSigner {
  readonly publicKey: PublicKeyIdentity;
  readonly certificate?: SigningCertificate;
}

/**
 * Loads, before anything is signed, the trust that judging one's own signatures takes: none for a key that nobody is told of.
 * @throws AppError USAGE, TRUST_ROOT_MALFORMED, those of files and trust repositories
 */
export async function loadOwnTrust(
  access: SigningAccess,
  services: SigningServices | undefined,
  runtime: Runtime,
): Promise<readonly TrustedSource[]> {
  const { keyFile, certificateFile, timestampChainFile } = access;
  const [roots, stamps] = [await givenRoots(access), await privateStamps(timestampChainFile)];
  const thresholds = ownThresholds(access, services);
  if (roots.length === 0 && certificateFile !== undefined) {
    throw coreError('USAGE', 'nothing says who issued the certificate, so that its signatures cannot be verified', {
      hint: 'give --certificate-chain FILE, or --trusted-root FILE',
    });
  }
  const needsStamps = thresholds.timestamps > 0 && stamps === undefined;
  if (roots.length === 0 && (keyFile === undefined || thresholds.logs > 0 || needsStamps)) {
    const { bytes } = await readTrustedRoot({ ...access.tuf, offline: false }, runtime);
    roots.push(...parseTrustedRoots(bytes));
  }
  const worlds = certificateFile === undefined || roots.length === 0 ? roots : [mergeTrustedRoots(roots)];
  const { logs, timestamps } = thresholds;
  return withStamps(worlds, stamps).map((root) => ({ root, thresholds, thresholdsForKeys: { logs, timestamps } }));
}

async function givenRoots({ trustedRootFiles = [], certificateChainFile }: SigningAccess): Promise<TrustedRoot[]> {
  const roots: TrustedRoot[] = [];
  for (const file of trustedRootFiles) {
    roots.push(...parseTrustedRoots(await readInputFile(file, MAX_TRUSTED_ROOT_BYTES)));
  }
  if (certificateChainFile !== undefined) {
    const certificateAuthority = await readInputFile(certificateChainFile, LIMITS.keyBytes);
    roots.push(trustedRootFromCertificates({ certificateAuthority }));
  }
  return roots;
}

async function privateStamps(file: string | undefined): Promise<TrustedRoot | undefined> {
  if (file === undefined) return undefined;
  return trustedRootFromCertificates({ timestampAuthority: await readInputFile(file, LIMITS.keyBytes) });
}

/** An authority for timestamps alone is believed in each of the worlds, or is one. */
function withStamps(worlds: readonly TrustedRoot[], stamps: TrustedRoot | undefined): readonly TrustedRoot[] {
  if (stamps === undefined) return worlds;
  return worlds.length === 0 ? [stamps] : worlds.map((root) => mergeTrustedRoots([root, stamps]));
}

/** What was asked for must have been given: a log entry where there are logs, a time where one is needed. */
function ownThresholds(access: SigningAccess, services: SigningServices | undefined): Thresholds {
  const { keyFile, insecureIgnoreSct = false } = access;
  const keyless = keyFile === undefined;
  return {
    logs: Math.min(1, services?.logs.needed ?? 0),
    timestamps: keyless ? 1 : Math.min(1, services?.timestampAuthorities.needed ?? 0),
    scts: keyless && !insecureIgnoreSct ? 1 : 0,
  };
}

/** Options of a verification that accepts what this signer makes, and nobody else's. */
export async function ownSignerOptions(
  { publicKey, certificate }: OwnSigner,
  trust: readonly TrustedSource[],
  options: { readonly withLog: boolean; readonly now: Date },
): Promise<SignerOptions> {
  const common = { trust, requireTransparencyLog: options.withLog, now: options.now };
  if (certificate === undefined) return { ...common, keys: [{ key: publicKey }] };
  const identity = certificate.identity ?? firstName(certificate);
  return {
    ...common,
    keys: [],
    identities: [await compileIdentity({ identity, issuer: certificate.issuer ?? null })],
  };
}

/** The name that verifiers will expect of a certificate that was brought along. @throws AppError USAGE */
function firstName({ leaf }: SigningCertificate): string {
  const names = (leaf.subjectAltName ?? '').split(', ').map((name) => /^(?:URI|email):([^",]+)$/.exec(name)?.[1]);
  const name = names.find((text) => text !== undefined);
  if (name !== undefined) return name;
  throw coreError('USAGE', 'the certificate names nobody: its subject alternative names hold no URI and no e-mail', {
    hint: 'verifiers ask for an identity; a common name is none',
  });
}
