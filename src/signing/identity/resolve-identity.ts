import { readInputFile } from '../../core/index.ts';
import { signingError } from '../errors.ts';
import { MAX_TOKEN_FILE_BYTES } from './context.ts';
import type { IdentityContext, IdentityProvider, ResolvedIdentity } from './contract.ts';
import type { InteractiveOptions } from './oidc/interactive.ts';
import { signInInteractively } from './oidc/sign-in.ts';
import { IDENTITY_PROVIDERS } from './registry.ts';
import { looksLikeToken, parseIdentityToken, SIGSTORE_AUDIENCE, type IdentityToken } from './token.ts';

export interface IdentityRequest {
  /** `--identity-token`: a token, the name of a file that holds one, or `-`. Nothing else is looked at when it is given. */
  readonly token?: string;
  /** Standard input, whole; called for `-` only. */
  readonly readStdin?: () => Promise<Uint8Array>;
  /** Id of the one provider to use (`github-actions`, ...), or `interactive`. */
  readonly provider?: string;
  /** How a person is asked when the environment offers nothing; left out, nobody is. */
  readonly interactive?: InteractiveOptions;
  /** `sigstore` unless told. */
  readonly audience?: string;
}

/**
 * Gets an identity token: the one given, else of the first provider that the environment offers, else by asking a person. A provider that is there and
 * fails is an error; the next one is not tried, and no browser opens in its place.
 * @throws AppError IDENTITY_* and those of services and files
 */
export async function resolveIdentity(request: IdentityRequest, context: IdentityContext): Promise<ResolvedIdentity> {
  const audience = request.audience ?? SIGSTORE_AUDIENCE;
  const checked = (text: string): IdentityToken => parseIdentityToken(text, { audience, now: context.runtime.now() });
  if (request.token !== undefined) {
    const { text, title } = await givenToken(request.token, request);
    return { token: checked(text), provider: { id: 'given', title } };
  }
  const provider = await chooseProvider(request, context);
  if (provider !== undefined) {
    const { id, title } = provider;
    return { token: checked(await provider.fetchToken(context, audience)), provider: { id, title } };
  }
  if (request.interactive === undefined) throw nothingFound(context);
  return signInInteractively(request.interactive, context);
}

/**
 * Says that there is no identity to sign with before anything is asked of a network: the token given is none, or nothing here offers what is asked for. A provider is only
 * looked for; it is asked for its token when that is needed, as tokens live for minutes.
 * @throws AppError IDENTITY_NOT_FOUND, IDENTITY_PROVIDER_UNKNOWN, IDENTITY_TOKEN_*, those of files
 */
export async function requireIdentity(request: IdentityRequest, context: IdentityContext): Promise<void> {
  if (request.token !== undefined) {
    await resolveIdentity(request, context);
    return;
  }
  const provider = await chooseProvider(request, context);
  if (provider === undefined && request.interactive === undefined) throw nothingFound(context);
}

async function givenToken(
  given: string,
  request: IdentityRequest,
): Promise<{ readonly text: string; readonly title: string }> {
  if (given === '-') {
    if (request.readStdin === undefined)
      throw signingError('IDENTITY_NOT_FOUND', 'there is no standard input to read a token from');
    const bytes = await request.readStdin();
    if (bytes.byteLength > MAX_TOKEN_FILE_BYTES)
      throw signingError('IDENTITY_TOKEN_MALFORMED', 'standard input is too long for a token');
    return { text: Buffer.from(bytes).toString('utf8'), title: 'standard input' };
  }
  if (looksLikeToken(given.trim())) return { text: given, title: 'the token given' };
  if (/^eyJ[^/]*$/.test(given) || given.length > 4096) {
    // nearly a token: an error about a file would print it
    throw signingError('IDENTITY_TOKEN_MALFORMED', 'the identity token given is not a JSON web token');
  }
  return {
    text: Buffer.from(await readInputFile(given, MAX_TOKEN_FILE_BYTES)).toString('utf8'),
    title: `the file ${given}`,
  };
}

async function chooseProvider(
  request: IdentityRequest,
  context: IdentityContext,
): Promise<IdentityProvider | undefined> {
  if (request.provider === 'interactive') return undefined;
  if (request.provider !== undefined) {
    const wanted = IDENTITY_PROVIDERS.find(({ id }) => id === request.provider);
    if (wanted === undefined) {
      throw signingError(
        'IDENTITY_PROVIDER_UNKNOWN',
        `no identity provider is called ${JSON.stringify(request.provider.slice(0, 80))}`,
        {
          hint: `give one of ${[...IDENTITY_PROVIDERS.map(({ id }) => id), 'interactive'].join(', ')}`,
        },
      );
    }
    if (await wanted.detect(context)) return wanted;
    throw signingError('IDENTITY_NOT_FOUND', `${wanted.title} offers no identity here`, hintOf([wanted], context));
  }
  for (const provider of IDENTITY_PROVIDERS) if (await provider.detect(context)) return provider;
  return undefined;
}

function nothingFound(context: IdentityContext): Error {
  const fallback = { hint: 'give --identity-token, sign with --key, or sign in from a terminal' };
  const hint = hintOf(IDENTITY_PROVIDERS, context);
  return signingError('IDENTITY_NOT_FOUND', 'there is no identity to sign with', 'hint' in hint ? hint : fallback);
}

function hintOf(providers: readonly IdentityProvider[], context: IdentityContext): { readonly hint?: string } {
  for (const provider of providers) {
    const hint = provider.missingHint?.(context);
    if (hint !== undefined) return { hint };
  }
  return {};
}
