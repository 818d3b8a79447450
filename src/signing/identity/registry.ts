import { buildkite } from './buildkite.ts';
import { circleci } from './circleci.ts';
import type { IdentityProvider } from './contract.ts';
import { environment } from './environment.ts';
import { githubActions } from './github-actions.ts';
import { gitlabCi } from './gitlab-ci.ts';
import { googleCloud } from './google-cloud.ts';
import { kubernetes } from './kubernetes.ts';
import { spiffe } from './spiffe.ts';

/** In the order in which they are looked for: what somebody put there on purpose before what the machine happens to offer. */
export const IDENTITY_PROVIDERS: readonly IdentityProvider[] = [
  gitlabCi,
  environment,
  githubActions,
  buildkite,
  circleci,
  spiffe,
  kubernetes,
  googleCloud,
];
