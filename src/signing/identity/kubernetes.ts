import { signingError } from '../errors.ts';
import { readSmallFile } from './context.ts';
import type { IdentityProvider } from './contract.ts';

/** Where cosign looks, and pods mount the projected token of a service account for the audience `sigstore`. */
const TOKEN_FILE = '/var/run/sigstore/cosign/oidc-token';

/** Kubernetes: a projected service-account token that the kubelet keeps fresh. */
export const kubernetes = {
  id: 'kubernetes',
  title: 'Kubernetes service account',
  specifications: [
    'https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#serviceaccount-token-volume-projection',
  ],
  async detect(context) {
    return (await readSmallFile(context, TOKEN_FILE)) !== undefined;
  },
  async fetchToken(context) {
    const token = await readSmallFile(context, TOKEN_FILE);
    if (token === undefined) throw signingError('IDENTITY_PROVIDER_FAILED', `${TOKEN_FILE} is gone`);
    return token;
  },
  missingHint({ runtime: { env } }) {
    return (env['KUBERNETES_SERVICE_HOST'] ?? '') === ''
      ? undefined
      : `in Kubernetes project a service-account token with the audience sigstore to ${TOKEN_FILE}`;
  },
} as const satisfies IdentityProvider;
