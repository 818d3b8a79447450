import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TemporaryDirectory } from '../../src/core/index.ts';
import { copyImageWithAttachments, createRuntime, gate } from '../../src/index.ts';
import { makeImage } from '../support/images.ts';
import { startRegistry } from '../support/registry/index.ts';

const IMAGES = 16;

/** Hands connections on and counts them. */
async function startRelay(targetPort: number): Promise<AsyncDisposable & { readonly port: number; count(): number }> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    const target = connect(targetPort, '127.0.0.1');
    for (const [from, to] of [
      [socket, target],
      [target, socket],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

describe('gate on many images of one registry', () => {
  test('shares connections, and closes them', async () => {
    await using folder = await TemporaryDirectory.create('waybill-test-');
    await using registry = await startRegistry();
    await using relay = await startRelay(Number(registry.host.split(':')[1]));
    const runtime = createRuntime();
    const layout = join(folder.path, 'images');
    await makeImage(layout, { layers: [{ 'hello.txt': 'hello\n' }], tag: 'app' });
    const images: string[] = [];
    for (let index = 0; index < IMAGES; index += 1) {
      const name = `shop/app${index}:1`;
      const choices = { access: {}, referrers: false, legacy: false, nondistributable: false };
      await copyImageWithAttachments(
        { from: `oci:${layout}:app`, to: `${registry.host}/${name}`, ...choices },
        runtime,
      );
      images.push(`127.0.0.1:${relay.port}/${name}`);
    }
    const policy = join(folder.path, 'policy.yaml');
    writeFileSync(
      policy,
      `apiVersion: waybill.dev/v1\nkind: Policy\nrules: [{ name: all, images: ["127.0.0.1:${relay.port}/**"], components: { deny: [{ purl: "pkg:npm/x" }] } }]\n`,
    );
    const { decision } = await gate(images, { policy }, runtime);
    assert.deepEqual(
      decision.images.map(({ digest }) => digest !== null),
      images.map(() => true),
    );
    assert.ok(relay.count() < IMAGES, `${relay.count()} connections for ${IMAGES} images`);
  });
});
