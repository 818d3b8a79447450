import { signingError } from '../../errors.ts';
import { memberOf, textOf } from '../../service/json-members.ts';
import { parseServiceUrl } from '../../service/service-url.ts';
import { pause } from '../context.ts';
import type { IdentityContext } from '../contract.ts';
import { parseIdentityToken, type IdentityToken } from '../token.ts';
import type { IssuerEndpoints } from './discovery.ts';
import { createPkce, type Pkce } from './pkce.ts';
import { postForm } from './post-form.ts';
import type { InteractiveOptions } from './interactive.ts';

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code';
const DEFAULT_INTERVAL_S = 5;
const MAX_INTERVAL_S = 60;
/** What people can read and type. */
const USER_CODE = /^[A-Za-z0-9 -]{3,40}$/;

interface Device {
  readonly code: string;
  readonly userCode: string;
  readonly url: URL;
  readonly intervalS: number;
  readonly expiresS: number;
}

/**
 * Device flow: a person signs in anywhere else and types a code; this process asks now and then whether that is done.
 * @throws AppError IDENTITY_PROVIDER_FAILED, IDENTITY_TOKEN_*, and those of services
 * @see https://www.rfc-editor.org/rfc/rfc8628
 */
export async function signInWithDevice(
  endpoints: IssuerEndpoints,
  options: InteractiveOptions,
  context: IdentityContext,
): Promise<IdentityToken> {
  const pkce = createPkce(context.runtime.randomBytes);
  const device = await requestDevice(endpoints, options.clientId, { context, pkce });
  await options.ask({ kind: 'device', url: device.url, userCode: device.userCode });
  const limitMs = Math.min(options.timeLimitMs, device.expiresS * 1000);
  let intervalMs = device.intervalS * 1000;
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += intervalMs) {
    await pause(context, intervalMs);
    const { json, error } = await postForm(
      endpoints.token,
      { grant_type: GRANT_TYPE, device_code: device.code, client_id: options.clientId, code_verifier: pkce.verifier },
      context,
    );
    if (error === 'slow_down') intervalMs += DEFAULT_INTERVAL_S * 1000;
    else if (error !== 'authorization_pending') {
      const token = textOf(memberOf(json, 'id_token'));
      if (error === undefined && token !== undefined)
        return parseIdentityToken(token, { audience: options.clientId, now: context.runtime.now() });
      throw signingError('IDENTITY_PROVIDER_FAILED', `the issuer gave no identity token: ${error ?? 'it is missing'}`);
    }
  }
  throw signingError('IDENTITY_PROVIDER_FAILED', 'nobody typed the code in time');
}

async function requestDevice(
  endpoints: IssuerEndpoints,
  clientId: string,
  { context, pkce }: { readonly context: IdentityContext; readonly pkce: Pkce },
): Promise<Device> {
  if (endpoints.deviceAuthorization === undefined) {
    throw signingError('IDENTITY_PROVIDER_FAILED', `${endpoints.issuer} does not offer the device flow`);
  }
  const form = {
    client_id: clientId,
    scope: 'openid email',
    code_challenge: pkce.challenge,
    code_challenge_method: 'S256',
  };
  const { json, error } = await postForm(endpoints.deviceAuthorization, form, context);
  const code = textOf(memberOf(json, 'device_code'));
  const userCode = textOf(memberOf(json, 'user_code'));
  const uri = textOf(memberOf(json, 'verification_uri_complete')) ?? textOf(memberOf(json, 'verification_uri'));
  if (
    error !== undefined ||
    code === undefined ||
    userCode === undefined ||
    !USER_CODE.test(userCode) ||
    uri === undefined
  ) {
    throw signingError('IDENTITY_PROVIDER_FAILED', `the issuer gave no device code: ${error ?? 'the answer lacks it'}`);
  }
  return {
    code,
    userCode,
    url: parseServiceUrl(uri, 'the page to sign in at'),
    intervalS: secondsOf(memberOf(json, 'interval'), DEFAULT_INTERVAL_S, MAX_INTERVAL_S),
    expiresS: secondsOf(memberOf(json, 'expires_in'), 600, 3600),
  };
}

function secondsOf(value: unknown, usual: number, most: number): number {
  return typeof value === 'number' && value >= 1 ? Math.min(value, most) : usual;
}
