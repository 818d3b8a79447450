import { attachBundle, SIGN_PREDICATE_TYPE, signStatement } from '../../src/attestation/index.ts';
import { sha256Digest, type Digest } from '../../src/core/index.ts';
import {
  buildIndex,
  loadImageOrIndex,
  type Descriptor,
  type OciLayoutStore,
  type RawManifest,
  type ReferrerStore,
} from '../../src/image/index.ts';
import { makeImage } from './images.ts';
import { calm, manifestOf, OCI_MANIFEST } from './registry/opening.ts';

export const NOTE_TYPE = 'application/vnd.example.note';

/** An index of two platforms in a new layout, tagged `v1`. */
export async function makeIndex(
  path: string,
): Promise<{ readonly store: OciLayoutStore; readonly index: RawManifest; readonly platforms: readonly Descriptor[] }> {
  const platforms: Descriptor[] = [];
  let store: OciLayoutStore | undefined;
  for (const architecture of ['amd64', 'arm64']) {
    const platform = { os: 'linux', architecture };
    const made = await makeImage(path, {
      layers: [{ a: architecture }, { b: 'shared' }],
      config: { platform },
      tag: architecture,
    });
    const { mediaType, digest, bytes } = made.image.manifest;
    store = made.store;
    platforms.push({ mediaType, digest, sizeBytes: bytes.byteLength, platform });
  }
  if (store === undefined) throw new Error('no platform');
  await buildIndex(store, { manifests: platforms, tag: 'v1', signal: calm });
  const loaded = await loadImageOrIndex(store, { reference: 'v1', signal: calm });
  if (loaded.kind !== 'index') throw new Error('no index');
  return { store, index: loaded.index.manifest, platforms };
}

export function descriptorOf({ mediaType, digest, bytes }: RawManifest): Descriptor {
  return { mediaType, digest, sizeBytes: bytes.byteLength };
}

/** Attaches something that is no bundle: a note of one blob. */
export async function attachNote(store: ReferrerStore, subject: Descriptor, note: string): Promise<Descriptor> {
  const blob = Buffer.from(note);
  await store.writeBlob(blob, sha256Digest(blob), calm);
  await store.writeBlob(Buffer.from('{}'), sha256Digest('{}'), calm);
  const manifest = manifestOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: NOTE_TYPE,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256Digest('{}'), size: 2 },
    layers: [{ mediaType: NOTE_TYPE, digest: sha256Digest(blob), size: blob.byteLength }],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.sizeBytes },
  });
  const descriptor = { ...descriptorOf(manifest), artifactType: NOTE_TYPE };
  await store.writeManifest(manifest, { referrer: { subject: subject.digest, descriptor } }, calm);
  return descriptor;
}

/** Attaches a bundle of the right shape whose signature is nobody's. */
export async function attachSignature(store: ReferrerStore, subject: Descriptor, number = 0): Promise<Descriptor> {
  const bundle = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: 'aGludA==' } },
    dsseEnvelope: {
      payload: Buffer.from(signStatement(subject.digest, { number: String(number) })).toString('base64'),
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ sig: 'c2lnbmF0dXJl' }],
    },
  };
  return attachBundle(store, subject, Buffer.from(JSON.stringify(bundle)), {
    predicateType: SIGN_PREDICATE_TYPE,
    created: new Date(0),
    signal: calm,
  });
}

/** Stores what cosign 1 and 2 would have: a manifest under a tag. */
export async function attachLegacy(store: ReferrerStore, subject: Digest, suffix: 'sig' | 'att'): Promise<Digest> {
  const payload = Buffer.from(
    suffix === 'sig' ? `{"critical":{"image":{"docker-manifest-digest":"${subject}"}}}` : '{"payload":"e30="}',
  );
  const config = Buffer.from('{"architecture":"","os":"","rootfs":{"type":"layers","diff_ids":[]},"config":{}}');
  await store.writeBlob(payload, sha256Digest(payload), calm);
  await store.writeBlob(config, sha256Digest(config), calm);
  const mediaType =
    suffix === 'sig' ? 'application/vnd.dev.cosign.simplesigning.v1+json' : 'application/vnd.dsse.envelope.v1+json';
  const manifest = manifestOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256Digest(config),
      size: config.byteLength,
    },
    layers: [
      {
        mediaType,
        digest: sha256Digest(payload),
        size: payload.byteLength,
        annotations: {
          'dev.cosignproject.cosign/signature': suffix === 'sig' ? 'c2lnbmF0dXJl' : '',
          'dev.sigstore.cosign/certificate': 'PEM',
        },
      },
    ],
  });
  await store.writeManifest(manifest, { tag: `${subject.replace(':', '-')}.${suffix}` }, calm);
  return manifest.digest;
}
