/** Longest text that is scanned; what follows is cut, so that a hostile message costs bounded time. */
const MAX_SCANNED_CHARS = 16_384;

const SECRET_PATTERNS: readonly (readonly [RegExp, string])[] = [
  // userinfo of a URL
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^/\s@]{1,512}@/gi, '$1***@'],
  // authorization headers quoted in messages
  [/\b(bearer|basic)\s+[A-Za-z0-9+/_.~=-]{8,4096}/gi, '$1 ***'],
  // JSON web tokens
  [/\beyJ[A-Za-z0-9_-]{5,4096}\.[A-Za-z0-9_-]{5,4096}\.[A-Za-z0-9_-]{0,4096}/g, '***'],
  // query parameters that carry credentials
  [
    /([?&](?:access_token|token|refresh_token|password|signature|sig|X-Amz-Signature|X-Amz-Credential)=)[^&\s]{1,4096}/gi,
    '$1***',
  ],
];

/** Replaces URL userinfo, bearer and basic credentials, JWTs and signed query parameters by `***`. */
export function redactSecrets(text: string): string {
  let result = text.length > MAX_SCANNED_CHARS ? `${text.slice(0, MAX_SCANNED_CHARS)}…` : text;
  for (const [pattern, replacement] of SECRET_PATTERNS) result = result.replace(pattern, replacement);
  return result;
}
