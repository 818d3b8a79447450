import type { JsonValue } from '../../core/index.ts';
import type { KeySigner } from '../../keys/index.ts';
import type { HttpClient } from '../../net/index.ts';
import { signingError } from '../errors.ts';
import type { IdentityToken } from '../identity/token.ts';
import { answerJson, callService, invalidAnswer } from '../service/call-service.ts';
import { base64, memberAt, memberOf } from '../service/json-members.ts';
import { serviceEndpoint } from '../service/service-url.ts';
import type { SigningCertificate } from '../signer/contract.ts';
import { checkCertificate } from './check-certificate.ts';

export interface CertificateRequest {
  readonly client: HttpClient;
  /** Base URL of the authority. */
  readonly authority: URL;
  readonly token: IdentityToken;
  readonly key: KeySigner;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Accepts a certificate without a timestamp of a certificate-transparency log. */
  readonly allowMissingSct?: boolean;
}

const TIME_LIMIT_MS = 60_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const PEM_CERTIFICATE = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;

/**
 * Asks a certificate authority (Fulcio, API version 2) for a certificate: sends the token and a signature over the token's subject as proof of possession
 * of the key. The token goes to the authority's own host and nowhere else.
 * @throws AppError SERVICE_* and those of the client (NET_*)
 * @see https://github.com/sigstore/fulcio/blob/main/fulcio.proto
 */
export async function requestCertificate(request: CertificateRequest): Promise<SigningCertificate> {
  const { token, key } = request;
  const body = {
    credentials: { oidcIdentityToken: token.reveal() },
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: key.publicKey.pem },
      proofOfPossession: base64(await key.sign(Buffer.from(token.subject))),
    },
  };
  const call = {
    what: 'the certificate authority',
    url: serviceEndpoint(request.authority, '/api/v2/signingCert'),
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
    timeLimitMs: TIME_LIMIT_MS,
    maxAnswerBytes: MAX_ANSWER_BYTES,
    secrets: [token.reveal()],
    signal: request.signal,
  } as const;
  const answer = answerJson(await callService(request.client, call), call);
  const { certificates, detached } = chainIn(answer);
  const ders = certificates?.map((pem) => derOf(pem));
  if (ders === undefined || ders.length === 0 || ders.includes(undefined))
    throw invalidAnswer(call, 'holds no certificates');
  if (detached && request.allowMissingSct !== true) {
    throw signingError(
      'SERVICE_ANSWER_INVALID',
      'the certificate authority gives the log timestamp apart from the certificate',
      {
        hint: 'a bundle has no place for it; the authority must embed it',
      },
    );
  }
  return checkCertificate(
    ders.filter((der) => der !== undefined),
    {
      publicKey: key.publicKey,
      token,
      now: request.now(),
      requireTimestamp: request.allowMissingSct !== true,
    },
  );
}

function chainIn(answer: JsonValue): { readonly certificates?: readonly JsonValue[]; readonly detached: boolean } {
  const detached = memberOf(answer, 'signedCertificateEmbeddedSct') === undefined;
  const holder = detached ? 'signedCertificateDetachedSct' : 'signedCertificateEmbeddedSct';
  const certificates = memberAt(answer, holder, 'chain', 'certificates');
  const hasTimestamp = memberAt(answer, holder, 'signedCertificateTimestamp') !== undefined;
  return {
    ...(Array.isArray(certificates) ? { certificates: certificates as readonly JsonValue[] } : {}),
    detached: detached && hasTimestamp,
  };
}

function derOf(pem: JsonValue): Uint8Array | undefined {
  const body = typeof pem === 'string' ? PEM_CERTIFICATE.exec(pem)?.[1] : undefined;
  return body === undefined ? undefined : Buffer.from(body, 'base64');
}
