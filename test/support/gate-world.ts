import { randomBytes } from 'node:crypto';
import { attestStatement, bundleManifest, signStatement } from '../../src/attestation/index.ts';
import { sha256Digest, type Digest } from '../../src/core/index.ts';
import {
  openEvidence,
  type ComparableSbom,
  type EvidenceDocument,
  type EvidenceError,
  type EvidenceImage,
  type EvidencePlatform,
  type EvidenceView,
} from '../../src/evidence/index.ts';
import { createKeySigner, generateKeyPair, type KeySigner } from '../../src/keys/index.ts';
import { assemblePolicy, parsePolicy, type LoadedPolicy } from '../../src/policy/index.ts';
import { appendLockRecords, EMPTY_LOCK, type BaseComparison } from '../../src/provenance/index.ts';
import { signBundle } from '../../src/signing/index.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** A fresh signer with real keys. */
export async function createSigner(): Promise<KeySigner> {
  const pair = await generateKeyPair('ecdsa-p256', (length) => randomBytes(length));
  return createKeySigner(pair.privateKey);
}

/** A digest that nothing has, told apart by a word. */
export function fakeDigest(word: string): Digest {
  return sha256Digest(`fake ${word}`);
}

export interface BuiltImage {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly config: Digest;
  readonly configBytes: Uint8Array;
  readonly diffIds: readonly Digest[];
  readonly architecture: string;
}

export interface ImageSpec {
  readonly diffIds: readonly Digest[];
  readonly architecture?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly user?: string;
  /** Further members of the configuration's `config`, as they are written: `{ Env: ['A=1'] }`. */
  readonly run?: Readonly<Record<string, unknown>>;
  readonly history?: readonly Readonly<Record<string, unknown>>[];
  readonly created?: string;
  readonly configMediaType?: string;
  /** Of every layer, stored; 10 unless given. */
  readonly layerBytes?: number;
}

/** A platform manifest and its config, as bytes with digests. */
export function buildImage(spec: ImageSpec): BuiltImage {
  const { architecture = 'amd64' } = spec;
  const configBytes = json({
    os: 'linux',
    architecture,
    ...(spec.created === undefined ? {} : { created: spec.created }),
    config: { Labels: spec.labels ?? {}, User: spec.user ?? '', ...spec.run },
    rootfs: { type: 'layers', diff_ids: spec.diffIds },
    history: spec.history ?? [],
  });
  const config = sha256Digest(configBytes);
  const bytes = json({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: {
      mediaType: spec.configMediaType ?? 'application/vnd.oci.image.config.v1+json',
      digest: config,
      size: configBytes.byteLength,
    },
    layers: spec.diffIds.map((diffId) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: sha256Digest(`compressed ${diffId}`),
      size: spec.layerBytes ?? 10,
    })),
    ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
  });
  return { digest: sha256Digest(bytes), bytes, config, configBytes, diffIds: spec.diffIds, architecture };
}

export interface BuiltIndex {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export interface IndexEntry {
  readonly image: { readonly digest: Digest; readonly bytes: Uint8Array };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly architecture?: string;
  readonly mediaType?: string;
}

export function buildIndex(entries: readonly IndexEntry[], annotations?: Readonly<Record<string, string>>): BuiltIndex {
  const bytes = json({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: entries.map(({ image, architecture, mediaType = MANIFEST, annotations: own }) => ({
      mediaType,
      digest: image.digest,
      size: image.bytes.byteLength,
      ...(own === undefined ? {} : { annotations: own }),
      ...(architecture === undefined
        ? {}
        : { platform: { os: architecture === 'unknown' ? 'unknown' : 'linux', architecture } }),
    })),
    ...(annotations === undefined ? {} : { annotations }),
  });
  return { digest: sha256Digest(bytes), bytes };
}

/** A bundle attached to a subject. */
export interface Attached {
  readonly at: Digest;
  readonly bundle: Uint8Array;
}

export async function signature(
  signer: KeySigner,
  subject: Digest,
  options: { readonly at?: Digest; readonly annotations?: Readonly<Record<string, string>> } = {},
): Promise<Attached> {
  const bundle = await signBundle({ payload: signStatement(subject, options.annotations), signer });
  return { at: options.at ?? subject, bundle };
}

export async function attestation(
  signer: KeySigner,
  subject: Digest,
  options: { readonly type: string; readonly predicate: unknown; readonly at?: Digest },
): Promise<Attached> {
  const payload = attestStatement({ predicateType: options.type, predicateJson: json(options.predicate), subject });
  return { at: options.at ?? subject, bundle: await signBundle({ payload, signer }) };
}

/** An attestation manifest as BuildKit puts it into an index. */
export interface BuiltAttestation {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly subject: Digest;
  readonly config: Uint8Array;
  readonly statements: readonly Uint8Array[];
}

/** BuildKit's attestation manifest for a platform: each statement is a layer, its predicate type an annotation of that. */
export function buildKitAttestation(
  subject: Digest,
  predicates: readonly { readonly type: string; readonly predicate: unknown; readonly about?: Digest }[],
): BuiltAttestation {
  const statements = predicates.map(({ type, predicate, about = subject }) =>
    attestStatement({ predicateType: type, predicateJson: json(predicate), subject: about }),
  );
  const config = json({
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: statements.map((statement) => sha256Digest(statement)) },
  });
  const bytes = json({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256Digest(config),
      size: config.byteLength,
    },
    layers: statements.map((statement, index) => ({
      mediaType: 'application/vnd.in-toto+json',
      digest: sha256Digest(statement),
      size: statement.byteLength,
      annotations: { 'in-toto.io/predicate-type': predicates[index]!.type },
    })),
  });
  return { digest: sha256Digest(bytes), bytes, subject, config, statements };
}

/** Its entry in the index. */
export function attestationEntry(attestation: BuiltAttestation): IndexEntry {
  return {
    image: attestation,
    architecture: 'unknown',
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': attestation.subject,
    },
  };
}

export interface PlatformFacts {
  readonly layersVerified?: boolean;
  readonly scan?: ComparableSbom | null;
  /** Nothing unless told. */
  readonly unread?: NonNullable<EvidencePlatform['unread']>;
  readonly comparisons?: readonly BaseComparison[];
  /** Whatever else was collected of each platform. */
  readonly more?: Pick<EvidencePlatform, 'containments' | 'traces' | 'files' | 'system'>;
}

export interface ImageFacts {
  readonly reference?: string;
  readonly name?: string | null;
  readonly tag?: string | null;
  readonly requestedDigest?: Digest | null;
  readonly tagDigest?: Digest | null;
  readonly index?: BuiltIndex;
  readonly images: readonly BuiltImage[];
  readonly attached?: readonly Attached[];
  /** BuildKit's attestations that were collected; undefined: none were asked for. */
  readonly build?: readonly BuiltAttestation[];
  readonly errors?: readonly EvidenceError[];
  readonly unreadable?: EvidenceImage['subjects'][number]['unreadable'];
  readonly facts?: PlatformFacts;
  /** Subjects whose listing broke off. */
  readonly unlisted?: readonly Digest[];
}

/** An evidence document as collecting would have written it. */
export function evidenceDocument(facts: ImageFacts, collectedAt = '2026-11-24T12:00:00.000Z'): EvidenceDocument {
  const blobs = new Map<Digest, Uint8Array>();
  const root = facts.index ?? facts.images[0];
  if (root !== undefined) blobs.set(root.digest, root.bytes);
  for (const image of facts.images) {
    blobs.set(image.digest, image.bytes);
    blobs.set(image.config, image.configBytes);
  }
  const digests = [
    ...new Set([...(root === undefined ? [] : [root.digest]), ...facts.images.map((image) => image.digest)]),
  ];
  const subjects = digests
    .filter((digest) => !facts.unlisted?.includes(digest))
    .map((digest) => ({
      digest,
      bundles: (facts.attached ?? []).filter((item) => item.at === digest).map((item) => keepBundle(blobs, item)),
      unreadable: digest === root?.digest ? (facts.unreadable ?? []) : [],
    }));
  for (const { digest, bytes, statements } of facts.build ?? []) {
    blobs.set(digest, bytes);
    for (const statement of statements) blobs.set(sha256Digest(statement), statement);
  }
  const { name = 'registry.example.com/shop/web', tag = 'v1' } = facts;
  return {
    apiVersion: 'waybill.dev/v1',
    kind: 'Evidence',
    tool: { name: 'waybill', version: '0.0.0' },
    collectedAt,
    images: [
      {
        reference: facts.reference ?? `${name ?? 'oci:out'}:${tag ?? 'v1'}`,
        name,
        requested: { tag, digest: facts.requestedDigest ?? null },
        digest: root?.digest ?? null,
        tagDigest: facts.tagDigest ?? null,
        subjects,
        ...(facts.build === undefined
          ? {}
          : {
              buildAttestations: facts.build.map(({ subject, digest, statements }) => ({
                subject,
                manifest: digest,
                statements: statements.map((statement) => sha256Digest(statement)),
              })),
            }),
        platforms: facts.images.map((image) => ({
          manifest: image.digest,
          layersVerified: facts.facts?.layersVerified ?? true,
          scan: facts.facts?.scan ?? null,
          ...(facts.facts?.scan ? { unread: facts.facts.unread ?? { count: 0, items: [] } } : {}),
          comparisons: facts.facts?.comparisons ?? [],
          ...facts.facts?.more,
        })),
        errors: facts.errors ?? [],
      },
    ],
    blobs: Object.fromEntries([...blobs].map(([digest, bytes]) => [digest, Buffer.from(bytes).toString('base64')])),
  };
}

function keepBundle(
  blobs: Map<Digest, Uint8Array>,
  item: Attached,
): { readonly manifest: Digest; readonly bundle: Digest } {
  const { manifest, digest: bundleDigest } = bundleManifest({
    subject: { mediaType: MANIFEST, digest: item.at, sizeBytes: 1 },
    bundle: item.bundle,
    predicateType: 'https://example.com/any',
    created: new Date('2026-11-24T00:00:00Z'),
  });
  blobs.set(manifest.digest, manifest.bytes);
  blobs.set(bundleDigest, item.bundle);
  return { manifest: manifest.digest, bundle: bundleDigest };
}

export function evidenceView(facts: ImageFacts): EvidenceView {
  return openEvidence(evidenceDocument(facts));
}

/** A policy from YAML text and the files it names. */
export async function policyOf(
  yaml: string,
  files: Readonly<Record<string, Uint8Array | string>> = {},
): Promise<LoadedPolicy> {
  const bytes = Buffer.from(yaml);
  const parsed = await parsePolicy({ bytes, name: 'policy.yaml' });
  const given = Object.entries(files).map(([path, content]) => [path, Buffer.from(content)] as const);
  return assemblePolicy({ bytes, name: 'policy.yaml', files: new Map(given), ...parsed });
}

export interface LockSpec {
  readonly entry: string;
  readonly image: string;
  readonly tag: string | null;
  readonly observedAt: string;
  readonly images: readonly BuiltImage[];
  readonly index?: BuiltIndex;
  readonly bundles?: readonly Attached[];
  readonly trivialLayers?: readonly number[];
  /** Bytes of the file list that every platform has. */
  readonly fileList?: Uint8Array;
}

/** Lock bytes with a true chain. */
export function lockBytes(specs: readonly LockSpec[]): Uint8Array {
  const drafts = specs.map((spec) => {
    const root = spec.index ?? spec.images[0]!;
    const blobs: Record<string, string> = { [root.digest]: base64(root.bytes) };
    for (const image of spec.images) {
      blobs[image.digest] = base64(image.bytes);
      blobs[image.config] = base64(image.configBytes);
    }
    const bundles = (spec.bundles ?? []).map(({ at, bundle }) => {
      const digest = sha256Digest(bundle);
      blobs[digest] = base64(bundle);
      return { subject: at, digest };
    });
    const fileList = spec.fileList === undefined ? {} : { fileList: sha256Digest(spec.fileList) };
    if (spec.fileList !== undefined) blobs[sha256Digest(spec.fileList)] = base64(spec.fileList);
    const { entry, image, tag, observedAt } = spec;
    const platforms = spec.images.map((built) => ({
      platform: { os: 'linux', architecture: built.architecture },
      manifest: built.digest,
      config: built.config,
      diffIds: built.diffIds,
      trivialLayers: spec.trivialLayers ?? [],
      ...fileList,
    }));
    return {
      observedAt,
      entry,
      image,
      tag,
      digest: root.digest,
      mediaType: spec.index === undefined ? MANIFEST : INDEX,
      platforms,
      bundles,
      blobs,
    };
  });
  return Buffer.from(appendLockRecords(EMPTY_LOCK, drafts).lines);
}

/** Nothing changed above this many layers. */
export function noChanges(layerCount: number): BaseComparison {
  return { layerCount, changes: [], packages: [], accounts: [], lostDatabases: [] };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
