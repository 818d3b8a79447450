import type { IdentityProvider } from './contract.ts';

/** GitLab CI: the token that `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore` puts into the job. */
export const gitlabCi = {
  id: 'gitlab-ci',
  title: 'GitLab CI',
  specifications: ['https://docs.gitlab.com/ci/secrets/id_token_authentication/'],
  async detect({ runtime: { env } }) {
    return env['GITLAB_CI'] === 'true' && (env['SIGSTORE_ID_TOKEN'] ?? '') !== '';
  },
  async fetchToken({ runtime: { env } }) {
    return env['SIGSTORE_ID_TOKEN'] ?? '';
  },
  missingHint({ runtime: { env } }) {
    return env['GITLAB_CI'] === 'true'
      ? 'in GitLab CI the job needs `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`'
      : undefined;
  },
} as const satisfies IdentityProvider;
