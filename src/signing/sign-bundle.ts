import { IN_TOTO_PAYLOAD_TYPE, pae, parseBundle, parseStatement } from '../attestation/index.ts';
import { LIMITS } from '../core/index.ts';
import { verifySignature, type KeySigner } from '../keys/index.ts';
import { signingError } from './errors.ts';

export interface SignBundleOptions {
  /** The statement's bytes (`signStatement`, `attestStatement`): signed as they are. */
  readonly payload: Uint8Array;
  readonly signer: KeySigner;
}

/**
 * Signs a statement and returns a Sigstore bundle v0.3 (JSON, UTF-8): one DSSE signature, `publicKey.hint`, no log entries, no timestamps. There is no
 * `keyid`: cosign 3.1 refuses bundles that have one. The bundle is parsed and its signature checked before it is returned.
 * @throws AppError STATEMENT_MALFORMED, SIGNING_TOO_LARGE, SIGNING_SELF_CHECK_FAILED
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
 */
export async function signBundle(options: SignBundleOptions): Promise<Uint8Array> {
  const { payload, signer } = options;
  parseStatement(payload);
  const { DSSEBundleBuilder } = await import('@sigstore/sign');
  const builder = new DSSEBundleBuilder({
    signer: {
      sign: async (data) => ({
        signature: Buffer.from(await signer.sign(data)),
        key: { $case: 'publicKey', publicKey: signer.publicKey.pem, hint: signer.publicKey.hint },
      }),
    },
    witnesses: [],
  });
  const bundle = await builder.create({ data: Buffer.from(payload), type: IN_TOTO_PAYLOAD_TYPE });
  if (bundle.content.$case !== 'dsseEnvelope')
    throw signingError('SIGNING_SELF_CHECK_FAILED', 'the bundle has no envelope');
  const { payload: signedPayload, payloadType, signatures } = bundle.content.dsseEnvelope;
  const document = {
    mediaType: bundle.mediaType,
    verificationMaterial: { publicKey: { hint: signer.publicKey.hint } },
    dsseEnvelope: {
      payload: signedPayload.toString('base64'),
      payloadType,
      signatures: signatures.map(({ sig }) => ({ sig: sig.toString('base64') })),
    },
  };
  const bytes = Buffer.from(JSON.stringify(document));
  selfCheck(bytes, options);
  return bytes;
}

function selfCheck(bytes: Uint8Array, { payload, signer }: SignBundleOptions): void {
  if (bytes.byteLength > LIMITS.bundleBytes) {
    throw signingError(
      'SIGNING_TOO_LARGE',
      `the bundle would be ${bytes.byteLength} bytes, more than the ${LIMITS.bundleBytes} that verifiers read`,
      {
        hint: 'attest a smaller document, or one that refers to the large one by digest',
      },
    );
  }
  const bundle = parseBundle(bytes);
  const samePayload = Buffer.compare(bundle.payload, payload) === 0;
  if (!samePayload || !verifySignature(signer.publicKey, pae(bundle.payloadType, bundle.payload), bundle.signature)) {
    throw signingError(
      'SIGNING_SELF_CHECK_FAILED',
      `the signature made with the key ${signer.publicKey.fingerprint} does not verify`,
      {
        hint: 'the private key and the public key do not belong together, or the signer is broken; nothing was written',
      },
    );
  }
}
