import { coreError, LIMITS, readInputFile, safeText, type Runtime } from '../../core/index.ts';
import type { HttpClient } from '../../net/index.ts';
import {
  certificateSource,
  keylessSource,
  keySource,
  openBrowser,
  openPluginSigner,
  parsePluginReference,
  PUBLIC_SIGN_IN,
  requireAuthority,
  requireIdentity,
  resolveIdentity,
  type IdentityRequest,
  type InteractiveOptions,
  type ResolvedIdentity,
  type SignerSource,
  type SigningServices,
} from '../../signing/index.ts';
import type { KeySigner } from '../../keys/index.ts';
import { readSigner } from '../verification/read-keys.ts';
import type { InteractiveAccess, SigningAccess } from './signing-access.ts';

export interface SourceContext {
  readonly services: SigningServices | undefined;
  readonly client: HttpClient;
  readonly runtime: Runtime;
  /** Told which identity signs, before the first signature. */
  readonly onIdentity: (identity: ResolvedIdentity) => void;
}

/**
 * Where signers come from: a key, a key with its certificate, or an identity.
 * @throws AppError USAGE, SIGNING_CERTIFICATE_UNUSABLE, SIGNER_PLUGIN_FAILED, KEY_*, those of files
 */
export async function chooseSource(access: SigningAccess, context: SourceContext): Promise<SignerSource> {
  const { keyFile, certificateFile } = access;
  if (keyFile === undefined) return identitySource(access, context);
  refuseIdentity(access);
  const key = await openKey(keyFile, access, context.runtime);
  if (certificateFile === undefined) return keySource(key);
  const certificates = await readInputFile(certificateFile, LIMITS.keyBytes);
  return certificateSource({ key, certificates, now: context.runtime.now });
}

/**
 * Before services and trust are asked for: whether there is an identity to sign with, unless a key signs. No provider is asked for its token yet.
 * @throws AppError IDENTITY_*, those of files
 */
export async function checkIdentity(
  access: SigningAccess,
  { client, runtime }: Pick<SourceContext, 'client' | 'runtime'>,
): Promise<void> {
  const { keyFile, certificateFile } = access;
  if (keyFile !== undefined || certificateFile !== undefined) return;
  await requireIdentity(identityRequest(access, undefined, runtime), { client, runtime });
}

/** Standard input can be read once; a token is looked at early, and an identity may be asked for again. */
export function withStdinOnce(access: SigningAccess): SigningAccess {
  const { readStdin } = access;
  return readStdin === undefined ? access : { ...access, readStdin: once(readStdin) };
}

async function openKey(keyFile: string, access: SigningAccess, runtime: Runtime): Promise<KeySigner> {
  const plugin = parsePluginReference(keyFile);
  if (plugin !== undefined) return openPluginSigner({ ...plugin, runtime });
  const { password = () => Promise.reject(coreError('USAGE', `${keyFile}: there is no way to ask for its password`)) } =
    access;
  return readSigner({ keyFile, password });
}

/** An identity beside a key would be dropped without a word. @throws AppError USAGE */
function refuseIdentity({ identityToken, identityProvider, fulcioUrl }: SigningAccess): void {
  if (identityToken === undefined && identityProvider === undefined && fulcioUrl === undefined) return;
  throw coreError('USAGE', 'either a key signs or an identity does, not both');
}

function identitySource(access: SigningAccess, context: SourceContext): SignerSource {
  const { services, client, runtime, onIdentity } = context;
  if (access.certificateFile !== undefined) {
    throw coreError('USAGE', 'a certificate signs nothing without its key', { hint: 'give --key FILE as well' });
  }
  const request = identityRequest(access, services, runtime);
  return keylessSource({
    client,
    runtime,
    authority: requireAuthority(services ?? NOTHING),
    identity: () => resolveIdentity(request, { client, runtime }),
    onIdentity,
    allowMissingSct: access.insecureIgnoreSct === true,
  });
}

const NOTHING: SigningServices = {
  logs: { candidates: [], needed: 0 },
  timestampAuthorities: { candidates: [], needed: 0 },
};

function identityRequest(
  { identityToken, identityProvider, readStdin, interactive }: SigningAccess,
  services: SigningServices | undefined,
  runtime: Runtime,
): IdentityRequest {
  return {
    ...(identityToken === undefined ? {} : { token: identityToken }),
    ...(identityProvider === undefined ? {} : { provider: identityProvider }),
    ...(readStdin === undefined ? {} : { readStdin }),
    ...(interactive === undefined ? {} : { interactive: signIn(interactive, services, runtime) }),
  };
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= read());
}

function signIn(
  { flow, issuer, platform, show }: InteractiveAccess,
  services: SigningServices | undefined,
  runtime: Runtime,
): InteractiveOptions {
  return {
    ...PUBLIC_SIGN_IN,
    flow,
    issuer: issuer ?? services?.identityIssuer ?? PUBLIC_SIGN_IN.issuer,
    ask: async (prompt) => {
      const url = safeText(prompt.url.href);
      if (prompt.kind === 'device') {
        show(`To sign in, open ${url} and enter the code ${safeText(prompt.userCode)}`);
        return;
      }
      show(`To sign in, open ${url}`);
      await openBrowser(prompt.url, runtime, platform);
    },
  };
}
