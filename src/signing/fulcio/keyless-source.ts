import type { Runtime } from '../../core/index.ts';
import { createKeySigner, generateKeyPair } from '../../keys/index.ts';
import type { HttpClient } from '../../net/index.ts';
import type { ResolvedIdentity } from '../identity/contract.ts';
import type { BundleSigner, SignerSource } from '../signer/contract.ts';
import { requestCertificate } from './request-certificate.ts';

export interface KeylessOptions {
  readonly client: HttpClient;
  readonly authority: URL;
  /** Gets an identity (`resolveIdentity`); called again only when a certificate has run out. */
  readonly identity: () => Promise<ResolvedIdentity>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes' | 'signal'>;
  readonly allowMissingSct?: boolean;
  /** Told each time that an identity is used: who it is, and where it comes from. */
  readonly onIdentity?: (identity: ResolvedIdentity) => void;
}

/** A certificate with less time left is not used for another artefact: log and timestamp must still fall into it. */
const MIN_LEFT_MS = 60_000;

/**
 * Signs with a key that lives for this run only and a certificate of a Sigstore authority. All artefacts share key, identity and certificate while the
 * certificate is valid for another minute; then there is a new one.
 */
export function keylessSource(options: KeylessOptions): SignerSource {
  let current: Promise<BundleSigner> | undefined;
  const renew = async (): Promise<BundleSigner> => {
    const identity = await options.identity();
    options.onIdentity?.(identity);
    const { privateKey } = await generateKeyPair('ecdsa-p256', options.runtime.randomBytes);
    const key = createKeySigner(privateKey);
    const certificate = await requestCertificate({
      client: options.client,
      authority: options.authority,
      token: identity.token,
      key,
      now: options.runtime.now,
      signal: options.runtime.signal,
      ...(options.allowMissingSct === undefined ? {} : { allowMissingSct: options.allowMissingSct }),
    });
    return { key, certificate };
  };
  return {
    async acquire() {
      const asked = current;
      const signer = await asked;
      const left = (signer?.certificate?.notAfter.getTime() ?? 0) - options.runtime.now().getTime();
      if (signer !== undefined && left >= MIN_LEFT_MS) return signer;
      // whoever came first renews, the others wait for the same one
      const renewed = current === undefined || current === asked ? renew() : current;
      current = renewed;
      renewed.catch(() => {
        if (current === renewed) current = undefined;
      });
      return renewed;
    },
  };
}
