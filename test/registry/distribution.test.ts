import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { sha256Digest } from '../../src/core/index.ts';
import { calm, manifestOf, OCI_MANIFEST, openQuietly, referrerOf } from '../support/registry/opening.ts';
import { failsWith } from '../net/client.ts';

const PROGRAM = 'docker-registry';

function isInstalled(): boolean {
  try {
    execFileSync(PROGRAM, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface RealRegistry extends AsyncDisposable {
  readonly host: string;
}

async function startRealRegistry(): Promise<RealRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-test-registry-'));
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: '127.0.0.1:0', secret: 'for tests' },
  };
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
  const child = spawn(PROGRAM, ['serve', join(folder, 'config.yml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  return {
    host: await listeningHost(child),
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function listeningHost(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    for (const pipe of [child.stdout, child.stderr]) {
      pipe?.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-20_000);
        const host = /listening on (127\.0\.0\.1:\d+)/.exec(log)?.[1];
        if (host !== undefined) resolve(host);
      });
    }
    child.once('close', () => reject(new Error(`${PROGRAM} ended: ${log}`)));
  });
}

/** The reference implementation, as Debian packages it: no referrers API, ETags that it does not hold to. */
describe('distribution’s own registry', { skip: isInstalled() ? false : `${PROGRAM} is not installed` }, () => {
  test('push in chunks and at once, pull, mount, tag, missing things', async () => {
    await using registry = await startRealRegistry();
    await using store = await openQuietly(registry.host, 'team/app', {
      upload: { chunkedAboveBytes: 1_000_000, chunkBytes: 700_000 },
    });
    const layer = Buffer.alloc(3_000_001, 5);
    const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
    for (const bytes of [layer, config, Buffer.alloc(0)]) await store.writeBlob(bytes, sha256Digest(bytes), calm);
    const describe = (mediaType: string, bytes: Uint8Array): object => ({
      mediaType,
      digest: sha256Digest(bytes),
      size: bytes.byteLength,
    });
    const manifest = manifestOf({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: describe('application/vnd.oci.image.config.v1+json', config),
      layers: [describe('application/vnd.oci.image.layer.v1.tar', layer)],
    });
    await store.writeManifest(manifest, { tag: 'v1' }, calm);
    assert.deepEqual(await store.headManifest('v1', calm), {
      mediaType: OCI_MANIFEST,
      digest: manifest.digest,
      sizeBytes: manifest.bytes.byteLength,
    });
    assert.deepEqual(Buffer.from((await store.readManifest(manifest.digest, calm)).bytes), manifest.bytes);
    const descriptor = { mediaType: 'x', digest: sha256Digest(layer), sizeBytes: layer.byteLength };
    assert.ok(layer.equals(await store.readBlob(descriptor, layer.byteLength, calm)));
    await assert.rejects(store.readManifest('gone', calm), failsWith('MANIFEST_NOT_FOUND'));
    await using other = await openQuietly(registry.host, 'team/other');
    assert.equal(await other.mountBlob(descriptor.digest, 'team/app', calm), true);
    assert.equal(await other.hasBlob(descriptor.digest, calm), true);
    assert.equal(await other.mountBlob(sha256Digest('no'), 'team/app', calm), false);
  });

  test('referrers of several writers all end up in the fallback tag', async () => {
    await using registry = await startRealRegistry();
    const subject = sha256Digest('subject');
    const empty = Buffer.from('{}');
    const realWaiting = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    const notes = ['a', 'b', 'c'];
    await Promise.all(
      notes.map(async (note, index) => {
        await using store = await openQuietly(registry.host, 'app', {
          sleep: (ms) => realWaiting(ms * (1 + index / 4)),
          retry: { baseMs: 200 },
        });
        await store.writeBlob(empty, sha256Digest(empty), calm);
        const { manifest, descriptor } = referrerOf(subject, note);
        await store.writeManifest(manifest, { referrer: { subject, descriptor } }, calm);
      }),
    );
    await using reader = await openQuietly(registry.host, 'app');
    const listed = await reader.listReferrers(subject, calm);
    assert.deepEqual(new Set(listed.map(({ annotations }) => annotations?.['note'])), new Set(notes));
  });
});
