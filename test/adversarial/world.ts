import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attachBundle } from '../../src/attestation/index.ts';
import {
  checkGate,
  copyImageWithAttachments,
  lockBases,
  type CheckGateOptions,
  type Decision,
  type EvidenceDocument,
} from '../../src/app/index.ts';
import { sha256Digest, TemporaryDirectory, type Digest, type JsonValue, type Runtime } from '../../src/core/index.ts';
import { buildIndex, checkRawManifest, type Descriptor } from '../../src/image/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import {
  attestation,
  attestationEntry,
  buildKitAttestation,
  createSigner,
  signature,
  type Attached,
} from '../support/gate-world.ts';
import { makeImage, type MadeImage, type MakeImageOptions } from '../support/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const { signal } = new AbortController();

export const NAME = 'registry.example.com/shop/app';
export const NOW = new Date('2026-11-24T12:00:00Z');
export const ARM = { os: 'linux', architecture: 'arm64' } as const;

/** Parts of a policy that differ from case to case. */
export interface PolicyParts {
  /** Members of the rule, in YAML flow: `signatures: { by: [release] }`. */
  readonly rule: string;
  /** Further members of the entry `tiny`. */
  readonly entry?: string;
  readonly images?: string;
  /** Further lines at the end, and at the beginning. */
  readonly more?: string;
  readonly head?: string;
  readonly identities?: string;
}

/** A policy with one rule, `tiny:13` and scratch as bases, and `release` to trust. */
export function policyText(parts: PolicyParts): string {
  const { rule, entry = '', images = 'registry.example.com/shop/**', more = '', head = '', identities = '' } = parts;
  return `apiVersion: waybill.dev/v1
kind: Policy
${head}
identities:
  release: { key: ours.pub }
  stranger: { key: theirs.pub }
${identities}
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: tiny, image: registry.example.com/base/tiny, tags: ["13"]${entry} }
    - { name: other, image: registry.example.com/base/other, tags: ["1"] }
    - { name: none, kind: scratch, builtBy: [release] }
rules:
  - { name: shop, images: ["${images}"], ${rule} }
${more}
`;
}

/** Everything one case has: a folder with a layout, a policy, a lock, and two signers. */
export interface Stage {
  readonly runtime: Runtime;
  readonly ours: KeySigner;
  readonly theirs: KeySigner;
  file(name: string): string;
  write(name: string, content: string | Uint8Array): void;
  policy(parts: PolicyParts): void;
  /** Builds an image into the layout. */
  image(tag: string, options: Omit<MakeImageOptions, 'tag'>): Promise<MadeImage>;
  /** Tags a changed copy of an image's manifest, or of its configuration. */
  altered(made: MadeImage, tag: string, change: Alteration): Promise<Digest>;
  index(tag: string, images: readonly MadeImage[], more?: IndexParts): Promise<Digest>;
  /** Observes layout tags as tags of bases: `{ 'tiny:13': 'base' }`, which it is unless given. */
  lock(sources?: Readonly<Record<string, string>>, now?: Date): Promise<void>;
  attach(made: MadeImage, attached: Attached, at?: Digest): Promise<void>;
  sign(made: MadeImage, subject?: Digest, by?: KeySigner): Promise<void>;
  attest(made: MadeImage, type: string, predicate: unknown, by?: KeySigner): Promise<void>;
  /** The registry of this case; started when first asked for. */
  registry(): Promise<TestRegistry>;
  /** Copies a tag of the layout with all that is attached; returns its reference. */
  push(tag: string, name: string): Promise<string>;
  /** Decides about `oci:images:TAG` as `NAME`, or about what the options say. */
  check(tag: string, options?: Partial<CheckGateOptions>, now?: Date): Promise<Decision>;
  evidence(tag: string, options?: Partial<CheckGateOptions>): Promise<EvidenceDocument>;
}

export interface Alteration {
  readonly manifest?: (manifest: Record<string, JsonValue>) => void;
  readonly config?: (config: Record<string, JsonValue>) => void;
}

export interface IndexParts {
  readonly annotations?: Readonly<Record<string, string>>;
  /** BuildKit's provenance of these platforms, by type and predicate. */
  readonly provenance?: readonly { readonly about: Digest; readonly type: string; readonly predicate: unknown }[];
  /** Descriptors as they are written. */
  readonly extra?: readonly Descriptor[];
}

export interface AdversarialWorld extends AsyncDisposable {
  stage(): Promise<Stage & AsyncDisposable>;
}

/** Keys and a folder for all cases of a run. */
export async function openAdversarialWorld(): Promise<AdversarialWorld> {
  const folder = await TemporaryDirectory.create('waybill-adversarial-');
  const [ours, theirs] = [await createSigner(), await createSigner()];
  let count = 0;
  return {
    stage: async () => {
      const path = join(folder.path, `case${(count += 1)}`);
      mkdirSync(path);
      writeFileSync(join(path, 'ours.pub'), ours.publicKey.pem);
      writeFileSync(join(path, 'theirs.pub'), theirs.publicKey.pem);
      return openStage(path, { ours, theirs });
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

function runtimeAt(now: Date): Runtime {
  return {
    env: {},
    now: () => now,
    randomBytes: (length) => new Uint8Array(length).fill(7),
    signal,
    progress: () => undefined,
    cacheDir: undefined,
  };
}

interface Signers {
  readonly ours: KeySigner;
  readonly theirs: KeySigner;
}

function openStage(path: string, { ours, theirs }: Signers): Stage & AsyncDisposable {
  const file = (name: string): string => join(path, name);
  const runtime = runtimeAt(NOW);
  let registry: TestRegistry | undefined;
  const gate = async (tag: string, options: Partial<CheckGateOptions>, now: Date): ReturnType<typeof checkGate> => {
    const named = options.images === undefined && options.deployments === undefined;
    const images = named ? { images: [`oci:${file('images')}:${tag}`], as: NAME } : { images: [] };
    const given = { policyFile: file('policy.yaml'), access: {}, deadlineMs: 60_000, ...images, ...options };
    return checkGate(given, runtimeAt(now));
  };
  const stage: Stage = {
    runtime,
    ours,
    theirs,
    file,
    write: (name, content) => writeFileSync(file(name), content),
    policy: (parts) => writeFileSync(file('policy.yaml'), policyText(parts)),
    image: (tag, options) => makeImage(file('images'), { ...options, tag }),
    altered,
    index: writeIndex,
    lock: async (sources = { 'tiny:13': 'base' }, now = NOW) => {
      const references = Object.entries(sources).map(([key, tag]) => [key, `oci:${file('images')}:${tag}`] as const);
      const entries = [...new Set(Object.keys(sources).map((key) => key.slice(0, key.indexOf(':'))))];
      const options = { policyFile: file('policy.yaml'), entries, sources: new Map(references), access: {} };
      await lockBases(options, runtimeAt(now));
    },
    attach: (made, attached, at = attached.at) => attachTo(made, attached.bundle, at),
    sign: async (made, subject = made.digest, by = ours) => stage.attach(made, await signature(by, subject)),
    attest: async (made, type, predicate, by = ours) =>
      stage.attach(made, await attestation(by, made.digest, { type, predicate })),
    registry: async () => (registry ??= await startRegistry()),
    push: async (tag, name) => {
      const to = `${(await stage.registry()).host}/${name}`;
      const choices = { access: {}, referrers: true, legacy: false, nondistributable: false };
      await copyImageWithAttachments({ from: `oci:${file('images')}:${tag}`, to, ...choices }, runtime);
      return to;
    },
    check: async (tag, options = {}, now = NOW) => (await gate(tag, options, now)).decision,
    evidence: async (tag, options = {}) => (await gate(tag, options, NOW)).evidence,
  };
  return { ...stage, [Symbol.asyncDispose]: async () => registry?.[Symbol.asyncDispose]() };
}

async function attachTo({ store, image }: MadeImage, bundle: Uint8Array, at: Digest): Promise<void> {
  const raw = at === image.digest ? image.manifest : await store.readManifest(at, signal);
  const subject = { mediaType: raw.mediaType, digest: at, sizeBytes: raw.bytes.byteLength };
  await attachBundle(store, subject, bundle, { predicateType: 'https://example.com/any', created: NOW, signal });
}

async function altered(made: MadeImage, tag: string, { manifest, config }: Alteration): Promise<Digest> {
  const document = parse(made.image.manifest.bytes);
  if (config !== undefined) {
    const changed = parse(made.image.configBytes);
    config(changed);
    const bytes = Buffer.from(JSON.stringify(changed));
    await made.store.writeBlob(bytes, sha256Digest(bytes), signal);
    document['config'] = {
      ...(document['config'] as object),
      digest: sha256Digest(bytes),
      size: bytes.byteLength,
    };
  }
  manifest?.(document);
  const raw = checkRawManifest(Buffer.from(JSON.stringify(document)), {});
  await made.store.writeManifest(raw, { tag }, signal);
  return raw.digest;
}

function parse(bytes: Uint8Array): Record<string, JsonValue> {
  return JSON.parse(Buffer.from(bytes).toString()) as Record<string, JsonValue>;
}

async function writeIndex(tag: string, images: readonly MadeImage[], more: IndexParts = {}): Promise<Digest> {
  const [first] = images;
  if (first === undefined) throw new Error('an index of nothing');
  const { store } = first;
  const manifests: Descriptor[] = images.map(({ image: { manifest, platform } }) => ({
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    sizeBytes: manifest.bytes.byteLength,
    platform,
  }));
  for (const { about, type, predicate } of more.provenance ?? []) {
    const built = buildKitAttestation(about, [{ type, predicate }]);
    for (const statement of built.statements) await store.writeBlob(statement, sha256Digest(statement), signal);
    await store.writeManifest(checkRawManifest(built.bytes, {}), {}, signal);
    const { annotations = {} } = attestationEntry(built);
    const platform = { os: 'unknown', architecture: 'unknown' };
    const { digest, bytes } = built;
    manifests.push({ mediaType: OCI_MANIFEST, digest, sizeBytes: bytes.byteLength, platform, annotations });
  }
  const { annotations, extra = [] } = more;
  const named = annotations === undefined ? {} : { annotations };
  return (await buildIndex(store, { manifests: [...manifests, ...extra], ...named, tag, signal })).digest;
}
