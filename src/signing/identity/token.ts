import { parseStrictJson, safeText, type JsonValue } from '../../core/index.ts';
import { signingError } from '../errors.ts';
import { memberAt, memberOf, textOf } from '../service/json-members.ts';

/** The audience that Sigstore's certificate authority wants. */
export const SIGSTORE_AUDIENCE = 'sigstore';

/** An OpenID Connect identity token that has been read and checked, but whose signature only the certificate authority checks. */
export interface IdentityToken {
  readonly issuer: string;
  /** What the certificate authority takes for the name, and proof of possession is signed over: the verified e-mail address, else the subject. */
  readonly subject: string;
  /** The issuers that the certificate may name: the token's own, and the one that a federating issuer vouches for. */
  readonly issuers: readonly string[];
  readonly expiresAt: Date;
  /** The token itself. A function, so that no output, log or inspection shows it by accident. */
  reveal(): string;
}

export interface TokenExpectations {
  readonly audience: string;
  readonly now: Date;
  /** Asked of tokens of a browser flow. */
  readonly nonce?: string;
}

const MAX_TOKEN_CHARS = 32_768;
/** A token that ends sooner than this would end while it is used. */
const MIN_LEFT_MS = 5_000;
/** Clocks of issuers and of this machine differ. */
const CLOCK_SKEW_MS = 60_000;
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const MAX_AUDIENCES = 64;

/** Whether the text has the shape of a token (rather than of a file name). */
export function looksLikeToken(text: string): boolean {
  return text.startsWith('eyJ') && text.length <= MAX_TOKEN_CHARS && JWT.test(text);
}

/**
 * Reads an identity token: shape, issuer, subject, audience, and times. No message ever holds the token or its parts.
 * @throws AppError IDENTITY_TOKEN_MALFORMED, IDENTITY_TOKEN_AUDIENCE, IDENTITY_TOKEN_EXPIRED
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
export function parseIdentityToken(text: string, expected: TokenExpectations): IdentityToken {
  const raw = text.trim();
  if (raw.length > MAX_TOKEN_CHARS || !JWT.test(raw)) throw malformed('it is not a JSON web token');
  const [head = '', body = ''] = raw.split('.');
  const algorithm = memberOf(partOf(head), 'alg');
  if (typeof algorithm !== 'string' || algorithm.toLowerCase() === 'none') throw malformed('it is not signed');
  const claims = partOf(body);
  const issuer = textOf(memberOf(claims, 'iss'));
  if (issuer === undefined || URL.parse(issuer) === null) throw malformed('it names no issuer');
  checkAudience(memberOf(claims, 'aud'), expected.audience);
  const expiresAt = checkTimes(claims, expected.now);
  if (expected.nonce !== undefined && memberOf(claims, 'nonce') !== expected.nonce) {
    throw malformed('it was not made for this sign-in (the nonce differs)');
  }
  const federated = textOf(memberAt(claims, 'federated_claims', 'connector_id'));
  return {
    issuer,
    subject: subjectOf(claims),
    issuers: federated === undefined ? [issuer] : [issuer, federated],
    expiresAt,
    reveal: () => raw,
  };
}

function partOf(base64url: string): JsonValue {
  try {
    return parseStrictJson(Buffer.from(base64url, 'base64url'), 'the token', {
      maxBytes: MAX_TOKEN_CHARS,
      maxDepth: 16,
    });
  } catch {
    // the parser's words quote what they cannot read
    throw malformed('a part of it is not JSON');
  }
}

function checkAudience(value: JsonValue | undefined, wanted: string): void {
  const audiences = (Array.isArray(value) ? (value as readonly JsonValue[]) : [value]).slice(0, MAX_AUDIENCES);
  if (audiences.includes(wanted)) return;
  const found = audiences.filter((entry) => typeof entry === 'string').map((entry) => safeText(entry, 100));
  throw signingError(
    'IDENTITY_TOKEN_AUDIENCE',
    `the identity token is for ${found.length === 0 ? 'no audience' : found.slice(0, 3).join(', ')}, not for ${wanted}`,
    { hint: `ask the provider for a token with the audience ${wanted}` },
  );
}

function checkTimes(claims: JsonValue, now: Date): Date {
  const seconds = (name: string): number | undefined => {
    const value = memberOf(claims, name);
    return typeof value === 'number' && value >= 0 && value < 1e11 ? value : undefined;
  };
  const expires = seconds('exp');
  if (expires === undefined) throw malformed('it does not say when it expires');
  const starts = Math.max(seconds('nbf') ?? 0, seconds('iat') ?? 0);
  if (starts * 1000 > now.getTime() + CLOCK_SKEW_MS) {
    throw signingError('IDENTITY_TOKEN_EXPIRED', `the identity token is not valid before ${iso(starts)}`, {
      hint: "check this machine's clock",
    });
  }
  if (expires * 1000 - MIN_LEFT_MS <= now.getTime()) {
    throw signingError('IDENTITY_TOKEN_EXPIRED', `the identity token expired or is about to: ${iso(expires)}`, {
      hint: 'get a fresh token and sign at once; tokens live for minutes',
    });
  }
  return new Date(expires * 1000);
}

function subjectOf(claims: JsonValue): string {
  const email = textOf(memberOf(claims, 'email'));
  if (email !== undefined) {
    const verified = memberOf(claims, 'email_verified');
    if (verified !== true && verified !== 'true') throw malformed('its e-mail address is not verified by the issuer');
    return email;
  }
  const subject = textOf(memberOf(claims, 'sub'));
  if (subject === undefined) throw malformed('it names no subject');
  return subject;
}

function iso(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString();
}

function malformed(why: string): Error {
  return signingError('IDENTITY_TOKEN_MALFORMED', `the identity token is not usable: ${why}`);
}
