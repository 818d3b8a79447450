import { helperOutput } from './context.ts';
import type { IdentityProvider } from './contract.ts';

/** CircleCI: its program makes a token with the audience asked for; the ones in the job's environment have another. */
export const circleci = {
  id: 'circleci',
  title: 'CircleCI',
  specifications: ['https://circleci.com/docs/guides/permissions-authentication/oidc-tokens-with-custom-claims/'],
  async detect({ runtime: { env } }) {
    return env['CIRCLECI'] === 'true' && (env['CIRCLE_OIDC_TOKEN_V2'] ?? env['CIRCLE_OIDC_TOKEN'] ?? '') !== '';
  },
  fetchToken: (context, audience) =>
    helperOutput(context, {
      command: 'circleci',
      args: ['run', 'oidc', 'get', '--claims', JSON.stringify({ aud: audience })],
      variables: Object.keys(context.runtime.env).filter((name) => name.startsWith('CIRCLE')),
    }),
} as const satisfies IdentityProvider;
