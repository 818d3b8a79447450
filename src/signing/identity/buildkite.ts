import { helperOutput } from './context.ts';
import type { IdentityProvider } from './contract.ts';

/** Buildkite: the agent asks for a token. */
export const buildkite = {
  id: 'buildkite',
  title: 'Buildkite',
  specifications: ['https://buildkite.com/docs/agent/cli/reference/oidc'],
  async detect({ runtime: { env } }) {
    return env['BUILDKITE'] === 'true' && (env['BUILDKITE_AGENT_ACCESS_TOKEN'] ?? '') !== '';
  },
  fetchToken: (context, audience) =>
    helperOutput(context, {
      command: 'buildkite-agent',
      args: ['oidc', 'request-token', '--audience', audience],
      variables: ['BUILDKITE_AGENT_ACCESS_TOKEN', 'BUILDKITE_AGENT_ENDPOINT', 'BUILDKITE_JOB_ID', 'BUILDKITE_NO_HTTP2'],
    }),
  missingHint({ runtime: { env } }) {
    return env['BUILDKITE'] === 'true' ? 'in Buildkite the step must see BUILDKITE_AGENT_ACCESS_TOKEN' : undefined;
  },
} as const satisfies IdentityProvider;
