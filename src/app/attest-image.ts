import { attestStatement, resolvePredicateType } from '../attestation/index.ts';
import { readInputFile, type Runtime } from '../core/index.ts';
import type { Descriptor, ReferrerStore } from '../image/index.ts';
import type { KeySigner } from '../keys/index.ts';
import { signBundle } from '../signing/index.ts';
import { MAX_PREDICATE_BYTES } from './bundle-size.ts';
import { openImageStore, requireWritableReferrers, type ImageAccess } from './open-image-store.ts';
import { readSigner, type KeyAccess } from './read-keys.ts';
import { resolveTarget } from './resolve-target.ts';
import { attach, type AttachedBundle } from './sign-image.ts';

export interface AttestImageOptions extends KeyAccess {
  readonly image: string;
  readonly access: ImageAccess;
  /** Short name or URI. */
  readonly type: string;
  readonly predicateFile: string;
}

export interface AttestImageResult extends AttachedBundle {
  readonly image: string;
  readonly kind: 'image' | 'index';
  readonly signer: string;
}

/** Signs a statement that holds the predicate's bytes unchanged and attaches it to what the reference leads to. */
export async function attestImage(options: AttestImageOptions, runtime: Runtime): Promise<AttestImageResult> {
  const { uri } = resolvePredicateType(options.type);
  const predicateJson = await readInputFile(options.predicateFile, MAX_PREDICATE_BYTES);
  const signer = await readSigner(options);
  await using opened = await openImageStore(options.image, options.access, runtime);
  const store = requireWritableReferrers(opened);
  const target = await resolveTarget(opened, options.access, runtime);
  const attached = await attachAttestation(
    {
      store,
      subject: target.descriptor,
      signer,
      predicateType: uri,
      predicateJson,
      ...(opened.repository === undefined ? {} : { subjectName: opened.repository }),
    },
    runtime,
  );
  return { image: options.image, kind: target.kind, signer: signer.publicKey.fingerprint, ...attached };
}

export interface AttachAttestationOptions {
  readonly store: ReferrerStore;
  readonly subject: Descriptor;
  readonly signer: KeySigner;
  /** URI. */
  readonly predicateType: string;
  readonly predicateJson: Uint8Array;
  readonly subjectName?: string;
}

/** Signs one attestation and attaches the bundle. */
export async function attachAttestation(options: AttachAttestationOptions, runtime: Runtime): Promise<AttachedBundle> {
  const { store, subject, signer, predicateType, predicateJson, subjectName } = options;
  const payload = attestStatement({
    predicateType,
    predicateJson,
    subject: subject.digest,
    ...(subjectName === undefined ? {} : { subjectName }),
  });
  return attach({ store, subject, bundle: await signBundle({ payload, signer }), predicateType }, runtime);
}
