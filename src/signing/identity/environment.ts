import type { IdentityProvider } from './contract.ts';

/** Any other service that puts a token into `SIGSTORE_ID_TOKEN`. */
export const environment = {
  id: 'environment',
  title: 'the variable SIGSTORE_ID_TOKEN',
  specifications: ['https://docs.sigstore.dev/cosign/signing/overview/'],
  async detect({ runtime: { env } }) {
    return (env['SIGSTORE_ID_TOKEN'] ?? '') !== '';
  },
  async fetchToken({ runtime: { env } }) {
    return env['SIGSTORE_ID_TOKEN'] ?? '';
  },
} as const satisfies IdentityProvider;
