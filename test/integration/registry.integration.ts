import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startRegistry, type FaultAction, type TestRegistry } from '../support/registry/index.ts';
import { prepareDebianImages, type DebianImages } from './debian-images.ts';
import { assertAllowed, assertRefused, judge } from './decisions.ts';
import { policyText, prepareGateImages, type GateImages } from './gate-images.ts';
import { mustPass, outputOf } from './run-command.ts';

const prepared = await prepareDebianImages(['base', 'base-certs', 'app']);
const skip = 'skip' in prepared ? prepared.skip : false;
const images = prepared as DebianImages;

describe('the gate before a registry', { skip }, () => {
  let world: GateImages;
  let registry: TestRegistry;
  let policy: string;

  before(async () => {
    world = await prepareGateImages(await mkdtemp(join(tmpdir(), 'waybill-registry-')), images);
    registry = await startRegistry();
    policy = await world.writePolicy('registry.yaml', policyText({ hosts: [registry.host] }));
    await push('app', 'app:1.0');
    await mustPass(world.waybill(['release', name('app:1.0'), '--key', `${world.folder}/keys/release.key`]));
  });

  beforeEach(() => registry.clearFaults());

  after(async () => {
    await registry[Symbol.asyncDispose]();
    await rm(world.folder, { recursive: true, force: true });
  });

  const name = (tagged: string): string => `${registry.host}/shop/${tagged}`;
  const layerPath = (): RegExp => new RegExp(`/blobs/${world.app.layers[1]?.descriptor.digest}$`);
  const push = (tag: string, target: string): Promise<string> =>
    outputOf('skopeo', [
      'copy',
      '--quiet',
      '--preserve-digests',
      '--dest-tls-verify=false',
      world.reference(tag),
      `docker://${name(target)}`,
    ]);

  test('allows what was released, by tag and by digest', async () => {
    for (const reference of ['app:1.0', `app@${world.app.digest}`, `app:1.0@${world.app.digest}`]) {
      assertAllowed(await judge(world, name(reference), { policy }));
    }
  });

  test('refuses a tag that was moved after signing: unsigned by its name, TAG_MOVED with the digest', async () => {
    await push('app', 'moved:1.0');
    await mustPass(world.waybill(['release', name('moved:1.0'), '--key', `${world.folder}/keys/release.key`]));
    await world.stack('newer', [{ path: 'app/newer.txt', content: 'pushed by someone' }]);
    await push('newer', 'moved:1.0');
    assertRefused(await judge(world, name('moved:1.0'), { policy }), { code: 'UNSIGNED', exit: 1 });
    const pinned = await judge(world, name(`moved:1.0@${world.app.digest}`), { policy });
    assertRefused(pinned, { code: 'TAG_MOVED', exit: 1 });
  });

  const faults: readonly { what: string; action: FaultAction; code: RegExp; exit: number }[] = [
    { what: '401', action: { kind: 'status', status: 401 }, code: /^REGISTRY_UNAUTHORIZED$/, exit: 5 },
    { what: '429', action: { kind: 'status', status: 429 }, code: /^REGISTRY_RATE_LIMITED$/, exit: 4 },
    { what: '500', action: { kind: 'status', status: 500 }, code: /^REGISTRY_SERVER_ERROR$/, exit: 4 },
    { what: 'a dropped connection', action: { kind: 'drop' }, code: /^REGISTRY_UNREACHABLE$/, exit: 4 },
  ];
  const places = [
    { where: 'for the tag', path: () => /\/manifests\/1\.0$/ },
    { where: 'for the list of signatures', path: () => /\/referrers\// },
    { where: 'for a layer', path: () => layerPath() },
  ];
  for (const { where, path } of places) {
    for (const { what, action, code, exit } of faults) {
      test(`${what} ${where} could not be evaluated, never unsigned and never allowed`, async () => {
        registry.fail({ path: path(), action });
        const judged = await judge(world, name('app:1.0'), { policy, flags: ['--no-cache'] });
        const found = judged.findings.filter(({ outcome }) => outcome === 'error').map((item) => item.code);
        const matching = found.find((item) => code.test(item));
        assert.ok(matching !== undefined, `no ${code} in ${found.join(', ')}`);
        assertRefused(judged, { code: matching, exit });
      });
    }
  }

  test('a layer that ends early or is not what its digest says could not be evaluated', async () => {
    const path = layerPath();
    const flags = ['--no-cache'];
    registry.fail({ path, action: { kind: 'truncate', bytes: 1_000_000 } });
    const short = await judge(world, name('app:1.0'), { policy, flags });
    assertRefused(short, { code: 'BLOB_SIZE_MISMATCH', exit: 6 });
    registry.clearFaults();
    registry.fail({ path, action: { kind: 'drop-after', bytes: 1_000_000 } });
    const broken = await judge(world, name('app:1.0'), { policy, flags });
    assertRefused(broken, { code: 'BLOB_TRANSFER_BROKEN', exit: 4 });
    registry.clearFaults();
    registry.fail({ path, action: { kind: 'corrupt' } });
    const wrong = await judge(world, name('app:1.0'), { policy, flags });
    assertRefused(wrong, { code: 'LAYER_DIGEST_MISMATCH', exit: 6 });
  });
});
