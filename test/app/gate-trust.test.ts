import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { attachBundle } from '../../src/attestation/index.ts';
import { checkGate, lockBases, replayGate, showPolicyInput, type CheckGateOptions } from '../../src/app/index.ts';
import { ExitCode, type Runtime } from '../../src/core/index.ts';
import { canonicalEvidence } from '../../src/evidence/index.ts';
import { canonicalDecision } from '../../src/policy/index.ts';
import { parseLock } from '../../src/provenance/index.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { BASE_LAYER } from '../support/cli/sample-images.ts';
import { complaints, GATE_NAME, openGateBench, type GateBench } from '../support/gate-bench.ts';
import type { MadeImage } from '../support/images.ts';
import { CI_IDENTITY, keyless, newWorld, rootBytes } from '../support/keyless-world.ts';
import { TufRepository } from '../support/tuf-repository.ts';
import { serveTuf, type TufServer } from '../support/tuf-server.ts';

const world = newWorld();

const policy = (url: string, rest = ''): string => `apiVersion: waybill.dev/v1
kind: Policy
trust: { tuf: { mirror: "${url}", root: tuf-root.json } }
identities: { ci: ${CI_IDENTITY} }
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], signatures: { by: [ci] } }
${rest}`;

interface TrustBench extends AsyncDisposable {
  readonly bench: GateBench;
  readonly server: TufServer;
  /** A runtime with a cache folder of its own. */
  readonly runtime: Runtime;
  readonly options: CheckGateOptions;
  sign(image: MadeImage, san?: string): Promise<void>;
}

async function openTrustBench(rest?: string): Promise<TrustBench> {
  const repository = new TufRepository({ now: new Date('2026-11-24T12:00:00Z') });
  repository.targets.set('trusted_root.json', Buffer.from(rootBytes(world)));
  repository.publish();
  const server = await serveTuf(repository);
  const bench = await openGateBench(policy(server.url, rest));
  writeFileSync(bench.file('tuf-root.json'), repository.firstRoot);
  return {
    bench,
    server,
    runtime: { ...bench.runtime, cacheDir: bench.file('cache') },
    options: {
      images: [`oci:${bench.file('images')}:app`],
      policyFile: bench.file('policy.yaml'),
      access: {},
      as: GATE_NAME,
      deadlineMs: 60_000,
    },
    sign: async ({ image, store }, san) => {
      const { digest, manifest } = image;
      const { bundle } = keyless(world, digest, san === undefined ? {} : { san });
      const subject = { mediaType: manifest.mediaType, digest, sizeBytes: manifest.bytes.byteLength };
      await attachBundle(store, subject, bundle, {
        predicateType: 'https://sigstore.dev/cosign/sign/v1',
        created: new Date(0),
        signal: bench.runtime.signal,
      });
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await bench[Symbol.asyncDispose]();
    },
  };
}

describe('gate check with keyless identities', () => {
  test('fetches the root of the policy’s repository once, keeps it in the evidence, and replays without it to the same bytes', async () => {
    await using trust = await openTrustBench();
    const { bench, server, runtime, options } = trust;
    await trust.sign(await bench.image('app', [BASE_LAYER]));
    const { decision, evidence } = await checkGate(options, runtime);
    assert.equal(decision.verdict, 'allow', JSON.stringify(complaints(decision)));
    assert.equal(evidence.trustedRoots?.[0]?.source, server.url);
    for (const [name, document] of [
      ['evidence', canonicalEvidence(evidence)],
      ['decision', canonicalDecision(decision)],
    ] as const)
      parseResult(name, document);
    assert.ok(server.asked().length > 0);
    await checkGate(options, runtime);
    assert.deepEqual(server.asked(), [], 'what was kept is used for a day');
    const file = bench.file('evidence.json');
    writeFileSync(file, canonicalEvidence(evidence));
    const replay = await replayGate({ evidenceFile: file, policyFile: options.policyFile });
    assert.equal(canonicalDecision(replay.decision), canonicalDecision(decision));
    assert.deepEqual(server.asked(), []);
  });

  test('a repository that does not answer is the class of a remote, never unsigned; offline, what was kept does', async () => {
    await using trust = await openTrustBench();
    const { bench, server, runtime, options } = trust;
    await trust.sign(await bench.image('app', [BASE_LAYER]));
    await checkGate(options, runtime);
    server.asked();
    assert.equal((await checkGate({ ...options, offline: true }, runtime)).decision.verdict, 'allow');
    assert.deepEqual(server.asked(), []);
    await server[Symbol.asyncDispose]();
    const { decision } = await checkGate(options, { ...runtime, cacheDir: undefined });
    assert.deepEqual(complaints(decision), ['error TRUST_ROOT_MISSING']);
    assert.equal(decision.exitCode, ExitCode.Remote);
  });

  test('what a policy sees and what a lock keeps take the same root; offline, what was kept does', async () => {
    const bases =
      'bases:\n  lock: bases.jsonl\n  entries: [{ name: tiny, image: registry.example.com/base/tiny, tags: ["13"], signedBy: [ci] }]\n';
    await using trust = await openTrustBench(bases);
    const { bench, server, runtime, options } = trust;
    await trust.sign(await bench.image('app', [BASE_LAYER]));
    const image = `oci:${bench.file('images')}:app`;
    const common = { policyFile: options.policyFile, access: {} };
    const see = (offline: boolean, to: Runtime) =>
      showPolicyInput(
        { ...common, source: { kind: 'image', image, as: GATE_NAME, access: {}, deadlineMs: 60_000, offline } },
        to,
      );
    const lock = async (offline: boolean, to: Runtime) => {
      const sources = new Map([['tiny:13', image]]);
      return (await lockBases({ ...common, entries: [], sources, offline }, to)).locked[0]?.authenticated;
    };
    const nothingKept = { ...runtime, cacheDir: undefined };
    await assert.rejects(lock(true, nothingKept), { code: 'TUF_NOTHING_KEPT' });
    assert.deepEqual(server.asked(), [], 'offline asks nobody');
    assert.deepEqual(await lock(false, runtime), ['ci']);
    assert.ok(server.asked().length > 0);
    await server[Symbol.asyncDispose]();
    assert.deepEqual(await lock(true, runtime), ['ci']);
    assert.equal((await see(true, runtime)).image.name, GATE_NAME);
  });

  test('the root that trust starts from is the policy’s file: another one’s repository is refused', async () => {
    await using trust = await openTrustBench();
    const { bench, runtime, options } = trust;
    await trust.sign(await bench.image('app', [BASE_LAYER]));
    writeFileSync(bench.file('tuf-root.json'), new TufRepository({ now: new Date('2026-11-24T12:00:00Z') }).firstRoot);
    const { decision } = await checkGate(options, runtime);
    assert.deepEqual(complaints(decision), ['error TRUST_ROOT_MISSING']);
  });

  test('a policy with keys only asks no repository', async () => {
    await using trust = await openTrustBench();
    const { bench, server, runtime, options } = trust;
    await bench.image('app', [BASE_LAYER]);
    const keyed = policy(server.url).replace(CI_IDENTITY, '{ key: ours.pub }');
    writeFileSync(bench.file('policy.yaml'), keyed);
    const { decision } = await checkGate(options, runtime);
    assert.deepEqual(complaints(decision), ['fail UNSIGNED']);
    assert.deepEqual(server.asked(), []);
  });
});

describe('base lock with keyless identities', () => {
  test('keeps signatures that verify with the repository’s root, and nobody else’s', async () => {
    const bases = `bases: { lock: bases.lock.jsonl, entries: [{ name: tiny, image: registry.example.com/base/tiny, tags: ["13"], signedBy: [ci] }] }\n`;
    await using trust = await openTrustBench(bases);
    const { bench, server } = trust;
    const base = await bench.image('base', [BASE_LAYER]);
    await trust.sign(base);
    await trust.sign(base, 'https://github.com/somebody/else/.github/workflows/x.yml@refs/heads/main');
    await bench.lock();
    assert.ok(server.asked().length > 0);
    const { records } = parseLock(readFileSync(bench.file('bases.lock.jsonl')));
    assert.deepEqual(
      records.map((record) => record.bundles.length),
      [1],
    );
  });
});

describe('a policy that names no repository', () => {
  test('takes the public one; offline, and with nothing kept, the root that ships', async () => {
    await using trust = await openTrustBench();
    const { bench, server, runtime, options } = trust;
    await trust.sign(await bench.image('app', [BASE_LAYER]));
    writeFileSync(bench.file('policy.yaml'), policy(server.url).replace(/^trust:.*\n/m, ''));
    const { decision, evidence } = await checkGate({ ...options, offline: true }, runtime);
    assert.deepEqual(
      evidence.trustedRoots?.map(({ source }) => source),
      ['public-good'],
    );
    // our authorities are none of the public ones
    assert.deepEqual(complaints(decision), ['fail UNTRUSTED_SIGNER']);
    assert.deepEqual(server.asked(), []);
  });
});
