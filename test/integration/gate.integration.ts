import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openOciLayout, type LayerEntry } from '../../src/image/index.ts';
import { canonicalDecision, type Decision } from '../../src/policy/index.ts';
import { prepareDebianImages, type DebianImages } from './debian-images.ts';
import { assertAllowed, assertRefused, judge } from './decisions.ts';
import { borrowAttestations, load, policyText, prepareGateImages, type GateImages } from './gate-images.ts';

const prepared = await prepareDebianImages(['base', 'base-certs', 'app']);
const skip = 'skip' in prepared ? prepared.skip : false;
const images = prepared as DebianImages;

const AS = 'registry.example.com/shop/app';
const CERTIFICATE = `-----BEGIN CERTIFICATE-----\n${Buffer.from('not of any vendor').toString('base64')}\n-----END CERTIFICATE-----\n`;
const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';
const notes: readonly LayerEntry[] = [{ path: 'app/NOTES.txt', content: 'an ordinary file' }];

describe('the gate', { skip }, () => {
  let world: GateImages;

  before(async () => {
    world = await prepareGateImages(await mkdtemp(join(tmpdir(), 'waybill-gate-')), images);
  });

  after(() => rm(world.folder, { recursive: true, force: true }));

  const bundleWith = async (root: string): Promise<Buffer> =>
    Buffer.concat([await readFile(join(root, BUNDLE)), Buffer.from(CERTIFICATE)]);

  test('allows the released application on the locked base, with software from apt, pip, npm and go on it', async () => {
    const judged = await judge(world, world.reference('app'), { as: AS });
    assertAllowed(judged);
    const changed = judged.findings.flatMap(({ basis }) => basis.notes ?? []).join('\n');
    for (const usual of ['ld.so.cache', '/var/lib/dpkg', '/etc/alternatives', '/etc/passwd']) {
      assert.ok(!changed.includes(usual), changed);
    }
  });

  test('decides again from the evidence, byte for byte', async () => {
    const evidence = join(world.folder, 'evidence.json');
    await judge(world, world.reference('app'), { as: AS, flags: ['--evidence-out', evidence] });
    const decided = await readFile(join(world.folder, 'decision.json'), 'utf8');
    const replay = await world.waybill(['gate', 'replay', evidence, '--policy', world.policy, '--json']);
    assert.equal(replay.code, 0, replay.stderr);
    const replayed = JSON.parse(replay.stdout) as { replay: boolean; decision: Decision };
    assert.equal(replayed.replay, true);
    assert.equal(`${canonicalDecision(replayed.decision)}\n`, decided);
  });

  test('refuses an unsigned image', async () => {
    await world.stack('unsigned', notes);
    assertRefused(await judge(world, world.reference('unsigned'), { as: AS }), { code: 'UNSIGNED', exit: 1 });
  });

  test('refuses an image released with another key', async () => {
    await world.stack('stranger', [{ path: 'app/stranger.txt', content: 'hello' }]);
    await world.release('stranger', 'stranger');
    assertRefused(await judge(world, world.reference('stranger'), { as: AS }), { code: 'UNTRUSTED_SIGNER', exit: 1 });
  });

  test('refuses a signed image that carries the SBOM attestation of another', async () => {
    const image = await world.stack('borrowed', [{ path: 'app/borrowed.txt', content: 'hello' }]);
    await world.sign('borrowed', 'release');
    assert.equal(await borrowAttestations(world.shop, world.app, image), 1);
    const judged = await judge(world, world.reference('borrowed'), { as: AS });
    const { reason } = assertRefused(judged, { code: 'ATTESTATION_SUBJECT_MISMATCH', exit: 1 });
    assert.ok(reason.includes(image.digest), reason);
  });

  test('refuses an attested SBOM that is not what the image holds', async () => {
    await world.stack('untrue', [
      { path: 'app/node_modules/qs/package.json', content: '{"name":"qs","version":"6.99.0"}' },
    ]);
    await world.sign('untrue', 'release');
    const predicate = join(world.folder, 'app.cdx.json');
    const made = await world.waybill(['sbom', 'create', world.reference('app'), '-o', `cyclonedx-json=${predicate}`]);
    assert.equal(made.code, 0, made.stderr);
    const args = ['--type', 'cyclonedx', '--predicate', predicate, '--key', `${world.folder}/keys/release.key`];
    const attested = await world.waybill(['attest', world.reference('untrue'), ...args]);
    assert.equal(attested.code, 0, attested.stderr);
    const judged = await judge(world, world.reference('untrue'), { as: AS });
    const { basis } = assertRefused(judged, { code: 'REDERIVE_MISMATCH', exit: 1 });
    assert.ok(JSON.stringify(basis).includes('pkg:npm/qs@6.99.0'), JSON.stringify(basis));
  });

  test('refuses another base, whatever the image says its base is', async () => {
    const store = openOciLayout(join(world.folder, 'base-certs'));
    const annotations = {
      'org.opencontainers.image.base.name': 'registry.example.com/base/debian:12',
      'org.opencontainers.image.base.digest': (await load(openOciLayout(join(world.folder, 'base')), 'base')).digest,
    };
    await world.stack('liar', notes, { on: { image: await load(store, 'base-certs'), store }, annotations });
    await world.release('liar');
    const judged = await judge(world, world.reference('liar'), { as: AS });
    assertRefused(judged, { code: 'BASE_NOT_ALLOWED', exit: 1 });
    assertRefused(judged, { code: 'BASE_CLAIM_CONFLICT', exit: 1 });
  });

  const tampered: readonly { readonly what: string; readonly tag: string; path: string; layer: LayerEntry }[] = [
    {
      what: 'a shell whose program was replaced',
      tag: 'shell',
      path: '/usr/bin/dash',
      layer: { path: 'usr/bin/dash', content: '#!/app/evil\n', mode: 0o755 },
    },
    {
      what: 'a /bin/sh that leads elsewhere',
      tag: 'shell-link',
      path: '/usr/bin/sh',
      layer: { path: 'usr/bin/sh', linkTarget: '/usr/local/bin/shop-worker' },
    },
    {
      what: 'a /bin that hides the base’s',
      tag: 'bin',
      path: '/bin/sh',
      layer: { path: 'bin/sh', content: '#!/app/evil\n', mode: 0o755 },
    },
    {
      what: 'a setuid program that no package installed',
      tag: 'setuid',
      path: '/app/become',
      layer: { path: 'app/become', content: '#!/bin/sh\n', mode: 0o4755 },
    },
    {
      what: 'a preloaded library',
      tag: 'preload',
      path: '/etc/ld.so.preload',
      layer: { path: 'etc/ld.so.preload', content: '/app/evil.so\n' },
    },
  ];
  for (const { what, tag, path, layer } of tampered) {
    test(`refuses ${what} on the right base, signed or not`, async () => {
      await world.stack(tag, [layer]);
      await world.release(tag);
      const judged = await judge(world, world.reference(tag), { as: AS });
      const { basis } = assertRefused(judged, { code: 'BASE_TAMPERED', exit: 1 });
      assert.ok(basis.paths?.includes(path), JSON.stringify(basis));
    });
  }

  test('refuses a certificate store with a foreign certificate, whether base or application installed it', async () => {
    await world.stack('ca', [{ path: BUNDLE, content: await bundleWith(images.root) }]);
    await world.release('ca');
    const judged = await judge(world, world.reference('ca'), { as: AS });
    assert.ok(assertRefused(judged, { code: 'BASE_TAMPERED', exit: 1 }).basis.paths?.includes(`/${BUNDLE}`));

    const store = openOciLayout(join(world.folder, 'base-certs'));
    const on = { image: await load(store, 'base-certs'), store };
    await world.stack('certs', notes, { on });
    const as = 'registry.example.com/certs/app';
    assertAllowed(await judge(world, world.reference('certs'), { as }));
    await world.stack('certs-replaced', [{ path: BUNDLE, content: CERTIFICATE }], { on });
    const replaced = await judge(world, world.reference('certs-replaced'), { as });
    assert.ok(assertRefused(replaced, { code: 'BASE_TAMPERED', exit: 1 }).basis.paths?.includes(`/${BUNDLE}`));
  });

  test('an exception for these digests excuses an unsigned image until it expires', async () => {
    const image = await world.stack('excused', notes);
    const exception = (expires: string): string => `exceptions:
  - rule: shop
    check: signatures
    images: ["${AS}"]
    digests: ["${image.digest}"]
    reason: moving to the new key
    owner: ops@example.com
    expires: ${expires}
  - rule: shop
    check: attestations
    images: ["${AS}"]
    digests: ["${image.digest}"]
    reason: moving to the new key
    owner: ops@example.com
    expires: 2999-12-31
`;
    const current = await world.writePolicy('excused.yaml', policyText({ exceptions: exception('2999-12-31') }));
    assertAllowed(await judge(world, world.reference('excused'), { as: AS, policy: current }));
    const expired = await world.writePolicy('expired.yaml', policyText({ exceptions: exception('2026-01-31') }));
    const judged = await judge(world, world.reference('excused'), { as: AS, policy: expired });
    assertRefused(judged, { code: 'UNSIGNED', exit: 1 });
    assert.ok(JSON.stringify(judged.decision).includes('EXCEPTION_EXPIRED'));
  });

  test('a layer that was cut short, or changed in place, could not be evaluated, although the cache knows it', async () => {
    const folder = join(world.folder, 'cut');
    await cp(join(world.folder, 'shop'), folder, { recursive: true });
    const layer = world.app.layers.at(-1);
    assert.ok(layer !== undefined);
    const blob = join(folder, 'blobs', ...layer.descriptor.digest.split(':'));
    const bytes = await readFile(blob);
    await truncate(blob, layer.descriptor.sizeBytes - 1000);
    assertRefused(await judge(world, `oci:${folder}:app`, { as: AS }), { code: 'SIZE_MISMATCH', exit: 6 });
    bytes[5000] = (bytes[5000] ?? 0) ^ 0xff;
    await writeFile(blob, bytes);
    assertRefused(await judge(world, `oci:${folder}:app`, { as: AS }), { code: 'LAYER_DIGEST_MISMATCH', exit: 6 });
  });
});
