import type { X509Certificate } from 'node:crypto';
import type { KeySigner } from '../../keys/index.ts';

/** A key that signs, with the certificate that says whose it is, if there is one. */
export interface BundleSigner {
  readonly key: KeySigner;
  /** Its public key is the key's. Left out, bundles carry the hint of the public key. */
  readonly certificate?: SigningCertificate;
}

export interface SigningCertificate {
  readonly leaf: X509Certificate;
  /** What leads from the leaf to a root that verifiers have; not put into bundles unless asked. */
  readonly intermediates: readonly X509Certificate[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whom the certificate names (`email:`, `URI:` and the like taken off), and who vouches for that: of keyless certificates. */
  readonly identity?: string;
  readonly issuer?: string;
}

/** Where signers come from. One run asks it for each artefact and gets the same signer while that is valid. */
export interface SignerSource {
  acquire(): Promise<BundleSigner>;
}
