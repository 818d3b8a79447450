import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attachBundle, attestStatement, SIGN_PREDICATE_TYPE, signStatement } from '../../src/attestation/index.ts';
import { createSboms, lockBases, writeCycloneDx } from '../../src/app/index.ts';
import type { Runtime } from '../../src/core/index.ts';
import {
  loadImage,
  openLocalStore,
  openOciLayout,
  parseImageReference,
  parseManifest,
  type Descriptor,
  type Image,
  type ImageStore,
} from '../../src/image/index.ts';
import type { TestRegistry } from '../support/registry/index.ts';
import { calm, openQuietly, OCI_MANIFEST } from '../support/registry/opening.ts';
import { LINUX_AMD64, makeImage, type MadeImage } from '../support/images.ts';
import { bytesOf, ISSUER, newWorld, SAN, signKeyless, type World } from '../verification/support/world.ts';
import { writeTrustedRoot } from './cosign.ts';

const CYCLONEDX = 'https://cyclonedx.org/bom';
/** Of a layer that is made. */
const MADE_FILES = 3000;

/** The layouts that a gate is measured on. */
export interface GateLayouts {
  /** `oci:` reference. */
  readonly base: string;
  /** `oci:` reference of an image whose bottom layers are the base. */
  readonly app: string;
}

/** Images in a registry, and what a gate needs to decide about them. */
export interface GateWorld {
  readonly policyFile: string;
  readonly rootFile: string;
  readonly sbomBytes: number;
  readonly layers: number;
  /** Images of the same layers, each with a configuration, a signature and an attested SBOM of its own. */
  readonly images: readonly string[];
}

export interface GateWorldOptions {
  readonly layouts: GateLayouts;
  readonly count: number;
  /** Folder for policy, lock and trusted root. */
  readonly folder: string;
  readonly runtime: Runtime;
}

/**
 * An application of 3,000 files and three npm packages in one layer on a base, as a layout below a folder.
 * @param base `oci:` reference; a base of 3,000 files is made unless given
 */
export async function makeGateLayouts(folder: string, base?: string): Promise<GateLayouts> {
  const layout = join(folder, 'made');
  const below = base === undefined ? await makeBase(layout) : await openBase(base);
  const packages = Object.fromEntries(
    ['one', 'two', 'three'].map((name) => [
      `srv/app/node_modules/${name}/package.json`,
      JSON.stringify({ name, version: '1.0.0', license: 'MIT' }),
    ]),
  );
  await makeImage(layout, { layers: [{ ...manyFiles('srv/app'), ...packages }], tag: 'app', base: below });
  return { base: base ?? `oci:${layout}:base`, app: `oci:${layout}:app` };
}

function makeBase(layout: string): Promise<MadeImage> {
  const os = { 'etc/os-release': 'ID=debian\nVERSION_ID="12"\n', 'bin/sh': 'a shell\n' };
  return makeImage(layout, { layers: [{ ...os, ...manyFiles('usr/share') }], tag: 'base' });
}

async function openBase(reference: string): Promise<Pick<MadeImage, 'image' | 'store'>> {
  const parsed = parseImageReference(reference);
  if (parsed.transport !== 'oci') throw new Error(`${reference} is no layout`);
  const store = openOciLayout(parsed.path);
  return {
    store,
    image: await loadImage(store, { reference: parsed.tag ?? '', hostPlatform: LINUX_AMD64, signal: calm }),
  };
}

function manyFiles(top: string): Readonly<Record<string, string>> {
  const paths = Array.from({ length: MADE_FILES }, (_, index) => `${top}/${index % 100}/file-${index}`);
  return Object.fromEntries(paths.map((path) => [path, `${path}\n`]));
}

/** Puts base and images into the registry, signs and attests them, locks the base and writes the usual policy: signatures, attestations, base. */
export async function prepareGateWorld(registry: TestRegistry, options: GateWorldOptions): Promise<GateWorld> {
  const { layouts, count, folder, runtime } = options;
  const world = newWorld();
  const rootFile = await writeTrustedRoot(folder, world);
  const policyFile = join(folder, 'policy.yaml');
  await writeFile(policyFile, policyText(registry.host));
  putVariant(registry, await putImage(registry, layouts.base, 'base'), '12');
  await lockBases({ policyFile, entries: [], sources: new Map(), access: {} }, runtime);
  const { platforms } = await createSboms({ image: layouts.app, access: {}, allowEmpty: true, strict: false }, runtime);
  const [sbom] = platforms;
  if (sbom === undefined) throw new Error('the image has no platform');
  const sbomBytes = await writeCycloneDx(sbom.document, { format: 'json', specVersion: '1.6' });
  const app = await putImage(registry, layouts.app, 'shop/app');
  const images: string[] = [];
  for (let number = 0; number < count; number += 1) {
    const subject = putVariant(registry, app, String(number));
    await attest(registry.host, app.repository, { world, subject, sbomBytes });
    images.push(`${registry.host}/${app.repository}@${subject.digest}`);
  }
  return { policyFile, rootFile, sbomBytes: sbomBytes.byteLength, layers: app.image.layers.length, images };
}

function policyText(host: string): string {
  return `apiVersion: waybill.dev/v1
kind: Policy
trust: { trustedRoot: root.json }
identities:
  ci: { issuer: "${ISSUER}", subject: "${SAN}" }
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: debian, image: "${host}/base", tags: ["12"] }
rules:
  - name: shop
    images: ["${host}/shop/**"]
    signatures: { by: [ci] }
    attestations:
      - { type: cyclonedx, by: [ci] }
    base: { allow: [debian], evidence: content, tamper: deny }
`;
}

/** An image whose layers are in a repository. */
interface PutImage {
  readonly repository: string;
  readonly image: Image;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Puts the layers of a layout's image into a repository, without a request. */
async function putImage(registry: TestRegistry, reference: string, repository: string): Promise<PutImage> {
  const parsed = parseImageReference(reference);
  if (parsed.transport === 'registry' || parsed.transport === 'docker-daemon')
    throw new Error(`${reference} is no file`);
  await using store = await openLocalStore(parsed, { signal: calm });
  const image = await loadImage(store, { reference: parsed.tag ?? '', hostPlatform: LINUX_AMD64, signal: calm });
  const { config } = parseManifest(image.manifest.bytes, image.manifest.mediaType);
  for (const { descriptor } of image.layers) registry.putBlob(repository, await readBytes(store, descriptor));
  return {
    repository,
    image,
    config: JSON.parse((await readBytes(store, config)).toString('utf8')) as PutImage['config'],
  };
}

async function readBytes(store: ImageStore, descriptor: Descriptor): Promise<Buffer> {
  const source = await store.openBlob(descriptor, calm);
  if (source.kind !== 'file') throw new Error('a blob of a layout is no file');
  const { path, offsetBytes, lengthBytes } = source.range;
  return (await readFile(path)).subarray(offsetBytes, offsetBytes + lengthBytes);
}

/** The image with a label of its own, so that its digest is another one. */
function putVariant(registry: TestRegistry, { repository, image, config }: PutImage, tag: string): Descriptor {
  const own = { ...(config['config'] as object | undefined), Labels: { 'example.com/number': tag } };
  const configBytes = Buffer.from(JSON.stringify({ ...config, config: own }));
  const manifest = JSON.parse(Buffer.from(image.manifest.bytes).toString('utf8')) as { readonly config: object };
  const digest = registry.putBlob(repository, configBytes);
  const document = { ...manifest, config: { ...manifest.config, digest, size: configBytes.byteLength } };
  const bytes = Buffer.from(JSON.stringify({ ...document, mediaType: OCI_MANIFEST }));
  return {
    mediaType: OCI_MANIFEST,
    digest: registry.putManifest(repository, bytes, { mediaType: OCI_MANIFEST, tag }),
    sizeBytes: bytes.byteLength,
  };
}

interface Attested {
  readonly world: World;
  readonly subject: Descriptor;
  readonly sbomBytes: Uint8Array;
}

/** A keyless signature and an SBOM attestation, each by a certificate of its own. */
async function attest(host: string, repository: string, { world, subject, sbomBytes }: Attested): Promise<void> {
  await using store = await openQuietly(host, repository);
  const sbom = attestStatement({ predicateType: CYCLONEDX, predicateJson: sbomBytes, subject: subject.digest });
  for (const [predicateType, payload] of [
    [SIGN_PREDICATE_TYPE, signStatement(subject.digest)],
    [CYCLONEDX, sbom],
  ] as const) {
    const bundle = bytesOf(signKeyless(world, { payload, tsas: [world.tsa] }));
    await attachBundle(store, subject, bundle, { predicateType, created: new Date(0), signal: calm });
  }
}
