import { signingError } from '../../errors.ts';
import { memberOf, textOf } from '../../service/json-members.ts';
import type { IdentityContext } from '../contract.ts';
import { parseIdentityToken, type IdentityToken } from '../token.ts';
import type { IssuerEndpoints } from './discovery.ts';
import { listenOnLoopback } from './loopback-listener.ts';
import { createPkce, randomText } from './pkce.ts';
import { postForm } from './post-form.ts';
import type { InteractiveOptions } from './interactive.ts';

/**
 * Authorization code flow with PKCE: a person signs in with a browser, which comes back to a listener on this machine.
 * @throws AppError IDENTITY_PROVIDER_FAILED, IDENTITY_TOKEN_*, and those of services
 * @see https://www.rfc-editor.org/rfc/rfc8252
 */
export async function signInWithBrowser(
  endpoints: IssuerEndpoints,
  options: InteractiveOptions,
  context: IdentityContext,
): Promise<IdentityToken> {
  const { randomBytes, now, signal } = context.runtime;
  const pkce = createPkce(randomBytes);
  const [state, nonce] = [randomText(randomBytes), randomText(randomBytes)];
  await using listener = await listenOnLoopback({
    state,
    signal,
    timeLimitMs: options.timeLimitMs,
    ...(options.redirectPort === undefined ? {} : { port: options.redirectPort }),
  });
  const url = new URL(endpoints.authorization);
  const query = {
    response_type: 'code',
    client_id: options.clientId,
    scope: 'openid email',
    redirect_uri: listener.redirectUri,
    state,
    nonce,
    code_challenge: pkce.challenge,
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  await options.ask({ kind: 'browser', url });
  const { json, error } = await postForm(
    endpoints.token,
    {
      grant_type: 'authorization_code',
      code: await listener.code,
      redirect_uri: listener.redirectUri,
      client_id: options.clientId,
      code_verifier: pkce.verifier,
    },
    context,
  );
  const token = textOf(memberOf(json, 'id_token'));
  if (error !== undefined || token === undefined) {
    throw signingError('IDENTITY_PROVIDER_FAILED', `the issuer gave no identity token: ${error ?? 'it is missing'}`);
  }
  return parseIdentityToken(token, { audience: options.clientId, now: now(), nonce });
}
