import { attachBundle, SIGN_PREDICATE_TYPE, signStatement } from '../attestation/index.ts';
import { sha256Digest, type Digest, type Runtime } from '../core/index.ts';
import type { Descriptor, ReferrerStore } from '../image/index.ts';
import type { KeySigner } from '../keys/index.ts';
import { signBundle } from '../signing/index.ts';
import { openImageStore, requireWritableReferrers, type ImageAccess } from './open-image-store.ts';
import { readSigner, type KeyAccess } from './read-keys.ts';
import { resolveTarget } from './resolve-target.ts';

export interface SignImageOptions extends KeyAccess {
  readonly image: string;
  readonly access: ImageAccess;
  /** Signed with the subject; `verify --annotation` asks for them. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A signature or attestation that is attached now. */
export interface AttachedBundle {
  readonly subject: Digest;
  readonly predicateType: string;
  readonly bundle: Digest;
  /** Digest of the referrer's manifest. */
  readonly referrer: Digest;
}

export interface SignImageResult extends AttachedBundle {
  readonly image: string;
  readonly kind: 'image' | 'index';
  /** Fingerprint of the key. */
  readonly signer: string;
}

/** Signs what the reference leads to (an index covers its platforms) and attaches the signature. */
export async function signImage(options: SignImageOptions, runtime: Runtime): Promise<SignImageResult> {
  const signer = await readSigner(options);
  await using opened = await openImageStore(options.image, options.access, runtime);
  const store = requireWritableReferrers(opened);
  const target = await resolveTarget(opened, options.access, runtime);
  const attached = await attachSignature(
    { store, subject: target.descriptor, signer, annotations: options.annotations ?? {} },
    runtime,
  );
  return { image: options.image, kind: target.kind, signer: signer.publicKey.fingerprint, ...attached };
}

export interface AttachSignatureOptions {
  readonly store: ReferrerStore;
  readonly subject: Descriptor;
  readonly signer: KeySigner;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Signs one manifest or index and attaches the bundle. */
export async function attachSignature(options: AttachSignatureOptions, runtime: Runtime): Promise<AttachedBundle> {
  const { store, subject, signer } = options;
  const bundle = await signBundle({ payload: signStatement(subject.digest, options.annotations), signer });
  return attach({ store, subject, bundle, predicateType: SIGN_PREDICATE_TYPE }, runtime);
}

/** Attaches a bundle that is ready. */
export async function attach(
  options: {
    readonly store: ReferrerStore;
    readonly subject: Descriptor;
    readonly bundle: Uint8Array;
    readonly predicateType: string;
  },
  runtime: Runtime,
): Promise<AttachedBundle> {
  const { store, subject, bundle, predicateType } = options;
  const referrer = await attachBundle(store, subject, bundle, {
    predicateType,
    created: runtime.now(),
    signal: runtime.signal,
  });
  return { subject: subject.digest, predicateType, bundle: sha256Digest(bundle), referrer: referrer.digest };
}
