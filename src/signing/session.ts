import { IN_TOTO_PAYLOAD_TYPE, parseStatement } from '../attestation/index.ts';
import { isAppError, LIMITS } from '../core/index.ts';
import { bytesToSign, digestFor, type Artifact, type SignedArtifact } from './artifact.ts';
import { bundleDocument, type ChainInBundle } from './bundle-document.ts';
import { selfCheck } from './self-check.ts';
import { signingError } from './errors.ts';
import type { BundleSigner, SignerSource, SigningCertificate } from './signer/contract.ts';
import type { Testimony, WitnessContext } from './witness/contract.ts';
import { checkPlan, gather, type WitnessPlan } from './witness/gather.ts';

export interface SigningSessionOptions {
  /** `keySource`, `certificateSource` or `keylessSource`. */
  readonly source: SignerSource;
  /** Left out, nobody is told: no log, no timestamp, no request at all. */
  readonly witnesses?: WitnessPlan & WitnessContext;
  /** `leaf` (what bundles of version 0.3 are meant to hold) unless told. */
  readonly chain?: ChainInBundle;
  /** Largest bundle; LIMITS.bundleBytes unless told. */
  readonly maxBundleBytes?: number;
}

/** A bundle and what was used to make it. */
export interface SignedBundle {
  /** JSON, UTF-8, a Sigstore bundle of version 0.3. */
  readonly bytes: Uint8Array;
  /** Fingerprint of the key. */
  readonly key: string;
  readonly certificate?: SigningCertificate;
  readonly testimonies: readonly Testimony[];
}

/** Signs several artefacts in one run. */
export interface SigningSession {
  /**
   * Signs one artefact. May be called concurrently: all calls share one identity, key and certificate while it is valid.
   * @throws AppError SIGNING_*, SERVICE_*, IDENTITY_*, STATEMENT_MALFORMED, those of the signer and of the client (NET_*)
   */
  sign(artifact: Artifact): Promise<SignedBundle>;
}

/** Room for certificate, log entries and timestamps, when it is judged whether a bundle will fit. */
const MATERIAL_BYTES = 16 * 1024;

/**
 * Opens a session. Before anything is sent for an artefact, its size and the fitness of key and services are checked; before a bundle is returned, it is
 * read again and its signature checked. That logs and authorities are trusted is not checked here: verify the bundle with a trusted root.
 */
export function openSigningSession(options: SigningSessionOptions): SigningSession {
  return { sign: (artifact) => signArtifact(artifact, options) };
}

async function signArtifact(artifact: Artifact, options: SigningSessionOptions): Promise<SignedBundle> {
  const maxBytes = options.maxBundleBytes ?? LIMITS.bundleBytes;
  if (artifact.kind === 'statement') {
    parseStatement(artifact.payload);
    const material = options.witnesses === undefined ? 0 : MATERIAL_BYTES;
    requireFits(Math.ceil(artifact.payload.byteLength / 3) * 4 + material, maxBytes);
  }
  const signer = await options.source.acquire();
  const { witnesses } = options;
  if (witnesses !== undefined) {
    const shortLived = signer.certificate?.issuer !== undefined;
    checkPlan(witnesses, { artifact, publicKey: signer.key.publicKey, shortLived });
  }
  const { signed, testimonies } = await againIfLogged(signer, () =>
    signAndTestify(artifact, signer, async (made) =>
      witnesses === undefined ? [] : gather(witnesses, made, witnesses),
    ),
  );
  const document = bundleDocument(signed, {
    testimonies,
    chain: options.chain ?? 'leaf',
    ...(signer.certificate === undefined ? {} : { certificate: signer.certificate }),
  });
  const bytes = Buffer.from(JSON.stringify(document));
  requireFits(bytes.byteLength, maxBytes);
  selfCheck(bytes, signed, {
    testimonies,
    maxBytes,
    ...(signer.certificate === undefined ? {} : { certificate: signer.certificate }),
  });
  return {
    bytes,
    key: signer.key.publicKey.fingerprint,
    testimonies,
    ...(signer.certificate === undefined ? {} : { certificate: signer.certificate }),
  };
}

/** An answer that was lost leaves an entry behind that the log does not give out; another signature, which differs for ECDSA, is another entry. */
async function againIfLogged(signer: BundleSigner, sign: () => Promise<Testified>): Promise<Testified> {
  try {
    return await sign();
  } catch (error) {
    const differs = signer.key.publicKey.algorithm.startsWith('ecdsa');
    if (!isAppError(error) || error.code !== 'SERVICE_ENTRY_EXISTS' || !differs) throw error;
    return sign();
  }
}

interface Testified {
  readonly signed: SignedArtifact;
  readonly testimonies: readonly Testimony[];
}

/** The library encodes, calls the signer, then the witnesses; what goes over the wire and into the bundle is ours. */
async function signAndTestify(
  artifact: Artifact,
  signer: BundleSigner,
  testify: (signed: SignedArtifact) => Promise<readonly Testimony[]>,
): Promise<Testified> {
  const { DSSEBundleBuilder, MessageSignatureBundleBuilder } = await import('@sigstore/sign');
  const { publicKey } = signer.key;
  let result: Testified | undefined;
  const parts = {
    signer: {
      sign: async (data: Buffer) => ({
        signature: Buffer.from(await signer.key.sign(data)),
        key: { $case: 'publicKey' as const, publicKey: publicKey.pem, hint: publicKey.hint },
      }),
    },
    witnesses: [
      {
        testify: async (content: SignatureContent) => {
          const signed = signedArtifact(artifact, signer, signatureIn(content));
          result = { signed, testimonies: await testify(signed) };
          return {};
        },
      },
    ],
  };
  const data = asBuffer(artifact.kind === 'statement' ? artifact.payload : artifact.bytes);
  if (artifact.kind === 'statement') await new DSSEBundleBuilder(parts).create({ data, type: IN_TOTO_PAYLOAD_TYPE });
  else await new MessageSignatureBundleBuilder(parts).create({ data });
  if (result === undefined) throw signingError('SIGNING_SELF_CHECK_FAILED', 'nothing was signed');
  return result;
}

type SignatureContent =
  | {
      readonly $case: 'dsseEnvelope';
      readonly dsseEnvelope: { readonly signatures: readonly { readonly sig: Uint8Array }[] };
    }
  | { readonly $case: 'messageSignature'; readonly messageSignature: { readonly signature: Uint8Array } };

function signatureIn(content: SignatureContent): Uint8Array {
  return content.$case === 'dsseEnvelope'
    ? (content.dsseEnvelope.signatures[0]?.sig ?? new Uint8Array())
    : content.messageSignature.signature;
}

function signedArtifact(artifact: Artifact, { key, certificate }: BundleSigner, signature: Uint8Array): SignedArtifact {
  const signedBytes = bytesToSign(artifact);
  return {
    artifact,
    signedBytes,
    signature,
    ...digestFor(key.publicKey, signedBytes),
    publicKey: key.publicKey,
    ...(certificate === undefined ? {} : { certificate: certificate.leaf.raw }),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function requireFits(sizeBytes: number, maxBytes: number): void {
  if (sizeBytes <= maxBytes) return;
  throw signingError(
    'SIGNING_TOO_LARGE',
    `the bundle would be ${sizeBytes} bytes, more than the ${maxBytes} that verifiers read`,
    {
      hint: 'attest a smaller document, or one that refers to the large one by digest',
    },
  );
}
