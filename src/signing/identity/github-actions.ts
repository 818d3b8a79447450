import { signingError } from '../errors.ts';
import { answerJson, callService } from '../service/call-service.ts';
import { memberOf, textOf } from '../service/json-members.ts';
import { parseServiceUrl } from '../service/service-url.ts';
import type { IdentityProvider } from './contract.ts';

/** GitHub Actions: a token for the job, where `id-token: write` is permitted. */
export const githubActions = {
  id: 'github-actions',
  title: 'GitHub Actions',
  specifications: ['https://docs.github.com/en/actions/reference/security/oidc'],
  async detect({ runtime: { env } }) {
    return isSet(env['ACTIONS_ID_TOKEN_REQUEST_URL']) && isSet(env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']);
  },
  async fetchToken({ client, runtime }, audience) {
    const bearer = runtime.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '';
    const url = parseServiceUrl(runtime.env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '', "GitHub's token service");
    url.searchParams.set('audience', audience);
    const call = {
      what: "GitHub's token service",
      url,
      method: 'GET',
      headers: { authorization: `bearer ${bearer}`, accept: 'application/json' },
      timeLimitMs: 30_000,
      maxAnswerBytes: 256 * 1024,
      secrets: [bearer],
      signal: runtime.signal,
    } as const;
    const token = textOf(memberOf(answerJson(await callService(client, call), call), 'value'));
    if (token === undefined) throw signingError('IDENTITY_PROVIDER_FAILED', "GitHub's token service gave no token");
    return token;
  },
  missingHint({ runtime: { env } }) {
    return env['GITHUB_ACTIONS'] === 'true'
      ? 'in GitHub Actions the job needs `permissions: id-token: write` (jobs of pull requests from forks never get it)'
      : undefined;
  },
} as const satisfies IdentityProvider;

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
