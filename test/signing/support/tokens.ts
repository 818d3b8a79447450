/** What a token says unless a test wants something else. */
export const CLAIMS = {
  iss: 'https://issuer.example',
  sub: 'https://github.com/octo/app/.github/workflows/release.yml@refs/tags/v1',
  aud: 'sigstore',
  iat: 0,
  exp: 4_000_000_000,
} as const;

/** A token with these claims and a signature that nobody checks here. A member set to undefined is left out. */
export function tokenWith(claims: Readonly<Record<string, unknown>> = {}, header: object = { alg: 'RS256' }): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part({ ...CLAIMS, ...claims })}.${Buffer.from('a signature of the issuer').toString('base64url')}`;
}

/** The parts of a token that must appear nowhere. */
export function tokenParts(token: string): readonly string[] {
  return [token, ...token.split('.')];
}
