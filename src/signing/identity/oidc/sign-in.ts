import type { IdentityContext } from '../contract.ts';
import type { ResolvedIdentity } from '../resolve-identity.ts';
import { SIGSTORE_AUDIENCE } from '../token.ts';
import { signInWithBrowser } from './browser-flow.ts';
import { signInWithDevice } from './device-flow.ts';
import { discoverIssuer } from './discovery.ts';

/** What a person is asked to do. */
export type SignInPrompt =
  | { readonly kind: 'browser'; readonly url: URL }
  | { readonly kind: 'device'; readonly url: URL; readonly userCode: string };

export interface InteractiveOptions {
  readonly flow: 'browser' | 'device';
  /** The OpenID Connect issuer: `https://oauth2.sigstore.dev/auth`. */
  readonly issuer: string;
  /** `sigstore` for the public issuer; the token's audience as well. */
  readonly clientId: string;
  /** How long a person may take. */
  readonly timeLimitMs: number;
  /** Port of the listener, where the issuer wants a registered one. */
  readonly redirectPort?: number;
  /** Shows the prompt (to a terminal, never to stdout), and may open a browser. The URL is hostile until shown with care. */
  readonly ask: (prompt: SignInPrompt) => Promise<void>;
}

/** The public issuer's settings; a person has five minutes. */
export const PUBLIC_SIGN_IN = {
  issuer: 'https://oauth2.sigstore.dev/auth',
  clientId: SIGSTORE_AUDIENCE,
  timeLimitMs: 300_000,
} as const satisfies Partial<InteractiveOptions>;

/** Gets a token by asking a person. */
export async function signInInteractively(
  options: InteractiveOptions,
  context: IdentityContext,
): Promise<ResolvedIdentity> {
  const endpoints = await discoverIssuer(options.issuer, context);
  const flow = options.flow === 'browser' ? signInWithBrowser : signInWithDevice;
  const title = `${options.flow === 'browser' ? 'a browser' : 'a device code'} at ${new URL(endpoints.issuer).host}`;
  return { token: await flow(endpoints, options, context), provider: { id: `interactive-${options.flow}`, title } };
}
