import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  attachBundle,
  attestStatement,
  findBundles,
  resolvePredicateType,
  signStatement,
  SIGN_PREDICATE_TYPE,
} from '../../src/attestation/index.ts';
import { sha256Digest, TemporaryDirectory } from '../../src/core/index.ts';
import type { Descriptor } from '../../src/image/index.ts';
import {
  encryptPrivateKey,
  generateKeyPair,
  parsePublicKey,
  readPrivateKey,
  type KeyAlgorithm,
  type KeySigner,
} from '../../src/keys/index.ts';
import { openRegistry, type RegistryStore } from '../../src/registry/index.ts';
import { signBundle } from '../../src/signing/index.ts';
import { evaluateSignatures } from '../../src/verification/index.ts';
import { missingPeers, runPeer, startPeerRegistry, type PeerRegistry, type RegistryKind } from '../support/peers.ts';

const PASSWORD = 'correct horse';
const signal = new AbortController().signal;
const skip = missingPeers('cosign', 'registry', 'registry-referrers');

let folder: TemporaryDirectory;
const path = (name: string): string => join(folder.path, name);
const cosign = (...args: readonly string[]): { status: number | null; stdout: string; output: string } =>
  runPeer('cosign', args, { cwd: folder.path, env: { COSIGN_PASSWORD: PASSWORD } });

/** What cosign needs to sign without any service. */
const noServices = ['--signing-config', 'signing-config.json', '--yes'];
const ignoreLog = ['--insecure-ignore-tlog=true', '--private-infrastructure=true'];

before(async () => {
  folder = await TemporaryDirectory.create('waybill-cosign-');
});
after(async () => {
  await folder[Symbol.asyncDispose]();
});

async function ourKey(name: string, algorithm: KeyAlgorithm = 'ecdsa-p256'): Promise<KeySigner> {
  const pair = await generateKeyPair(algorithm, randomBytes);
  const pem = await encryptPrivateKey(pair.privateKey, PASSWORD, randomBytes);
  writeFileSync(path(`${name}.key`), pem, { mode: 0o600 });
  writeFileSync(path(`${name}.pub`), pair.publicKey.pem);
  return readPrivateKey(pem, { password: () => Promise.resolve(PASSWORD) });
}

describe('keys with cosign', { skip }, () => {
  it('reads the pair that cosign generates', async () => {
    assert.equal(cosign('generate-key-pair', '--output-key-prefix', 'theirs').status, 0);
    const signer = await readPrivateKey(readFileSync(path('theirs.key')), {
      password: () => Promise.resolve(PASSWORD),
    });
    assert.equal(signer.publicKey.fingerprint, parsePublicKey(readFileSync(path('theirs.pub'))).fingerprint);
  });

  for (const algorithm of ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa', 'ed25519'] as const) {
    it(`writes ${algorithm} keys that cosign reads`, async () => {
      const signer = await ourKey(algorithm, algorithm);
      const read = cosign('public-key', '--key', `${algorithm}.key`);
      assert.equal(read.status, 0, read.output);
      assert.equal(parsePublicKey(read.stdout).fingerprint, signer.publicKey.fingerprint);
    });
  }

  it('reads the keys that cosign imports', async () => {
    const { privateKey, publicKey } = await generateKeyPair('rsa', randomBytes);
    writeFileSync(path('plain.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const imported = cosign('import-key-pair', '--key', 'plain.pem', '--output-key-prefix', 'imported', '--yes');
    assert.equal(imported.status, 0, imported.output);
    const signer = await readPrivateKey(readFileSync(path('imported.key')), {
      password: () => Promise.resolve(PASSWORD),
    });
    assert.equal(signer.publicKey.fingerprint, publicKey.fingerprint);
  });
});

for (const kind of ['no-referrers', 'referrers', 'referrers-cuelabs'] as const satisfies readonly RegistryKind[]) {
  describe(`images with cosign in a registry of kind ${kind}`, { skip }, () => {
    let registry: PeerRegistry;
    let signer: KeySigner;
    before(async () => {
      registry = await startPeerRegistry(kind);
      signer = await ourKey('ours');
      assert.equal(cosign('signing-config', 'create', '--out', 'signing-config.json').status, 0);
    });
    after(async () => {
      await registry[Symbol.asyncDispose]();
    });

    it('cosign verifies our image signature and our attestation', async () => {
      const { store, subject, name } = await pushImage(registry.host, 'ours');
      await attach(store, subject, signStatement(subject.digest, { env: 'prod' }), SIGN_PREDICATE_TYPE);
      const predicateJson = Buffer.from('{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}');
      const predicateType = resolvePredicateType('cyclonedx').uri;
      const payload = attestStatement({
        predicateType,
        predicateJson,
        subject: subject.digest,
        subjectName: `${registry.host}/ours`,
      });
      await attach(store, subject, payload, predicateType);

      const signature = cosign('verify', '--key', 'ours.pub', ...ignoreLog, '-a', 'env=prod', name);
      assert.equal(signature.status, 0, signature.output);
      const attestation = cosign('verify-attestation', '--key', 'ours.pub', ...ignoreLog, '--type', 'cyclonedx', name);
      assert.equal(attestation.status, 0, attestation.output);
      assert.match(attestation.stdout, /application\/vnd\.in-toto\+json/);

      await ourKey('stranger');
      assert.notEqual(cosign('verify', '--key', 'stranger.pub', ...ignoreLog, name).status, 0);
      assert.notEqual(
        cosign('verify-attestation', '--key', 'ours.pub', ...ignoreLog, '--type', 'spdx', name).status,
        0,
      );
    });

    it("accepts cosign's image signature and attestation", async () => {
      const { store, subject, name } = await pushImage(registry.host, 'theirs');
      const sign = cosign('sign', '--key', 'ours.key', ...noServices, '-a', 'env=prod', name);
      assert.equal(sign.status, 0, sign.output);
      writeFileSync(path('bom.json'), '{"bomFormat":"CycloneDX","specVersion":"1.6","version":1}');
      const attest = cosign(
        'attest',
        '--key',
        'ours.key',
        ...noServices,
        '--type',
        'cyclonedx',
        '--predicate',
        'bom.json',
        name,
      );
      assert.equal(attest.status, 0, attest.output);

      const { bundles, unreadable } = await findBundles(store, subject.digest, { signal });
      assert.deepEqual([bundles.length, unreadable], [2, []]);
      const keys = [{ name: 'ours', key: signer.publicKey }];
      const common = { keys, subject: subject.digest, requireTransparencyLog: false };
      const signatures = await evaluateSignatures(bundles, {
        ...common,
        kind: 'signature',
        annotations: { env: 'prod' },
      });
      assert.equal(signatures.satisfied, true, JSON.stringify(signatures.rejected));
      const predicateType = resolvePredicateType('cyclonedx');
      const attestations = await evaluateSignatures(bundles, { ...common, kind: 'attestation', predicateType });
      assert.equal(attestations.satisfied, true, JSON.stringify(attestations.rejected));
      assert.equal(attestations.accepted[0]?.statement.type, 'https://in-toto.io/Statement/v0.1');

      const stranger = await ourKey('stranger');
      const byStranger = { ...common, keys: [{ key: stranger.publicKey }], kind: 'signature' } as const;
      const refused = await evaluateSignatures(bundles, byStranger);
      assert.deepEqual(
        [refused.satisfied, refused.rejected.map(({ code }) => code)],
        [false, ['UNTRUSTED_KEY', 'UNTRUSTED_KEY']],
      );
    });

    it('both sign the same image and both find all signatures', async () => {
      const { store, subject, name } = await pushImage(registry.host, 'both');
      await attach(store, subject, signStatement(subject.digest), SIGN_PREDICATE_TYPE);
      await ourKey('second');
      const sign = cosign('sign', '--key', 'second.key', ...noServices, name);
      assert.equal(sign.status, 0, sign.output);
      await attach(store, subject, signStatement(subject.digest, { again: 'yes' }), SIGN_PREDICATE_TYPE);
      for (const key of ['ours.pub', 'second.pub']) {
        const verified = cosign('verify', '--key', key, ...ignoreLog, name);
        assert.equal(verified.status, 0, verified.output);
      }
      const { bundles } = await findBundles(store, subject.digest, { signal });
      assert.equal(bundles.length, 3);
      const keys = ['ours', 'second'].map((key) => ({
        name: key,
        key: parsePublicKey(readFileSync(path(`${key}.pub`))),
      }));
      const both = {
        keys,
        subject: subject.digest,
        requireTransparencyLog: false,
        kind: 'signature',
        threshold: 2,
      } as const;
      assert.equal((await evaluateSignatures(bundles, both)).satisfied, true);
    });

    async function attach(
      store: RegistryStore,
      subject: Descriptor,
      payload: Uint8Array,
      predicateType: string,
    ): Promise<void> {
      const bundle = await signBundle({ payload, signer });
      await attachBundle(store, subject, bundle, { predicateType, created: new Date(0), signal });
    }
  });
}

describe('algorithms with cosign', { skip }, () => {
  let registry: PeerRegistry;
  before(async () => {
    registry = await startPeerRegistry('no-referrers');
    assert.equal(cosign('signing-config', 'create', '--out', 'signing-config.json').status, 0);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
  });

  // with Ed25519 keys cosign signs prehashed (Ed25519ph)
  for (const algorithm of ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa', 'ed25519'] as const) {
    it(`accepts what cosign signs with ${algorithm}`, async () => {
      const signer = await ourKey(algorithm, algorithm);
      const { store, subject, name } = await pushImage(registry.host, `theirs-${algorithm}`);
      const sign = cosign('sign', '--key', `${algorithm}.key`, ...noServices, name);
      assert.equal(sign.status, 0, sign.output);
      const { bundles } = await findBundles(store, subject.digest, { signal });
      const result = await evaluateSignatures(bundles, {
        keys: [{ key: signer.publicKey }],
        subject: subject.digest,
        requireTransparencyLog: false,
        kind: 'signature',
      });
      assert.equal(result.satisfied, true, JSON.stringify(result.rejected));
    });
  }

  // cosign 3.1 checks every envelope with SHA-256, so P-384 and P-521 with their own hashes are beyond it
  for (const algorithm of ['ecdsa-p256', 'rsa', 'ed25519'] as const) {
    it(`signs with ${algorithm} what cosign accepts`, async () => {
      const signer = await ourKey(algorithm, algorithm);
      const { store, subject, name } = await pushImage(registry.host, `ours-${algorithm}`);
      const bundle = await signBundle({ payload: signStatement(subject.digest), signer });
      await attachBundle(store, subject, bundle, { predicateType: SIGN_PREDICATE_TYPE, created: new Date(0), signal });
      const verified = cosign('verify', '--key', `${algorithm}.pub`, ...ignoreLog, name);
      assert.equal(verified.status, 0, verified.output);
    });
  }
});

/** Pushes an image of no layers and names it by digest. */
async function pushImage(
  host: string,
  repository: string,
): Promise<{ store: RegistryStore; subject: Descriptor; name: string }> {
  const runtime = { env: {}, now: () => new Date(), randomBytes, signal };
  const store = await openRegistry({ transport: 'registry', registry: host, repository, tag: 'latest' }, { runtime });
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  const configDigest = sha256Digest(config);
  await store.writeBlob(config, configDigest, signal);
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: configDigest, size: config.byteLength },
      layers: [],
    }),
  );
  const digest = sha256Digest(bytes);
  await store.writeManifest({ bytes, mediaType, digest }, {}, signal);
  return {
    store,
    subject: { mediaType, digest, sizeBytes: bytes.byteLength },
    name: `${host}/${repository}@${digest}`,
  };
}
