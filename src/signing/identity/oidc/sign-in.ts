import type { IdentityContext, ResolvedIdentity } from '../contract.ts';
import { SIGSTORE_AUDIENCE } from '../token.ts';
import { signInWithBrowser } from './browser-flow.ts';
import { signInWithDevice } from './device-flow.ts';
import { discoverIssuer } from './discovery.ts';
import type { InteractiveOptions } from './interactive.ts';

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
