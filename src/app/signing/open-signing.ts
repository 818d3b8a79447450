import { sha256Digest, type Digest, type Runtime } from '../../core/index.ts';
import { createHttpClient } from '../../net/index.ts';
import {
  openSigningSession,
  type Artifact,
  type ResolvedIdentity,
  type SignedBundle,
  type SignerSource,
} from '../../signing/index.ts';
import { checkBundle, checkFile, type SignerOptions } from '../../verification/index.ts';
import { checkTestimony, type OwnVerdict } from './check-testimony.ts';
import { appError } from '../errors.ts';
import type { SigningAccess } from './signing-access.ts';
import { chooseServices } from './signing-services.ts';
import { checkIdentity, chooseSource, withStdinOnce } from './signing-source.ts';
import { loadOwnTrust, ownSignerOptions } from './signing-trust.ts';

/** Who signed, as results tell it. */
export interface SignedBy {
  /** Fingerprint of the key; that of an identity was used once. */
  readonly signer: string;
  /** Whom the certificate names. */
  readonly identity?: string;
  /** Who vouches for that. */
  readonly issuer?: string;
  /** Where the identity came from, for people. */
  readonly provider?: string;
}

/** What outsiders know of a signature: entries in logs, and times. */
export interface Witnessed {
  readonly logs: readonly { readonly index: string; readonly operator: string }[];
  readonly times: readonly {
    readonly time: string;
    readonly source: 'log' | 'timestamp';
    readonly operator: string;
  }[];
}

/** A bundle that was made and has been verified. */
export interface MadeBundle extends Witnessed {
  readonly bytes: Uint8Array;
  readonly bundle: Digest;
  readonly signedBy: SignedBy;
}

/** One run of signing: all of its signatures share key or identity. */
export interface Signing extends AsyncDisposable {
  /** Signs a statement that is about this subject. */
  signStatement(payload: Uint8Array, subject: Digest): Promise<MadeBundle>;
  signFile(bytes: Uint8Array): Promise<MadeBundle>;
  /** Who signs now; asks for the identity if that has not been done. */
  signedBy(): Promise<SignedBy>;
  /** Options of a verification that accepts what this run signs and nobody else's. */
  ownSignatures(): Promise<SignerOptions>;
}

/**
 * Gets ready to sign: reads the key or finds out where an identity comes from, chooses services, loads the trust to verify what will be signed. Nothing
 * has been signed or sent for it yet.
 * @throws AppError USAGE, KEY_*, IDENTITY_*, SIGN*, TUF_*, NET_*, those of files
 */
export async function openSigning(given: SigningAccess, runtime: Runtime): Promise<Signing> {
  const access = withStdinOnce(given);
  const { servicesCaFile: caFile } = access;
  const client = createHttpClient({ runtime, caFlag: '--services-ca', ...(caFile === undefined ? {} : { caFile }) });
  let identity: ResolvedIdentity | undefined;
  const onIdentity = (resolved: ResolvedIdentity): void => {
    identity = resolved;
    const message = `signing as ${resolved.token.subject} (${resolved.provider.title})`;
    runtime.progress({ kind: 'notice', message });
  };
  try {
    await checkIdentity(access, { client, runtime });
    const services = await chooseServices(access, runtime);
    const source = await chooseSource(access, { services, client, runtime, onIdentity });
    const trust = await loadOwnTrust(access, services, runtime);
    const withLog = (services?.logs.needed ?? 0) > 0;
    const session = openSigningSession({
      source,
      ...(services === undefined ? {} : { witnesses: { services, client, runtime } }),
    });
    const ownSignatures = async (): Promise<SignerOptions> => {
      const { key, certificate } = await source.acquire();
      const own = { publicKey: key.publicKey, ...(certificate === undefined ? {} : { certificate }) };
      return { ...(await ownSignerOptions(own, trust, { withLog, now: runtime.now() })), seekTimes: trust.length > 0 };
    };
    const provider = (): string | undefined => identity?.provider.title;
    const make = async (artifact: Artifact, check: Check): Promise<MadeBundle> => {
      const signed = await session.sign(artifact);
      const own = await ownSignatures();
      const verdict = await checkTestimony((options) => check(signed.bytes, options), own, services);
      if (!verdict.ok) throw notVerified(verdict);
      return madeBundle(signed, provider());
    };
    return {
      signStatement: (payload, subject) =>
        make({ kind: 'statement', payload }, (bytes, own) => checkBundle(bytes, { ...own, subject })),
      signFile: (bytes) =>
        make({ kind: 'file', bytes }, (bundle, own) => checkFile(bundle, { ...own, file: { bytes } })),
      signedBy: async () => currentSigner(source, provider),
      ownSignatures,
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

type Check = (bundle: Uint8Array, own: SignerOptions) => Promise<OwnVerdict>;

function notVerified({ code, reason }: Extract<OwnVerdict, { readonly ok: false }>): Error {
  return appError('SELF_VERIFICATION_FAILED', `what was just signed does not verify: ${code}: ${reason}`, {
    hint: 'nothing was attached or written; a trusted root that knows these services is given with --trusted-root FILE',
    details: { reason: code },
  });
}

async function currentSigner(source: SignerSource, provider: () => string | undefined): Promise<SignedBy> {
  const { key, certificate } = await source.acquire();
  return describeSigner(
    { key: key.publicKey.fingerprint, ...(certificate === undefined ? {} : { certificate }) },
    provider(),
  );
}

function describeSigner(
  { key, certificate }: Pick<SignedBundle, 'key' | 'certificate'>,
  provider: string | undefined,
): SignedBy {
  const { identity, issuer } = certificate ?? {};
  return {
    signer: key,
    ...(identity === undefined ? {} : { identity }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(provider === undefined ? {} : { provider }),
  };
}

function madeBundle(signed: SignedBundle, provider: string | undefined): MadeBundle {
  const { bytes, testimonies } = signed;
  return {
    bytes,
    bundle: sha256Digest(bytes),
    signedBy: describeSigner(signed, provider),
    logs: testimonies.flatMap((item) =>
      item.kind === 'log-entry' ? [{ index: item.entry.logIndex, operator: item.service.operator }] : [],
    ),
    times: testimonies.flatMap(timeOf),
  };
}

function timeOf(item: SignedBundle['testimonies'][number]): Witnessed['times'] {
  const { operator } = item.service;
  if (item.kind === 'timestamp') return [{ time: item.timestamp.time.toISOString(), source: 'timestamp', operator }];
  const time = item.entry.integratedTime;
  return time === undefined ? [] : [{ time: time.toISOString(), source: 'log', operator }];
}
