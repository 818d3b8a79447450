import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { signImage } from '../../src/app/index.ts';
import { attachBundle } from '../../src/attestation/index.ts';
import { parseLock, type Lock } from '../../src/provenance/index.ts';
import { GATE_POLICY, openGateBench, type GateBench } from '../support/gate-bench.ts';
import { BASE_LAYER } from '../support/cli/sample-images.ts';

const { signal } = new AbortController();

async function locked(bench: GateBench): Promise<Lock> {
  await bench.lock();
  return parseLock(readFileSync(bench.file('bases.lock.jsonl')));
}

async function sign(bench: GateBench, key: string): Promise<void> {
  const password = (): Promise<string> => Promise.resolve('');
  await signImage(
    { image: `oci:${bench.file('images')}:base`, access: {}, keyFile: bench.file(`${key}.key`), password },
    bench.runtime,
  );
}

describe('what the lock keeps of what is attached to a base', () => {
  test('signatures by keys of the policy; nothing that outsiders attach', async () => {
    await using bench = await openGateBench();
    const base = await bench.image('base', [BASE_LAYER]);
    await sign(bench, 'ours');
    await sign(bench, 'theirs');
    const { digest, manifest } = base.image;
    for (let index = 0; index < 3; index += 1) {
      const junk = Buffer.alloc(1024 * 1024, `${index} `);
      const subject = { mediaType: manifest.mediaType, digest, sizeBytes: manifest.bytes.byteLength };
      await attachBundle(base.store, subject, junk, {
        predicateType: 'https://example.com/junk',
        created: new Date(0),
        signal,
      });
    }
    const lock = await locked(bench);
    assert.deepEqual(
      lock.records.map((record) => record.bundles.map((bundle) => bundle.subject)),
      [[digest]],
    );
    assert.ok(readFileSync(bench.file('bases.lock.jsonl')).byteLength < 50_000);
  });

  test('nothing where the policy has no keys', async () => {
    const policy = GATE_POLICY.replace(/identities:\n.*\n/, '')
      .replace(/ {4}signatures:.*\n/, '')
      .replace(/ {4}attestations:\n.*\n/, '');
    await using bench = await openGateBench(policy);
    await bench.image('base', [BASE_LAYER]);
    await sign(bench, 'ours');
    const lock = await locked(bench);
    assert.deepEqual(
      lock.records.map((record) => record.bundles),
      [[]],
    );
  });

  test('a new lock is not made through a link', async () => {
    await using bench = await openGateBench();
    await bench.image('base', [BASE_LAYER]);
    symlinkSync('../elsewhere.jsonl', bench.file('bases.lock.jsonl'));
    await assert.rejects(bench.lock(), { code: 'FILE_UNWRITABLE' });
    assert.equal(existsSync(bench.file('../elsewhere.jsonl')), false);
  });
});
