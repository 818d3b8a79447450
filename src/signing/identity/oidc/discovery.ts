import { signingError } from '../../errors.ts';
import { answerJson, callService } from '../../service/call-service.ts';
import { memberOf, textOf } from '../../service/json-members.ts';
import { parseServiceUrl, serviceEndpoint } from '../../service/service-url.ts';
import type { IdentityContext } from '../contract.ts';

/** Where an issuer of identities is asked. */
export interface IssuerEndpoints {
  readonly issuer: string;
  readonly authorization: URL;
  readonly token: URL;
  /** Not every issuer knows devices. */
  readonly deviceAuthorization?: URL;
}

/**
 * Asks an issuer where its endpoints are. The document must name the issuer it was asked of; endpoints are https, or on this machine.
 * @throws AppError IDENTITY_PROVIDER_FAILED, SIGNING_URL_INVALID, and those of services
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html
 */
export async function discoverIssuer(issuer: string, context: IdentityContext): Promise<IssuerEndpoints> {
  const base = parseServiceUrl(issuer, 'the issuer of identities');
  const call = {
    what: 'the issuer of identities',
    url: serviceEndpoint(base, '/.well-known/openid-configuration'),
    method: 'GET',
    headers: { accept: 'application/json' },
    timeLimitMs: 30_000,
    maxAnswerBytes: 256 * 1024,
    signal: context.runtime.signal,
  } as const;
  const document = answerJson(await callService(context.client, call), call);
  const named = textOf(memberOf(document, 'issuer'));
  if (named === undefined || named.replace(/\/$/, '') !== issuer.replace(/\/$/, '')) {
    throw signingError('IDENTITY_PROVIDER_FAILED', `the configuration at ${base.host} is that of another issuer`);
  }
  const endpoint = (name: string): URL | undefined => {
    const text = textOf(memberOf(document, name));
    return text === undefined ? undefined : parseServiceUrl(text, `the issuer's ${name}`);
  };
  const authorization = endpoint('authorization_endpoint');
  const token = endpoint('token_endpoint');
  const deviceAuthorization = endpoint('device_authorization_endpoint');
  if (authorization === undefined || token === undefined) {
    throw signingError('IDENTITY_PROVIDER_FAILED', `the issuer at ${base.host} names no endpoints to sign in at`);
  }
  return { issuer: named, authorization, token, ...(deviceAuthorization === undefined ? {} : { deviceAuthorization }) };
}
