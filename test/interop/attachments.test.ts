import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  cleanImage,
  copyImageWithAttachments,
  showTree,
  signImage,
  verifyImage,
  type CopyImageResult,
  type VerifyImageOptions,
} from '../../src/app/index.ts';
import { findLegacy } from '../../src/attestation/index.ts';
import { TemporaryDirectory, type Runtime } from '../../src/core/index.ts';
import { encryptPrivateKey, generateKeyPair } from '../../src/keys/index.ts';
import { makeIndex } from '../support/attached-world.ts';
import {
  missingPeers,
  runPeer,
  startPeerRegistry,
  type PeerRegistry,
  type PeerRun,
  type RegistryKind,
} from '../support/peers.ts';
import { calm, openQuietly, quietRuntime } from '../support/registry/opening.ts';

const PASSWORD = 'correct horse';
const skip = missingPeers('cosign', 'crane', 'registry', 'registry-referrers');
const runtime: Runtime = { ...quietRuntime(), randomBytes };

let folder: TemporaryDirectory;
let digest: string;
const path = (name: string): string => join(folder.path, name);
const peer = (name: string, args: readonly string[], env: Record<string, string> = {}): PeerRun =>
  runPeer(name, args, { cwd: folder.path, env: { COSIGN_PASSWORD: PASSWORD, ...env } });
const done = (run: PeerRun): PeerRun => {
  assert.equal(run.status, 0, run.output);
  return run;
};
const TRUST = ['--key', 'ours.pub', '--insecure-ignore-tlog=true', '--private-infrastructure=true'];
const LEGACY = [
  '--new-bundle-format=false',
  '--use-signing-config=false',
  '--tlog-upload=false',
  '--yes',
  '--key',
  'ours.key',
];

const copy = (from: string, to: string): Promise<CopyImageResult> =>
  copyImageWithAttachments({ from, to, access: {}, referrers: true, legacy: true, nondistributable: false }, runtime);

before(async () => {
  folder = await TemporaryDirectory.create('waybill-attachments-');
  const pair = await generateKeyPair('ecdsa-p256', randomBytes);
  writeFileSync(path('ours.key'), await encryptPrivateKey(pair.privateKey, PASSWORD, randomBytes), { mode: 0o600 });
  writeFileSync(path('ours.pub'), pair.publicKey.pem);
  digest = (await makeIndex(path('source'))).index.digest;
  if (skip === false) done(peer('cosign', ['signing-config', 'create', '--out', 'signing-config.json']));
});
after(() => folder[Symbol.asyncDispose]());

for (const kind of ['no-referrers', 'referrers', 'referrers-cuelabs'] as const satisfies readonly RegistryKind[]) {
  describe(`attachments with cosign and crane in a registry of kind ${kind}`, { skip }, () => {
    let registry: PeerRegistry;
    let image: string;
    before(async () => {
      registry = await startPeerRegistry(kind);
      image = `${registry.host}/app@${digest}`;
      await copy(`oci:${path('source')}:v1`, `${registry.host}/app:v1`);
      writeFileSync(path('predicate.json'), '{"bomFormat":"CycloneDX","specVersion":"1.6","version":1}');
      const predicate = ['--type', 'cyclonedx', '--predicate', 'predicate.json'];
      done(peer('cosign', ['sign', ...LEGACY, image]));
      done(peer('cosign', ['attest', ...LEGACY, ...predicate, image]));
      done(peer('cosign', ['sign', '--key', 'ours.key', '--signing-config', 'signing-config.json', '--yes', image]));
    });
    after(() => registry[Symbol.asyncDispose]());

    it('what cosign attached, old and new, is there after a copy to a layout and on to another repository', async () => {
      const layout = `oci:${path(`layout-${kind}`)}`;
      assert.equal((await copy(`${registry.host}/app:v1`, layout)).attached.length, 3);
      const on = await copy(layout, `${registry.host}/copied:v2`);
      assert.deepEqual([on.digest, on.attached.length, on.notCopied], [digest, 3, []]);
      const copied = `${registry.host}/copied@${digest}`;
      assert.equal(done(peer('crane', ['digest', `${registry.host}/copied:v2`])).stdout.trim(), digest);
      done(peer('cosign', ['verify', ...TRUST, copied]));
      done(peer('cosign', ['verify', '--new-bundle-format=false', ...TRUST, copied]));
      done(
        peer('cosign', ['verify-attestation', '--new-bundle-format=false', '--type', 'cyclonedx', ...TRUST, copied]),
      );
    });

    it('verify judges the older layout when it is asked for, and only then', async () => {
      const verify = (more: Partial<VerifyImageOptions>) =>
        verifyImage(
          {
            image,
            access: { insecureRegistries: [registry.host] },
            signers: {
              keyFiles: [path('ours.pub')],
              identities: [],
              trustedRootFiles: [],
              tuf: {},
              offline: false,
              insecureIgnoreTlog: true,
              insecureIgnoreSct: false,
              thresholds: {},
            },
            ...more,
          },
          runtime,
        );
      const layouts = async (more: Partial<VerifyImageOptions>) =>
        (await verify(more)).accepted.map(({ legacy = false }) => legacy);
      assert.deepEqual(await layouts({}), [false]);
      assert.deepEqual(new Set(await layouts({ allowLegacy: true })), new Set([false, true]));
      assert.equal((await verify({ type: 'cyclonedx' })).code, 'UNSIGNED');
      assert.equal((await verify({ type: 'cyclonedx', allowLegacy: true })).code, 'VERIFIED');
    });

    it('blobs are taken over from another repository', async () => {
      const { blobs } = await copy(`${registry.host}/app:v1`, `${registry.host}/mounted:v1`);
      assert.equal(blobs.copied, 0);
    });

    it('the older layout is read as cosign wrote it', async () => {
      await using store = await openQuietly(registry.host, 'app');
      const subject = await store.readManifest('v1', calm);
      const { candidates, unreadable } = await findLegacy(store, subject.digest, { signal: calm });
      assert.deepEqual(
        candidates.map((item) => item.kind),
        ['signature', 'attestation'],
      );
      assert.deepEqual(unreadable, []);
      const document = JSON.parse(Buffer.from(candidates[0]?.payload ?? []).toString()) as {
        critical: { image: Record<string, string> };
      };
      assert.equal(document.critical.image['docker-manifest-digest'], digest);
      assert.ok((candidates[0]?.signature?.byteLength ?? 0) > 60);
    });

    it('COSIGN_REPOSITORY: either finds what the other put there', async () => {
      const elsewhere = `${registry.host}/signatures`;
      const env = { COSIGN_REPOSITORY: elsewhere };
      await copyImageWithAttachments(
        {
          from: `oci:${path('source')}:v1`,
          to: `${registry.host}/apart:v1`,
          access: {},
          referrers: false,
          legacy: false,
          nondistributable: false,
        },
        runtime,
      );
      const apart = `${registry.host}/apart@${digest}`;
      const access = { attachmentRepository: elsewhere };
      await signImage(
        { image: apart, access, keyFile: path('ours.key'), password: () => Promise.resolve(PASSWORD) },
        runtime,
      );
      done(peer('cosign', ['verify', ...TRUST, apart], env));
      assert.notEqual(peer('cosign', ['verify', ...TRUST, apart]).status, 0);
      done(
        peer('cosign', ['sign', '--key', 'ours.key', '--signing-config', 'signing-config.json', '--yes', apart], env),
      );
      const tree = await showTree({ image: apart, access }, runtime);
      assert.equal(tree.root.referrers.length, 2);
    });

    it('clean leaves the image and nothing that cosign could verify', async () => {
      const cleaned = await cleanImage(
        { image, access: {}, type: 'all', dryRun: false, confirm: () => Promise.resolve(true) },
        runtime,
      );
      assert.equal(cleaned.items.length, 3);
      assert.notEqual(peer('cosign', ['verify', ...TRUST, image]).status, 0);
      assert.notEqual(peer('cosign', ['verify', '--new-bundle-format=false', ...TRUST, image]).status, 0);
      assert.equal(done(peer('crane', ['digest', `${registry.host}/app:v1`])).stdout.trim(), digest);
      const tags = done(peer('crane', ['ls', `${registry.host}/app`]))
        .stdout.trim()
        .split('\n');
      assert.deepEqual(
        tags.filter((tag) => /\.(?:sig|att)$/.test(tag)),
        [],
      );
      assert.deepEqual((await showTree({ image, access: {} }, runtime)).root.referrers, []);
    });
  });
}
