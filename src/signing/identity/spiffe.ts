import { signingError } from '../errors.ts';
import { readSmallFile } from './context.ts';
import type { IdentityProvider } from './contract.ts';

const VARIABLE = 'SPIFFE_JWT_SVID_FILE';

/** SPIFFE: a JWT-SVID that a helper beside the workload writes into a file; the variable says which. */
export const spiffe = {
  id: 'spiffe',
  title: 'SPIFFE',
  specifications: ['https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md'],
  async detect({ runtime: { env } }) {
    return (env[VARIABLE] ?? '') !== '';
  },
  async fetchToken(context) {
    const path = context.runtime.env[VARIABLE] ?? '';
    const token = await readSmallFile(context, path);
    if (token === undefined)
      throw signingError('IDENTITY_PROVIDER_FAILED', `${VARIABLE} names ${path}, which is not there`);
    return token;
  },
} as const satisfies IdentityProvider;
