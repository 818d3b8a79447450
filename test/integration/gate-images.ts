import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attachBundle, findBundles } from '../../src/attestation/index.ts';
import { loadImage, openOciLayout, type Image, type LayerEntry, type OciLayoutStore } from '../../src/image/index.ts';
import { LINUX_AMD64, makeImage } from '../support/images.ts';
import type { DebianImages } from './debian-images.ts';
import { mustPass, waybillIn, type CommandResult } from './run-command.ts';

const CYCLONEDX = 'https://cyclonedx.org/bom';

/** Keys, locked bases, a policy, and a layout to put images in, all in one folder. */
export interface GateImages {
  readonly folder: string;
  readonly policy: string;
  /** Layout `shop`: the application under the tag `app`, released. */
  readonly shop: OciLayoutStore;
  readonly app: Image;
  readonly waybill: (args: readonly string[]) => Promise<CommandResult>;
  reference(tag: string): string;
  /** Puts a layer on the application, or on another image, under a tag of its own. */
  stack(tag: string, layer: readonly LayerEntry[], options?: StackOptions): Promise<Image>;
  sign(tag: string, key: string): Promise<void>;
  release(tag: string, key?: string): Promise<void>;
  /** Writes a policy beside the main one. */
  writePolicy(name: string, text: string): Promise<string>;
}

export interface StackOptions {
  readonly on?: { readonly image: Image; readonly store: OciLayoutStore };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface PolicyOptions {
  /** Registry hosts whose `shop/**` the rule speaks of, beside registry.example.com. */
  readonly hosts?: readonly string[];
  readonly exceptions?: string;
}

/** What a shop would ask for: signed, with an SBOM that is true, on an untouched base by the vendor. */
export function policyText({ hosts = [], exceptions = '' }: PolicyOptions = {}): string {
  const names = ['registry.example.com', ...hosts].map((host) => JSON.stringify(`${host}/shop/**`)).join(', ');
  return `
apiVersion: waybill.dev/v1
kind: Policy
name: production
identities:
  vendor: { key: keys/vendor.pub, requireTransparencyLog: false }
  release: { key: keys/release.pub, requireTransparencyLog: false }
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: debian, image: registry.example.com/base/debian, tags: ["12"], signedBy: [vendor] }
    - { name: debian-certs, image: registry.example.com/base/debian-certs, tags: ["12"], signedBy: [vendor] }
rules:
  - name: shop
    images: [${names}]
    signatures: { by: [release] }
    attestations: [{ type: cyclonedx, by: [release], rederive: true }]
    base: { allow: [debian], evidence: content, require: [authenticated], tamper: deny }
  - name: certs
    images: ["registry.example.com/certs/**"]
    base: { allow: [debian-certs], evidence: content, require: [authenticated], tamper: deny }
${exceptions}`;
}

/** The whole story up to the gate: keys made, bases signed and locked, the application released. */
export async function prepareGateImages(folder: string, images: DebianImages): Promise<GateImages> {
  const waybill = waybillIn(folder);
  const layout = join(folder, 'shop');
  for (const name of ['base', 'base-certs'])
    await cp(join(images.folder, name), join(folder, name), { recursive: true });
  await cp(join(images.folder, 'app'), layout, { recursive: true });
  await mkdir(join(folder, 'keys'));
  for (const name of ['vendor', 'release', 'stranger']) {
    await mustPass(waybill(['key', 'generate', '--output-key-prefix', join(folder, 'keys', name)]));
  }
  const policy = join(folder, 'policy.yaml');
  await writeFile(policy, policyText());
  const bases = { debian: `oci:${folder}/base:base`, 'debian-certs': `oci:${folder}/base-certs:base-certs` };
  for (const base of Object.values(bases))
    await mustPass(waybill(['sign', base, '--key', `${folder}/keys/vendor.key`]));
  const sources = Object.entries(bases).flatMap(([name, base]) => ['--source', `${name}:12=${base}`]);
  await mustPass(waybill(['base', 'lock', '--policy', policy, ...sources]));

  const shop = openOciLayout(layout);
  const app = await load(shop, 'app');
  const reference = (tag: string): string => `oci:${layout}:${tag}`;
  const world: GateImages = {
    folder,
    policy,
    shop,
    app,
    waybill,
    reference,
    stack: async (tag, layer, options = {}) => {
      const base = options.on ?? { image: app, store: shop };
      const made = await makeImage(layout, { layers: [layer], base, tag, annotations: options.annotations ?? {} });
      return made.image;
    },
    sign: async (tag, key) => {
      await mustPass(waybill(['sign', reference(tag), '--key', `${folder}/keys/${key}.key`]));
    },
    release: async (tag, key = 'release') => {
      await mustPass(waybill(['release', reference(tag), '--key', `${folder}/keys/${key}.key`]));
    },
    writePolicy: async (name, text) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    },
  };
  await world.release('app');
  return world;
}

export async function load(store: OciLayoutStore, tag: string): Promise<Image> {
  const { signal } = new AbortController();
  return loadImage(store, { reference: tag, hostPlatform: LINUX_AMD64, signal });
}

/** Attaches the attestations of one image to another, as they are. */
export async function borrowAttestations(store: OciLayoutStore, from: Image, to: Image): Promise<number> {
  const { signal } = new AbortController();
  const { bundles } = await findBundles(store, from.digest, { signal });
  const subject = {
    mediaType: to.manifest.mediaType,
    digest: to.digest,
    sizeBytes: to.manifest.bytes.byteLength,
  };
  let count = 0;
  for (const { bytes, claimedPredicateType } of bundles) {
    if (claimedPredicateType !== CYCLONEDX) continue;
    await attachBundle(store, subject, bytes, { predicateType: CYCLONEDX, created: new Date(0), signal });
    count += 1;
  }
  return count;
}
