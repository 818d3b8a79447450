import type { KeyAlgorithm, PublicKeyIdentity } from '../../keys/index.ts';

const BY_ALGORITHM: Readonly<Partial<Record<KeyAlgorithm, string>>> = {
  'ecdsa-p256': 'PKIX_ECDSA_P256_SHA_256',
  'ecdsa-p384': 'PKIX_ECDSA_P384_SHA_384',
  'ecdsa-p521': 'PKIX_ECDSA_P521_SHA_512',
};
const BY_RSA_BITS: Readonly<Record<number, string>> = {
  2048: 'PKIX_RSA_PKCS1V15_2048_SHA256',
  3072: 'PKIX_RSA_PKCS1V15_3072_SHA256',
  4096: 'PKIX_RSA_PKCS1V15_4096_SHA256',
};

/**
 * Sigstore's name for a key with the way it signs here; undefined for keys whose signatures over a digest have no name (pure Ed25519, unusual RSA sizes).
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_common.proto
 */
export function keyDetails(publicKey: PublicKeyIdentity): string | undefined {
  if (publicKey.algorithm !== 'rsa') return BY_ALGORITHM[publicKey.algorithm];
  return BY_RSA_BITS[publicKey.key.asymmetricKeyDetails?.modulusLength ?? 0];
}
